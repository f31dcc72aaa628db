"""Blurs against SciPy's filters and plain means."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from studio.api import MediaError
from studio_image.blur import blur, blur_gaussian


def make_noise(
    height: int = 40, width: int = 50, channels: int = 1
) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    return np.random.default_rng(0).random((height, width, channels), dtype=np.float32)


@pytest.mark.parametrize("sigma", [0.7, 2.0, 6.0])
def test_a_gaussian_is_that_of_scipy_with_mirrored_edges(sigma: float) -> None:
    plane = make_noise()[:, :, 0]

    expected = ndimage.gaussian_filter(plane.astype(np.float64), sigma, mode="reflect", truncate=4.0)

    assert np.abs(blur_gaussian(plane, sigma) - expected).max() < 1e-3  # SciPy cuts the bell up to one sample sooner


def test_a_wide_gaussian_is_at_most_half_a_percent_off() -> None:
    plane = np.zeros((300, 300), np.float32)
    plane[:, 150:] = 1

    expected = ndimage.gaussian_filter(plane.astype(np.float64), 40.0, mode="reflect", truncate=4.0)

    assert np.abs(blur_gaussian(plane, 40.0) - expected).max() < 0.005


@pytest.mark.parametrize("radius", [1, 4])
def test_a_box_blur_takes_means_of_squares_at_the_edges_too(radius: int) -> None:
    pixels = make_noise()

    expected = ndimage.uniform_filter(pixels[:, :, 0].astype(np.float64), 2 * radius + 1, mode="reflect")

    assert blur(pixels, radius, "box")[:, :, 0] == pytest.approx(expected, abs=1e-5)


def test_a_small_median_is_exact_and_a_larger_one_within_half_an_8_bit_level() -> None:
    pixels = make_noise()

    for radius, tolerance in ((2, 0.0), (5, 0.5 / 255 + 1e-6)):
        expected = ndimage.median_filter(pixels[:, :, 0], 2 * radius + 1, mode="nearest")
        assert np.abs(blur(pixels, radius, "median")[:, :, 0] - expected).max() <= tolerance


def test_an_image_keeps_its_shape_and_a_radius_of_0_changes_nothing() -> None:
    for channels in (1, 3, 4):
        pixels = make_noise(channels=channels)
        assert blur(pixels, 0) is pixels
        assert blur(pixels, 2).shape == pixels.shape


def test_a_median_that_opencv_cannot_count_is_refused() -> None:
    with pytest.raises(MediaError) as caught:
        blur(make_noise(), 128, "median")

    assert caught.value.code == "E507"
