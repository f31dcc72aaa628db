"""Differences as scikit-image measures them, and the colors that an image has."""

from __future__ import annotations

import numpy as np
import pytest
from skimage.color import deltaE_cie76, rgb2lab
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from studio.api import Image, MediaError
from studio.testing import TestContext
from studio_image.nodes import comparing

CTX = TestContext()


def make_pair() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(3)
    y, x = np.mgrid[:48, :64]
    first = np.stack([x / 64, y / 48, 0.5 + 0.4 * np.sin(x / 5)], 2).astype(np.float32)
    second = np.clip(first + rng.normal(0, 0.05, first.shape), 0, 1).astype(np.float32)
    return first, second


def test_the_measures_are_those_of_scikit_image() -> None:
    first, second = make_pair()

    found = comparing.measure_difference(CTX, Image(first), Image(second))

    assert found.psnr == pytest.approx(peak_signal_noise_ratio(first, second, data_range=1), abs=1e-4)
    expected = structural_similarity(
        first, second, channel_axis=2, data_range=1, gaussian_weights=True, sigma=1.5, use_sample_covariance=False
    )
    assert found.ssim == pytest.approx(expected, abs=1e-4)
    assert found.delta_e == pytest.approx(deltaE_cie76(rgb2lab(first), rgb2lab(second)).mean(), abs=0.02)


def test_equal_images_do_not_differ_and_other_sizes_are_refused() -> None:
    image = Image(make_pair()[0])

    assert comparing.measure_difference(CTX, image, image) == pytest.approx((100.0, 1.0, 0.0))
    with pytest.raises(MediaError, match="the other image is 4 x 4"):
        comparing.measure_difference(CTX, image, Image(np.zeros((4, 4, 3), np.uint8)))


def test_a_palette_has_the_colors_and_their_shares() -> None:
    flag = np.zeros((40, 100, 4), np.uint8)
    flag[:, :60], flag[:, 60:90] = (200, 16, 46, 255), (1, 33, 105, 255)

    found = comparing.find_palette(CTX, Image(flag), color_count=4)

    assert found.colors == ["#c8102e", "#012169"]
    assert found.shares == pytest.approx([2 / 3, 1 / 3])
    assert comparing.find_palette(CTX, Image(np.zeros((4, 4, 4), np.uint8))) == ([], [])
