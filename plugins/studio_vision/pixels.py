"""Samples of images as the algorithms take them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from studio.api import Image

FloatArray = npt.NDArray[np.float32]


def read_rgb(image: Image) -> FloatArray:
    """Return height x width x 3 from 0 to 1; what is transparent lies on grey."""
    pixels = np.asarray(image.pixels, np.float32)
    if pixels.shape[2] == 4:
        pixels = pixels[..., :3] * pixels[..., 3:] + np.float32(0.5) * (1 - pixels[..., 3:])
    return np.ascontiguousarray(np.repeat(pixels, 3, axis=2) if pixels.shape[2] == 1 else pixels)


def read_luma(image: Image) -> FloatArray:
    """Return height x width from 0 to 1 (ITU-R BT.709)."""
    luma: FloatArray = read_rgb(image) @ np.array([0.2126, 0.7152, 0.0722], np.float32)
    return luma
