"""Text drawn to coverage, and coverage painted."""

from __future__ import annotations

import numpy as np
import pytest

from studio.api import MediaError
from studio_image.draw_text import (
    Decoration,
    Layer,
    blur_layer,
    cover_box,
    draw_text,
    open_canvas,
    paint,
    paint_box,
    render_block,
)
from studio_image.typeset import Style, load_fonts, set_block

RED = (1.0, 0.0, 0.0, 1.0)
WHITE = (1.0, 1.0, 1.0, 1.0)


def test_capitals_stand_on_their_base_at_the_anchor() -> None:
    style = Style(load_fonts("sans"), 100)
    canvas = np.zeros((300, 400, 1), np.float32)

    drawn, block, _ = draw_text(
        canvas, "HXH", style, WHITE, align="left", anchor="top_left", shift=(0, 0), margin=20, wrap_width=None,
        decoration=Decoration(),
    )  # fmt: skip
    rows, columns = np.nonzero(drawn[:, :, 0] > 0.5)

    base = 20 + round(block.ascent)
    assert rows.max() + 1 == pytest.approx(base, abs=1)
    assert rows.min() == pytest.approx(base - block.cap_height, abs=1.5)
    assert 20 <= columns.min() < columns.max() + 1 <= 20 + block.width + 1


@pytest.mark.parametrize("size", [12, 100, 300])
def test_coverage_is_as_large_as_the_block_with_room_around(size: int) -> None:
    block = set_block("Hg", Style(load_fonts("serif"), size))

    layer = render_block(block)

    assert layer.left == layer.top < 0
    assert layer.coverage.shape[1] == pytest.approx(block.width - 2 * layer.left, abs=1)
    assert layer.coverage.shape[0] == pytest.approx(block.height - 2 * layer.top, abs=1)
    assert 0 <= layer.coverage.min() < layer.coverage.max() <= 1


def test_an_outline_covers_the_letters_and_reaches_its_width_beyond_them() -> None:
    block = set_block("I", Style(load_fonts("sans"), 80))

    plain, outlined = render_block(block), render_block(block, outline=6)

    def find_sides(layer: Layer) -> tuple[int, int]:
        columns = np.flatnonzero(layer.coverage.max(axis=0) > 0.5) + layer.left
        return int(columns[0]), int(columns[-1])

    (left, right), (left_out, right_out) = find_sides(plain), find_sides(outlined)
    assert left - left_out == pytest.approx(6, abs=1)
    assert right_out - right == pytest.approx(6, abs=1)


def test_text_over_the_limits_is_refused_before_it_is_drawn() -> None:
    with pytest.raises(MediaError, match="the text at 8000 pixels") as caught:
        render_block(set_block("W" * 2000, Style(load_fonts("sans"), 8000)))

    assert caught.value.code == "E506"


def test_painting_over_transparency_is_source_over() -> None:
    canvas = np.array([[[0.0, 0.0, 1.0, 0.5]]], np.float32)

    paint(canvas, Layer(np.array([[0.5]], np.float32), 0, 0), 0, 0, RED)

    # alpha 0.5 + 0.5 * 0.5; red 0.5 and blue 0.25 of it
    assert canvas[0, 0] == pytest.approx([0.5 / 0.75, 0, 0.25 / 0.75, 0.75])


def test_a_layer_is_cut_at_the_edges_of_the_canvas() -> None:
    canvas = np.zeros((3, 3, 1), np.float32)

    paint(canvas, Layer(np.ones((2, 2), np.float32), -1, -1), 0, 3, WHITE)
    paint(canvas, Layer(np.ones((2, 2), np.float32), 0, 0), 5, 5, WHITE)

    assert canvas[:, :, 0].tolist() == [[0, 0, 0], [0, 0, 0], [1, 0, 0]]


def test_the_edges_of_a_box_may_lie_between_samples() -> None:
    canvas = np.zeros((3, 4, 1), np.float32)

    paint_box(canvas, 0.5, 1.0, 2.0, 1.25, WHITE)

    assert canvas[:, :, 0] == pytest.approx(np.array([[0, 0, 0, 0], [0.5, 1, 0.5, 0], [0.125, 0.25, 0.125, 0]]))


@pytest.mark.parametrize("radius", [4.0, 10.0, 99.0])
def test_round_corners_leave_out_their_area(radius: float) -> None:
    samples = np.arange(40, dtype=np.float32)

    cover = cover_box(samples, samples, 40, 40, radius)

    rounded = min(radius, 20.0)
    assert cover.sum() == pytest.approx(1600 - (4 - np.pi) * rounded**2, rel=0.002)


def test_a_blurred_layer_keeps_its_ink_and_its_place() -> None:
    spot = np.zeros((5, 5), np.float32)
    spot[2, 2] = 1

    soft = blur_layer(Layer(spot, 10, 20), 2.0)

    assert soft.coverage.sum() == pytest.approx(1, abs=0.01)
    top, left = np.unravel_index(int(np.argmax(soft.coverage)), soft.coverage.shape)
    assert (left + soft.left, top + soft.top) == (12, 22)


def test_a_canvas_has_color_where_an_ink_has_and_is_a_copy() -> None:
    grey = np.zeros((1, 1, 1), np.float32)

    assert open_canvas(grey, [WHITE]).shape[2] == 1
    assert open_canvas(grey, [WHITE, RED]).shape[2] == 3
    open_canvas(grey, [WHITE])[:] = 1
    assert grey.max() == 0
