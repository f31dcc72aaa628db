"""Masks from colors, luma and shapes, grown, softened and combined."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage, stats
from skimage import color, filters

from studio_image.select import combine, draw_shape, feather, find_threshold, grow, select_color, select_luma


def make_luma(seed: int, *heaps: tuple[float, float, int]) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    rng = np.random.default_rng(seed)
    samples = np.concatenate([rng.normal(mean, deviation, count) for mean, deviation, count in heaps])
    return np.rint(np.clip(samples, 0, 1) * 255).astype(np.float32)[None] / 255


@pytest.mark.parametrize(
    "heaps",
    [
        ((0.2, 0.05, 3000), (0.7, 0.1, 1000)),
        ((0.4, 0.1, 500), (0.6, 0.1, 2500)),
        ((0.1, 0.02, 200), (0.9, 0.02, 200)),
        ((0.3, 0.2, 4000),),
    ],
)
def test_the_threshold_is_otsus(heaps: tuple[tuple[float, float, int], ...]) -> None:
    luma = make_luma(1, *heaps)

    theirs = int(filters.threshold_otsu(np.rint(luma * 255).astype(np.uint8)))
    ours = find_threshold(luma)

    # scikit-image names the last dark level, the first of them if several are as good; ours parts between two levels
    dark = luma < ours
    assert np.array_equal(dark, np.rint(luma * 255) <= theirs)
    assert (ours * 255) % 1 in (pytest.approx(0.5), pytest.approx(0.0))


def test_a_threshold_between_two_heaps_lies_in_the_middle_of_the_gap() -> None:
    luma = np.repeat(np.array([50, 200], np.float32) / 255, 10)[None]

    # 50 to 199 are equally good last dark levels: their mean is 124.5, and half a level more parts them
    assert find_threshold(luma) == pytest.approx(125 / 255)


def test_one_level_alone_is_its_own_threshold() -> None:
    assert find_threshold(np.full((3, 3), 0.6, np.float32)) == pytest.approx(153 / 255)


def test_the_distance_of_colors_is_delta_e_of_1976() -> None:
    pixels = np.array([[[0.2, 0.6, 0.3], [0.9, 0.1, 0.5]]], np.float32)
    wanted = (0.5, 0.5, 0.5, 1.0)
    lab = color.rgb2lab(np.concatenate([pixels, [[wanted[:3]]]], axis=1))
    distances = np.linalg.norm(lab[0, :2] - lab[0, 2], axis=1)

    chosen = select_color(pixels, wanted, tolerance=20.0, softness=200.0)

    assert chosen[0] == pytest.approx(1 - (distances - 20) / 200, abs=0.005)
    assert select_color(pixels, wanted, float(distances[0]) + 0.5, 0.0)[0].tolist() == [1, 0]


def test_luma_at_the_step_is_chosen() -> None:
    ramp = np.array([[[0.4], [0.5], [0.6]]], np.float32)

    assert select_luma(ramp, 0.5, 0.5)[0].tolist() == [0, 1, 1]
    assert select_luma(ramp, 0.4, 0.8)[0] == pytest.approx([0, 0.25, 0.5], abs=1e-6)


@pytest.mark.parametrize(("wide", "high"), [(30.0, 20.0), (11.5, 40.0)])
def test_an_ellipse_covers_its_area_symmetrically(wide: float, high: float) -> None:
    mask = draw_shape(60, 60, "ellipse", (30 - wide / 2, 30 - high / 2, wide, high))

    assert mask.sum() == pytest.approx(np.pi * wide * high / 4, rel=0.01)
    assert mask == pytest.approx(mask[::-1, ::-1], abs=1e-5)


@pytest.mark.parametrize(("pixels", "wrong"), [(3, 0.003), (-3, 0.003), (10, 0.01), (-10, 0.01)])
def test_growing_is_a_dilation_with_a_disc(pixels: int, wrong: float) -> None:
    mask = np.zeros((60, 60), np.float32)
    mask[20:40, 22:38] = 1
    steps: list[tuple[int, int]] = []

    made = grow(mask, pixels, lambda done, total: steps.append((done, total)))

    distance = ndimage.distance_transform_edt(mask == 0) if pixels > 0 else ndimage.distance_transform_edt(mask > 0)
    expected = distance <= pixels if pixels > 0 else distance > -pixels
    assert np.abs(made - expected).mean() < wrong  # over a radius of 7 in several goes, which blunts corners
    assert steps[-1] == (abs(pixels), abs(pixels))


def test_feathering_keeps_the_amount_chosen() -> None:
    mask = np.zeros((60, 60), np.float32)
    mask[25:35, 25:35] = 1

    soft = feather(mask, 3.0)

    assert soft.sum() == pytest.approx(100, rel=0.01)
    down, across = stats.norm.cdf([0.5, 10.5], scale=3.0), stats.norm.cdf([-5.5, 4.5], scale=3.0)
    assert soft[24, 30] == pytest.approx((down[1] - down[0]) * (across[1] - across[0]), abs=0.005)


def test_masks_combine_as_fuzzy_sets() -> None:
    first, second = np.array([[0.25, 0.75]], np.float32), np.array([[0.5, 0.5]], np.float32)

    made = {name: combine(first, second, name)[0].tolist() for name in ("union", "intersect", "subtract", "exclude")}

    assert made == {
        "union": [0.5, 0.75],
        "intersect": [0.25, 0.5],
        "subtract": [0.25, 0.5],
        "exclude": [0.25, 0.25],
    }
