"""Images filtered by a kernel of numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np

from studio_image.kernel import parse_kernel
from studio_image.pixels import FloatArray, as_floats

_LEAST_ALPHA = 1e-6


def convolve(pixels: FloatArray, kernel: Any, *, normalize: bool, offset: float) -> FloatArray:
    """Return the sums of each pixel's neighbors times a kernel (as it is written, not turned), plus an offset.

    Colors count as much as their alpha shows them, alpha stays, and edges are mirrored.

    Args:
        pixels: Height x width x channels, from 0 to 1.
        kernel: Rows of numbers, see `parse_kernel`.
        normalize: Divide by the sum of the kernel, unless it is 0.
        offset: What is added to each color.

    Raises:
        MediaError: E507 for an invalid kernel.
    """
    weights = _find_weights(parse_kernel(kernel), normalize=normalize)
    out = pixels.copy()
    colors = out[:, :, :3] if pixels.shape[2] == 4 else out
    if pixels.shape[2] == 4:
        alpha = pixels[:, :, 3:]
        seen = _fill_hidden(colors, alpha, weights.shape)
    else:
        seen = colors
    made = cv2.filter2D(np.ascontiguousarray(seen), cv2.CV_32F, weights, borderType=cv2.BORDER_REFLECT)
    colors[...] = np.clip(as_floats(made).reshape(colors.shape) + np.float32(offset), 0.0, 1.0)
    return out


def _find_weights(rows: Sequence[Sequence[float]], *, normalize: bool) -> FloatArray:
    weights = np.array(rows, np.float64)
    total = weights.sum()
    if normalize and abs(total) > 1e-9 * np.abs(weights).sum():
        weights = weights / total
    return as_floats(weights)


def _fill_hidden(colors: FloatArray, alpha: FloatArray, shape: tuple[int, ...]) -> FloatArray:
    """Return colors in which transparent pixels have the mean color of what is visible around them."""
    size = (shape[1], shape[0])
    weighed = np.concatenate([colors * alpha, alpha], axis=2)
    around = cv2.blur(weighed, size, borderType=cv2.BORDER_REFLECT)
    mean = around[:, :, :3] / np.maximum(around[:, :, 3:], np.float32(_LEAST_ALPHA))
    return as_floats(colors * alpha + mean * (1 - alpha))
