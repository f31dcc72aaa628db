"""Chroma spread from what is given, and borrowed from exemplars."""

from __future__ import annotations

import numpy as np
import pytest

from studio_style.color_match import compute_luma
from studio_style.colorize import borrow_colors, colorize, join_chroma, read_chroma


def do_nothing() -> None:
    return None


def draw_halves() -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    image = np.full((32, 32, 3), (0.7, 0.3, 0.2), np.float32)
    image[:, 16:] = (0.1, 0.3, 0.9)
    return image


def test_chroma_is_that_of_yuv_and_luma_with_it_gives_the_image_back() -> None:
    image = np.random.default_rng(0).random((6, 7, 3), dtype=np.float32)

    chroma = read_chroma(image)

    red, green, blue = (image[..., index] for index in range(3))
    assert chroma[..., 0] == pytest.approx(0.492 * (blue - (0.299 * red + 0.587 * green + 0.114 * blue)), abs=2e-3)
    assert join_chroma(compute_luma(image), chroma) == pytest.approx(image, abs=1e-4)


def test_chroma_that_does_not_fit_is_weakened_and_keeps_its_hue() -> None:
    chroma = read_chroma(np.array([[[1.0, 0.0, 0.0]]], np.float32))

    made = join_chroma(np.array([[0.9]], np.float32), chroma)[0, 0]

    assert made.max() == pytest.approx(1.0, abs=1e-6)
    assert compute_luma(made[None, None])[0, 0] == pytest.approx(0.9, abs=1e-4)
    weaker = read_chroma(made[None, None])[0, 0]
    assert weaker[1] / weaker[0] == pytest.approx(chroma[0, 0, 1] / chroma[0, 0, 0], rel=0.01)


def test_one_pixel_colors_its_half_and_stops_at_the_edge() -> None:
    image = draw_halves()
    given = np.zeros((32, 32), np.float32)
    given[16, 4] = given[16, 28] = 1

    found = colorize(compute_luma(image), read_chroma(image), given, None, do_nothing)

    assert np.abs(found - read_chroma(image)).max() < 0.02


def test_what_is_far_from_the_given_takes_the_ground() -> None:
    luma, given = np.full((40, 40), 0.5, np.float32), np.zeros((40, 40), np.float32)
    given[0, 0] = 1
    ground = np.full((40, 40, 2), 0.1, np.float32)

    found = colorize(luma, np.full((40, 40, 2), -0.1, np.float32), given, ground, do_nothing)

    assert found[39, 39] == pytest.approx([0.1, 0.1], abs=1e-5)
    assert found[0, 0] == pytest.approx([-0.1, -0.1], abs=1e-5)


def test_an_exemplar_lends_its_colors_to_pixels_of_like_luma() -> None:
    image = draw_halves()

    found = borrow_colors(compute_luma(image), image[::-1].copy(), seed=0, tick=do_nothing)

    assert np.abs(found - read_chroma(image)).mean() < 0.03


def test_a_rough_part_has_its_colors_though_a_smooth_one_is_surer() -> None:
    rng = np.random.default_rng(0)
    image = np.full((64, 64, 3), (0.7, 0.8, 0.9), np.float32)
    tiles = (rng.random((24, 64, 1)) < 0.5).repeat(3, axis=2)
    image[40:] = np.where(tiles, np.float32((0.7, 0.3, 0.1)), np.float32((0.1, 0.25, 0.2)))

    found = borrow_colors(compute_luma(image), image[:, ::-1].copy(), seed=0, tick=do_nothing)

    truth = read_chroma(image)
    assert np.abs(found - truth)[:36].mean() < 0.01
    assert np.abs(found - truth)[44:].mean() < 0.1 * np.abs(truth[44:]).mean()


def test_nothing_given_gives_no_color() -> None:
    luma = np.full((8, 8), 0.5, np.float32)

    assert not colorize(luma, np.ones((8, 8, 2), np.float32), np.zeros((8, 8), np.float32), None, do_nothing).any()
