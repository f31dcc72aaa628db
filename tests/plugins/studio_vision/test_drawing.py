"""Backgrounds removed and lines drawn without weights."""

from __future__ import annotations

import numpy as np

from studio.api import Image
from studio.testing import TestContext, check_node_type
from studio_vision.background import remove_fringe
from studio_vision.line_art import draw_lines
from studio_vision.nodes.cutting import remove_background
from studio_vision.nodes.looking import draw_line_art


def make_disc(size: int = 120, radius: float = 32, soft: float = 2.0) -> tuple[Image, np.ndarray]:
    """Return a red disc on a green background with some noise, and how much of each pixel is disc."""
    y, x = np.mgrid[:size, :size] - (size - 1) / 2
    inside = np.clip((radius - np.hypot(x, y)) / soft + 0.5, 0, 1).astype(np.float32)[..., None]
    noise = 0.03 * np.random.default_rng(0).standard_normal((size, size, 3))
    pixels = inside * [0.8, 0.1, 0.1] + (1 - inside) * [0.1, 0.6, 0.2] + noise
    return Image(np.clip(pixels, 0, 1).astype(np.float32)), inside[..., 0]


def test_a_disc_is_cut_out_of_another_color() -> None:
    image, inside = make_disc()

    found = remove_background(TestContext(), image)

    mask = found.mask.pixels
    both, either = np.minimum(mask, inside).sum(), np.maximum(mask, inside).sum()
    assert both / either > 0.93
    assert found.image.channels == 4
    assert np.allclose(found.image.pixels[..., 3], mask, atol=1 / 255)


def test_the_edge_is_soft_only_where_it_is_feathered() -> None:
    image, _ = make_disc()

    hard = remove_background(TestContext(), image, feather=0.0).mask.pixels

    assert set(np.unique(hard)) <= {0.0, 1.0}


def test_a_box_says_where_the_foreground_is() -> None:
    image, _ = make_disc()
    box = {"left": 0, "top": 0, "width": 20, "height": 20}  # nothing but background

    assert remove_background(TestContext(), image, boxes=[box]).mask.pixels[40:80, 40:80].max() < 0.05


def test_the_soft_edge_has_the_color_of_the_foreground() -> None:
    image, inside = make_disc(soft=8.0)

    cleaned = remove_fringe(np.asarray(image.pixels), inside)

    edge = (inside > 0.2) & (inside < 0.8)
    assert image.pixels[edge][:, 1].mean() > 0.3
    assert cleaned[edge][:, 1].mean() < 0.15
    assert np.array_equal(cleaned[inside == 0], image.pixels[inside == 0])


def test_a_tiny_image_has_a_mask() -> None:
    assert remove_background(TestContext(), Image(np.zeros((1, 1, 3), np.float32))).mask.pixels.shape == (1, 1)


def test_lines_are_dark_at_edges_and_flat_parts_are_white() -> None:
    luma = np.zeros((40, 40), np.float32)
    luma[:, 20:] = 0.8

    drawn = draw_lines(luma, 1.0, 0.5)

    assert drawn[20, 17:23].min() < 0.2
    assert drawn[:, :12].min() > 0.99
    assert drawn[:, 28:].min() > 0.99


def test_more_detail_draws_faint_edges_too() -> None:
    luma = np.full((40, 40), 0.5, np.float32)
    luma[:, 20:] = 0.53

    assert draw_lines(luma, 1.0, 0.0).min() > 0.99
    assert draw_lines(luma, 1.0, 1.0).min() < 0.7


def test_node_types_keep_their_promises() -> None:
    image, _ = make_disc(48, 14)

    check_node_type(remove_background, image=image)
    check_node_type(draw_line_art, image=image)
