"""Scenes of cut-outs: what is placed is what the labels say, and the seed decides everything."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from studio.api import Image, StudioError
from studio.testing import TestContext
from studio_scenes.drawing import read_mask
from studio_scenes.labels import parse_labels
from studio_scenes.nodes.making import compose_scenes
from tests.plugins.studio_scenes.drawn_things import make_bar, make_disc


def compose(**inputs: Any) -> Any:
    given = {"things": [make_disc(), make_bar()], "names": ["disc", "bar"], "count": 6, "width": 64, "height": 48}
    return compose_scenes(TestContext(), **{**given, **inputs})


def plain(**inputs: Any) -> Any:
    """Compose without any randomization of light, so that colors say what is where."""
    return compose(randomize=0.0, rotation=0.0, mirror=False, **inputs)


def test_the_first_scenes_of_a_larger_set_are_those_of_a_smaller_one() -> None:
    small, large = compose(count=2), compose(count=5)

    assert all(np.array_equal(a.to_uint8(), b.to_uint8()) for a, b in zip(small.images, large.images, strict=False))
    assert small.labels == large.labels[:2]


def test_another_seed_is_another_scene() -> None:
    assert compose(count=1).labels != compose(count=1, seed=2).labels


def test_a_mask_covers_the_pixels_of_its_thing_and_no_others() -> None:
    made = plain(count=8, max_things=5, min_visible=0.3)
    colors = {"disc": (200, 40, 30), "bar": (20, 60, 220)}

    for image, row in zip(made.images, made.labels, strict=True):
        pixels = image.to_uint8().astype(int)
        labels = parse_labels(row)
        for name, color in colors.items():
            shown = (np.abs(pixels - color) <= 1).all(2)
            said = np.any([read_mask(each, 48, 64) for each in labels if each.name == name] or [shown & False], axis=0)
            assert not (shown & ~said).any()  # everything of this color is labeled
            assert (said & ~shown).sum() <= 0.35 * said.sum()  # soft edges are the rest


def test_a_box_is_the_tightest_one_around_its_mask() -> None:
    for row in compose(count=8, max_things=5).labels:
        for label in parse_labels(row):
            rows, columns = np.nonzero(read_mask(label, 48, 64))
            left, top, width, height = label.box
            assert (columns.min(), rows.min()) == (left, top)
            assert (columns.max() + 1, rows.max() + 1) == (left + width, top + height)


def test_masks_do_not_overlap_and_the_nearer_thing_keeps_its_pixels() -> None:
    for row in compose(count=8, max_things=6, min_visible=0.2).labels:
        labels = parse_labels(row)
        masks = [read_mask(label, 48, 64) for label in labels]
        assert sum(mask.astype(int) for mask in masks).max() <= 1
        assert [label.order for label in labels] == sorted(label.order or 0 for label in labels)


def test_what_is_placed_stays_visible() -> None:
    made = compose(count=12, max_things=8, max_size=0.8, min_visible=0.6)

    assert min(label["visible"] for row in made.labels for label in row) >= 0.6
    assert max(len(row) for row in made.labels) > 1


def test_distractors_hide_things_but_have_no_labels() -> None:
    made = plain(things=[make_disc()], names=["disc"], distractors=[make_bar()], count=8, max_things=3)

    assert {label["label"] for row in made.labels for label in row} == {"disc"}
    blue = [(np.abs(image.to_uint8().astype(int) - (20, 60, 220)) <= 1).all(2).any() for image in made.images]
    assert any(blue)


def test_backgrounds_are_pieces_of_the_images_that_are_given() -> None:
    green = Image(np.full((9, 200, 3), (0, 200, 0), np.uint8))

    made = plain(backgrounds=[green], count=3)

    assert all((image.to_uint8() == (0, 200, 0)).all(2).any() for image in made.images)


def test_light_varies_with_randomize_and_not_without() -> None:
    green = Image(np.full((9, 20, 3), (40, 120, 60), np.uint8))

    def list_grounds(randomize: float) -> set[tuple[float, ...]]:
        made = compose(count=6, backgrounds=[green], randomize=randomize, max_things=1)
        return {tuple(np.median(image.to_uint8(), axis=(0, 1))) for image in made.images}

    assert list_grounds(0.0) == {(40, 120, 60)}
    assert len(list_grounds(1.0)) == 6


@pytest.mark.parametrize(
    ("inputs", "says"),
    [
        ({"names": ["disc"]}, "1 names for 2 things"),
        ({"names": ["disc", " bar"]}, "' bar' of thing 1"),
        ({"things": [make_disc(), Image(np.zeros((4, 4, 3), np.uint8))]}, "thing 1 has no alpha"),
        ({"things": [make_disc(), Image(np.zeros((4, 4, 4), np.uint8))]}, "thing 1 is transparent everywhere"),
        ({"things": [make_disc(), make_disc()]}, "thing 1 is named 'bar', and an equal image 'disc'"),
        ({"distractors": [Image(np.zeros((4, 4, 1), np.uint8))]}, "distractor 0 has no alpha"),
        ({"count": 20_000, "width": 4096}, "20000 scenes of 4096 x 48"),
        ({"min_size": 0.6, "max_size": 0.5}, "min_size is 0.6"),
        ({"min_size": 0.02, "max_size": 0.04, "count": 1}, "no thing could be placed"),
    ],
)
def test_what_cannot_become_scenes_is_refused(inputs: dict[str, Any], says: str) -> None:
    with pytest.raises(StudioError, match=says) as raised:
        compose(**inputs)

    assert raised.value.code == "E679"
    assert raised.value.hint


def test_a_rectangle_is_taken_and_said() -> None:
    ctx = TestContext()
    card = Image(np.full((20, 30, 4), 255, np.uint8))

    compose_scenes(ctx, [card], ["card"], count=1, width=64, height=48)

    assert any("placed as a rectangle" in message for message in ctx.messages)


def test_one_thing_under_two_variants_may_be_equal() -> None:
    assert compose(things=[make_disc(), make_disc()], names=["disc", "disc"], count=2).object_count > 0


def test_a_thing_of_20000_pixels_is_placed() -> None:
    wide = np.zeros((3, 20_000, 4), np.uint8)
    wide[1] = 255

    made = compose(things=[Image(wide), make_disc()], names=["line", "disc"], rotation=0.0, max_size=1.0, min_size=0.9)

    assert made.object_count > 0


def test_a_thing_that_is_partly_outside_counts_as_partly_seen() -> None:
    made = plain(things=[make_disc()], names=["disc"], count=40, max_things=1)
    labels = [label for row in made.labels for label in row]

    cut = [each for each in labels if each["left"] == 0 or each["top"] == 0]
    whole = [each for each in labels if each["left"] > 0 and each["left"] + each["width"] < 64 and
             each["top"] > 0 and each["top"] + each["height"] < 48]  # fmt: skip
    assert min(each["visible"] for each in cut) < 0.95
    assert {each["visible"] for each in whole} == {1.0}
