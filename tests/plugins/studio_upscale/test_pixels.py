"""Samples: planes of brightness and color, depths, colors under transparency."""

from __future__ import annotations

import numpy as np
import PIL.Image
import pytest

from studio_upscale.pixels import (
    find_brightness,
    join_planes,
    resize_plane,
    split_planes,
    spread_colors,
    to_depth,
    to_floats,
)


def test_planes_are_those_of_jpeg_as_pillow_computes_them() -> None:
    rgb = np.random.default_rng(0).integers(0, 256, (9, 7, 3), dtype=np.uint8)

    planes = split_planes(rgb.astype(np.float32) / 255)

    theirs = np.asarray(PIL.Image.fromarray(rgb).convert("YCbCr")).astype(np.float32) / 255
    assert np.abs(planes - theirs).max() < 1.5 / 255  # Pillow rounds, and its middle of 128 is half a level higher
    assert join_planes(planes) == pytest.approx(rgb / 255, abs=1e-5)


def test_brightness_is_the_first_plane_and_grey_is_its_own() -> None:
    rgb = np.random.default_rng(0).random((4, 4, 3), dtype=np.float32)

    assert np.array_equal(find_brightness(rgb), split_planes(rgb)[..., 0])
    assert np.array_equal(find_brightness(rgb[..., :1]), rgb[..., 0])


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_every_level_of_a_depth_survives_the_way_to_floats_and_back(dtype: type) -> None:
    levels = np.arange(np.iinfo(dtype).max + 1, dtype=dtype)

    floats = to_floats(levels)

    assert (floats[0], floats[-1]) == (0, 1)
    assert np.array_equal(to_depth(floats, np.dtype(dtype)), levels)


def test_floats_are_clipped_and_rounded_to_the_nearest_level() -> None:
    floats = np.array([-0.5, 0.4 / 255, 0.6 / 255, 1.5], np.float32)

    assert to_depth(floats, np.dtype(np.uint8)).tolist() == [0, 0, 1, 255]
    assert to_depth(floats, np.dtype(np.float32)) == pytest.approx([0, 0.4 / 255, 0.6 / 255, 1])


def test_hidden_colors_become_those_of_the_nearest_pixel_that_shows() -> None:
    colors = np.array([[[10], [0], [0], [0], [90]]], np.uint8)
    alpha = np.array([[255, 0, 0, 0, 1]], np.uint8)

    spread = spread_colors(colors, alpha)[0, :, 0].tolist()

    assert [spread[0], spread[1], spread[3], spread[4]] == [10, 10, 90, 90]
    assert spread[2] in (10, 90)


def test_colors_stay_where_nothing_or_all_is_hidden() -> None:
    colors = np.ones((2, 2, 3), np.uint8)

    for alpha in (np.zeros((2, 2), np.uint8), np.ones((2, 2), np.uint8)):
        assert spread_colors(colors, alpha) is colors


def test_a_plane_is_resized_as_pillow_does_and_may_leave_its_range() -> None:
    step = np.zeros((8, 8), np.float32)
    step[:, 4:] = 1

    resized = resize_plane(step, 16, 8)

    expected = PIL.Image.fromarray(step).resize((16, 8), PIL.Image.Resampling.BICUBIC)
    assert np.array_equal(resized, np.asarray(expected))
    assert resized.max() > 1
