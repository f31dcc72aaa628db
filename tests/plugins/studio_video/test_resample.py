"""Images brought to another size."""

from __future__ import annotations

import numpy as np
import pytest

from studio.api import Image
from studio_video.camera import make_kernel
from studio_video.resample import resize_image


@pytest.mark.parametrize(
    ("source", "target", "start", "length"), [(40, 10, 0.0, 40.0), (10, 33, 1.5, 7.25), (9, 9, 0.0, 9.0)]
)
def test_weights_add_up_to_1_and_a_ramp_stays_a_ramp(source: int, target: int, start: float, length: float) -> None:
    kernel = make_kernel(source, target, start, length)

    middles = start + (np.arange(target) + 0.5) * length / target - 0.5
    inner = (middles > 2 * max(length / target, 1)) & (middles < source - 1 - 2 * max(length / target, 1))
    assert kernel.sum(axis=1) == pytest.approx(np.ones(target), abs=1e-5)
    assert (kernel @ np.arange(source))[inner] == pytest.approx(middles[inner], abs=1e-4)


def test_the_same_size_is_the_same_image_and_equal_pixels_stay_equal() -> None:
    image = Image(np.full((10, 20, 3), (10, 200, 90), np.uint8))

    assert resize_image(image, 20, 10) is image
    assert (resize_image(image, 33, 7).to_uint8() == (10, 200, 90)).all()


def test_another_shape_takes_the_middle() -> None:
    pixels = np.zeros((10, 30, 1), np.uint8)
    pixels[:, 10:20] = 255

    made = resize_image(Image(pixels), 10, 10).to_uint8()

    assert made.shape == (10, 10, 1)
    assert (made == 255).all()


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_the_depth_stays_and_nothing_passes_full_scale(dtype: type) -> None:
    top = 1 if dtype is np.float32 else np.iinfo(dtype).max
    image = Image(np.tile(np.array([0, top], dtype), (8, 4))[..., None])

    made = resize_image(image, 24, 24).stored

    assert made.dtype == dtype
    assert made.max() <= top
