"""Blur, sharpening, edges and grain."""

from __future__ import annotations

import numpy as np
import pytest

from studio.api import Image, MediaError
from studio.testing import TestContext
from studio_image.nodes import filters

CTX = TestContext()


def spot(size: int) -> Image:
    samples = np.zeros((size, size, 1), np.float32)
    samples[size // 2, size // 2] = 1.0
    return Image(samples)


@pytest.mark.parametrize("sigma", [1.0, 5.0, 20.0, 41.0])
def test_a_gaussian_blur_spreads_a_spot_as_the_formula_says(sigma: float) -> None:
    size = int(8 * sigma) | 1
    x = np.arange(size) - size // 2
    bell = np.exp(-(x[:, None] ** 2 + x[None, :] ** 2) / (2 * sigma**2)) / (2 * np.pi * sigma**2)

    blurred = filters.blur_image(CTX, spot(size), radius=sigma).pixels[:, :, 0]

    assert np.abs(blurred - bell).max() < bell.max() * 0.01


@pytest.mark.parametrize("channels", [1, 3, 4])
@pytest.mark.parametrize(("kind", "radius"), [("gaussian", 3), ("gaussian", 1000), ("box", 50), ("median", 2),
                                              ("median", 9)])  # fmt: skip
def test_a_flat_image_of_any_size_stays_flat(channels: int, kind: str, radius: float) -> None:
    for shape in ((1, 1), (1, 9), (7, 5)):
        flat = Image(np.full((*shape, channels), 0.6, np.float32))
        assert filters.blur_image(CTX, flat, radius=radius, kind=kind).pixels == pytest.approx(0.6, abs=0.002)


def test_radius_0_changes_nothing() -> None:
    assert filters.blur_image(CTX, spot(5), radius=0) == spot(5)
    assert filters.sharpen_image(CTX, spot(5), radius=0) == spot(5)


def test_a_box_blur_takes_means_of_squares() -> None:
    image = Image(np.random.default_rng(0).random((9, 9), dtype=np.float32))

    blurred = filters.blur_image(CTX, image, radius=1, kind="box").pixels

    assert blurred[4, 4, 0] == pytest.approx(image.pixels[3:6, 3:6].mean(), abs=1e-6)


def test_a_median_removes_a_speck_and_keeps_an_edge() -> None:
    samples = np.zeros((9, 9), np.float32)
    samples[:, 5:] = 0.1234567
    specked = samples.copy()
    specked[4, 2] = 1

    assert filters.blur_image(CTX, Image(specked), radius=1, kind="median").pixels[:, :, 0] == pytest.approx(samples)


def test_a_median_over_the_largest_radius_is_an_error() -> None:
    assert filters.blur_image(CTX, spot(5), radius=127, kind="median").pixels.max() == 0
    with pytest.raises(MediaError, match="over 127"):
        filters.blur_image(CTX, spot(5), radius=128, kind="median")


def test_blurring_does_not_darken_the_rim_of_a_cutout() -> None:
    samples = np.zeros((21, 21, 4), np.float32)
    samples[8:13, 8:13] = (1, 0.5, 0, 1)

    blurred = filters.blur_image(CTX, Image(samples), radius=2).pixels
    seen = blurred[blurred[:, :, 3] > 0.01]

    assert seen[:, :3] == pytest.approx(np.tile([1, 0.5, 0], (len(seen), 1)), abs=1e-4)


def test_sharpening_steepens_an_edge_by_the_formula() -> None:
    samples = np.full((5, 21, 4), 0.25, np.float32)
    samples[:, 10:, :3] = 0.75
    samples[:, :, 3] = 0.5
    image = Image(samples)

    sharp = filters.sharpen_image(CTX, image, radius=1.5, amount=0.5).pixels
    soft = filters.blur_image(CTX, image, radius=1.5).pixels

    assert sharp[:, :, :3] == pytest.approx(samples[:, :, :3] + 0.5 * (samples - soft)[:, :, :3], abs=1e-5)
    assert sharp[:, :, 3] == pytest.approx(0.5)
    assert filters.sharpen_image(CTX, image, threshold=1.0) == image


def test_edges_lie_on_the_outline_of_a_square_and_nowhere_else() -> None:
    samples = np.zeros((60, 60, 3), np.float32)
    samples[20:40, 20:40] = 1

    edges = filters.detect_edges(CTX, Image(samples)).pixels[:, :, 0]

    rows, columns = np.nonzero(edges)
    distance = np.maximum(np.abs(rows - 29.5), np.abs(columns - 29.5))
    assert 60 < len(rows) < 100  # the outline is 76 to 80 samples long
    assert distance.min() > 7
    assert distance.max() < 12
    assert set(np.unique(edges)) == {0.0, 1.0}


def test_high_thresholds_find_no_edge_in_a_faint_step() -> None:
    samples = np.zeros((20, 20), np.float32)
    samples[:, 10:] = 0.1

    assert filters.detect_edges(CTX, Image(samples), low_threshold=0.2, high_threshold=0.4, sigma=0).pixels.max() == 0
    assert filters.detect_edges(CTX, Image(samples), low_threshold=0.02, high_threshold=0.05, sigma=0).pixels.max() == 1


def test_grain_has_the_strength_asked_for_and_leaves_alpha() -> None:
    image = Image(np.full((200, 200, 4), 0.5, np.float32))

    for kind in ("gaussian", "uniform"):
        noisy = filters.add_noise(CTX, image, amount=0.1, kind=kind).pixels
        assert noisy[:, :, :3].std() == pytest.approx(0.1, rel=0.02)
        assert noisy[:, :, 3] == pytest.approx(0.5)
    grain = filters.add_noise(CTX, image, amount=0.1, monochrome=True).pixels
    assert np.array_equal(grain[:, :, 0], grain[:, :, 2])
    struck = filters.add_noise(CTX, image, amount=0.2, kind="salt_pepper", monochrome=True).pixels[:, :, 0]
    assert (struck != 0.5).mean() == pytest.approx(0.2, abs=0.01)
    assert (struck == 1).mean() == pytest.approx(0.1, abs=0.01)
