"""Labels as JSON: masks in runs, and what is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from studio.api import Image, StudioError
from studio.testing import TestContext
from studio_scenes.labels import Runs, decode_mask, encode_mask, parse_labels, write_labels
from studio_scenes.nodes.making import draw_labels, separate_masks

BOX = {"label": "disc", "left": 2, "top": 1, "width": 3, "height": 2}


def test_runs_go_down_the_columns_and_start_with_zeros() -> None:
    mask = np.array([[0, 1, 1], [1, 1, 0]], np.bool_)

    assert encode_mask(mask) == Runs(2, 3, (1, 4, 1))
    assert encode_mask(~mask) == Runs(2, 3, (0, 1, 4, 1))


@pytest.mark.parametrize("seed", range(6))
def test_a_mask_in_runs_is_the_same_mask(seed: int) -> None:
    rng = np.random.default_rng(seed)
    mask = rng.random((int(rng.integers(1, 9)), int(rng.integers(1, 9)))) < seed / 5

    assert np.array_equal(decode_mask(encode_mask(mask)), mask)


def test_labels_are_read_as_they_were_written() -> None:
    rows = [BOX | {"visible": 0.5, "order": 3, "mask": {"size": [2, 3], "counts": [1, 4, 1]}}, BOX | {"score": 0.25}]

    assert write_labels(parse_labels(rows)) == rows


@pytest.mark.parametrize(
    ("value", "place"),
    [
        ({}, ""),
        ([BOX, {"label": "disc"}], "/1"),
        ([BOX | {"label": ""}], "/0"),
        ([BOX | {"width": 0}], "/0"),
        ([BOX | {"left": float("nan")}], "/0"),
        ([BOX | {"score": "much"}], "/0"),
        ([BOX | {"order": 1.5}], "/0"),
        ([BOX | {"mask": {"size": [2, 3], "counts": [1, 4]}}], "/0/mask"),
        ([BOX | {"mask": {"size": [2, 3], "counts": [7, -1]}}], "/0/mask"),
        ([BOX | {"mask": {"size": [2**20, 2**20], "counts": [2**40]}}], "/0/mask"),
        ([BOX | {"mask": [1]}], "/0/mask"),
    ],
)
def test_what_is_not_labels_is_refused_with_its_place(value: Any, place: str) -> None:
    with pytest.raises(StudioError) as raised:
        parse_labels(value)

    assert (raised.value.code, raised.value.where or "") == ("E677", place)


def test_a_box_is_drawn_on_its_edge_and_a_name_has_one_color_everywhere() -> None:
    image = Image(np.zeros((40, 60, 3), np.uint8))
    box = {"label": "disc", "left": 10, "top": 20, "width": 30, "height": 10}

    def draw(*labels: dict[str, Any]) -> np.ndarray:
        return draw_labels(TestContext(), image, list(labels), line_width=1, show_names=False).to_uint8()

    alone, beside = draw(box), draw(box | {"label": "bar", "left": 50, "width": 5}, box)
    rows, columns = np.nonzero(alone.any(2))
    assert (columns.min(), rows.min(), columns.max(), rows.max()) == (10, 20, 39, 29)
    assert np.array_equal(alone[20, 10], beside[20, 10])
    assert not np.array_equal(beside[20, 10], beside[20, 50])


def test_boxes_outside_the_image_and_boxes_of_a_detector_are_drawn() -> None:
    image = Image(np.zeros((20, 20, 4), np.uint8))
    far = {"label": "a very long name", "left": -900.5, "top": 700, "width": 2000, "height": 1e6, "score": 0.5}

    assert draw_labels(TestContext(), image, [far]).channels == 3


def test_masks_and_order_follow_the_labels() -> None:
    image = Image(np.zeros((2, 3, 3), np.uint8))
    far = {"label": "far", "left": 0, "top": 0, "width": 2, "height": 2, "order": 0}
    near = {"label": "near", "left": 1, "top": 0, "width": 2, "height": 1, "order": 3}

    made = separate_masks(TestContext(), image, [near, far])

    assert made.names == ["near", "far"]
    assert made.masks[0].pixels.tolist() == [[0, 1, 1], [0, 0, 0]]
    assert made.order_map.pixels[..., 0].tolist() == [[0.25, 1, 1], [0.25, 0.25, 0]]


def test_a_mask_of_another_size_is_refused() -> None:
    label = BOX | {"mask": {"size": [2, 3], "counts": [1, 4, 1]}}

    with pytest.raises(StudioError, match="E677"):
        draw_labels(TestContext(), Image(np.zeros((5, 5, 3), np.uint8)), [label])
