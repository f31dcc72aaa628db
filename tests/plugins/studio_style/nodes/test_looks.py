"""Looks of photographs: sizes, strength, cells and dots."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from studio.api import Image
from studio.testing import TestContext
from studio_style.looks import LOOKS
from studio_style.nodes.colors import colorize_image, transfer_color
from studio_style.nodes.looks import filter_photo
from tests.plugins.studio_style.images import draw_scene, draw_stripes


@pytest.mark.parametrize("look", sorted(LOOKS))
@pytest.mark.parametrize("size", [(1, 1), (1, 60), (60, 1), (37, 23)])
def test_looks_take_any_size_and_keep_the_range(look: Any, size: tuple[int, int]) -> None:
    for image in (draw_scene(*size), Image(np.zeros((size[1], size[0]), np.uint8))):
        made = filter_photo(TestContext(), image, look=look)

        assert (made.width, made.height, made.channels) == (*size, 3)
        assert np.isfinite(made.pixels).all()


@pytest.mark.parametrize("look", sorted(LOOKS))
def test_looks_change_an_image_as_much_as_asked(look: Any) -> None:
    scene = draw_scene(96, 64)

    half, full = (filter_photo(TestContext(), scene, look=look, strength=strength) for strength in (0.5, 1.0))

    assert filter_photo(TestContext(), scene, look=look, strength=0.0) == scene
    assert 0 < np.abs(half.pixels - scene.pixels).mean() < np.abs(full.pixels - scene.pixels).mean()


def test_pixel_art_has_few_colors_in_square_cells() -> None:
    made = filter_photo(TestContext(), draw_scene(512, 340), look="pixel_art")

    assert len(np.unique(made.to_uint8().reshape(-1, 3), axis=0)) <= 24
    assert np.array_equal(made.pixels[0:5, 0:5], np.broadcast_to(made.pixels[0, 0], (5, 5, 3)))


def test_looks_of_a_strip_are_as_fine_as_its_short_side_asks_for() -> None:
    strip = Image(np.tile(np.linspace(0, 1, 20, dtype=np.float32)[:, None, None], (1, 4096, 3)))

    made = filter_photo(TestContext(), strip, look="pixel_art")

    assert len(np.unique(made.pixels[:, 0], axis=0)) > 5  # with cells of an image of 4096 pixels: 1


def test_halftone_prints_as_dark_as_the_image_is() -> None:
    grays = [
        filter_photo(TestContext(), Image(np.full((64, 64, 3), level, np.float32)), look="halftone").pixels.mean()
        for level in (0.1, 0.4, 0.7, 0.95)
    ]

    assert grays == sorted(grays)
    assert grays[-1] - grays[0] > 0.4


def test_a_strip_30_000_pixels_wide_keeps_its_size() -> None:
    strip = Image(np.tile(np.linspace(0, 1, 30_000, dtype=np.float32), (3, 1)))

    made = [
        filter_photo(TestContext(), strip, look="vintage"),
        transfer_color(TestContext(), strip, draw_stripes(), method="sliced"),
        colorize_image(TestContext(), strip, exemplar=draw_scene()),
    ]

    assert [(each.width, each.height) for each in made] == [(30_000, 3)] * 3
