"""Kernels against scipy, with alpha, depth and hostile kernels."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import ndimage

from studio.api import Image, MediaError
from studio.testing import TestContext
from studio_image.kernel import parse_kernel
from studio_image.nodes.filters import convolve_image

EMBOSS = [[-2.0, -1.0, 0.0], [-1.0, 0.0, 1.0], [0.0, 1.0, 2.0]]


def make_samples(channels: int) -> np.ndarray[Any, Any]:
    return np.random.default_rng(7).integers(0, 65_536, (13, 17, channels)).astype(np.uint16)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("kernel", [EMBOSS, [[1.0, 2.0, 3.0]], [[1.0], [0.0], [4.0]], [[0.5] * 31] * 31])
def test_each_sum_is_that_of_scipy(kernel: Any, channels: int) -> None:
    samples = make_samples(channels)

    made = convolve_image(TestContext(), Image(samples), kernel, offset=0.25).pixels

    weights = np.array(kernel)
    weights = weights / (weights.sum() or 1)
    reference = ndimage.correlate(samples / 65_535, weights[:, :, None], mode="reflect") + 0.25
    assert np.allclose(made, reference.clip(0, 1), atol=2e-6)


def test_without_normalization_the_sums_stay() -> None:
    grey = Image(np.full((5, 5, 1), 51, np.uint8))

    made = convolve_image(TestContext(), grey, [[1.0, 1.0, 1.0]], normalize=False).pixels

    assert np.allclose(made, 0.6, atol=1e-6)


def test_a_kernel_of_one_keeps_16_bits() -> None:
    image = Image(make_samples(4))

    assert np.abs(convolve_image(TestContext(), image, [[3]]).pixels[:, :, 3] - image.pixels[:, :, 3]).max() == 0


def test_hidden_colors_do_not_bleed_and_alpha_stays() -> None:
    samples = np.zeros((8, 8, 4), np.uint8)
    samples[:, :4] = (200, 0, 0, 255)
    samples[:, 4:] = (0, 255, 0, 0)

    made = convolve_image(TestContext(), Image(samples), [[1] * 5] * 5).to_uint8()

    assert (made[:, :, 3] == samples[:, :, 3]).all()
    assert (made[:, :4] == samples[:, :4]).all()


@pytest.mark.parametrize(
    "kernel",
    [None, 3, [], [[]], [[1, 2]], [[1], [2]], [[1, 2, 3], [1]], [["a"]], [[True]], [[float("nan")]], [[1e9]], {"a": 1},
     [[1] * 33] * 33, "[[1]]", [1, 2, 3]],
)  # fmt: skip
def test_what_is_no_kernel_is_refused(kernel: Any) -> None:
    with pytest.raises(MediaError) as caught:
        parse_kernel(kernel)

    assert caught.value.code == "E507"
