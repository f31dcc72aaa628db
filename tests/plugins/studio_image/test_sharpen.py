"""Unsharp masking by its formula."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from studio_image.sharpen import sharpen


def test_what_a_gaussian_takes_away_is_added() -> None:
    pixels = (0.3 + 0.4 * np.random.default_rng(0).random((20, 24, 1))).astype(np.float32)
    blurred = ndimage.gaussian_filter(pixels[:, :, 0].astype(np.float64), 1.5, mode="reflect", truncate=4.0)

    made = sharpen(pixels, 1.5, 0.6, 0.0)[:, :, 0]

    assert made == pytest.approx(np.clip(pixels[:, :, 0] + 0.6 * (pixels[:, :, 0] - blurred), 0, 1), abs=1e-3)


def test_differences_up_to_the_threshold_stay() -> None:
    pixels = np.full((9, 9, 1), 0.5, np.float32)
    pixels[4, 4] = 0.55

    assert np.array_equal(sharpen(pixels, 1.0, 1.0, 0.06), pixels)
    assert sharpen(pixels, 1.0, 1.0, 0.01)[4, 4, 0] > 0.55


def test_alpha_stays() -> None:
    pixels = np.random.default_rng(0).random((6, 6, 4), dtype=np.float32)

    assert np.array_equal(sharpen(pixels, 1.0, 2.0, 0.0)[:, :, 3], pixels[:, :, 3])
