"""Unsharp masking, and contrast adaptive sharpening."""

from __future__ import annotations

import numpy as np

from studio_image.blur import blur
from studio_image.pixels import FloatArray


def sharpen(pixels: FloatArray, radius: float, amount: float, threshold: float) -> FloatArray:
    """Add `amount` times what a Gaussian blur takes away, where that is over the threshold; alpha stays."""
    out = pixels.copy()
    colors = out[:, :, :3]
    detail = colors - blur(pixels, radius)[:, :, :3]
    if threshold > 0:
        detail = np.sign(detail) * np.maximum(np.abs(detail) - np.float32(threshold), 0)
    colors += np.float32(amount) * detail
    return np.clip(out, 0.0, 1.0, out=out)


def sharpen_adaptively(pixels: FloatArray, amount: float) -> FloatArray:
    """Sharpen each color by its 3 x 3 neighbors (AMD FidelityFX CAS 2019); alpha and the outermost pixels stay.

    Args:
        pixels: Height x width x channels, from 0 to 1.
        amount: From 0, the least sharpening, to 1.
    """
    out = pixels.copy()
    if min(pixels.shape[:2]) < 3:
        return out
    rows = [[pixels[y : y + pixels.shape[0] - 2, x : x + pixels.shape[1] - 2, :3] for x in range(3)] for y in range(3)]
    middle = rows[1][1]
    sides, corners = [rows[0][1], rows[1][0], rows[1][2], rows[2][1]], [rows[y][x] for y in (0, 2) for x in (0, 2)]
    low = np.minimum.reduce([middle, *sides]) + np.minimum.reduce(corners)
    high = np.maximum.reduce([middle, *sides]) + np.maximum.reduce(corners)
    room = np.sqrt(np.clip(np.minimum(low, 2 - high), 0, None) / (high + np.float32(1e-5)))
    weight = -room * np.float32(amount * (1 / 5 - 1 / 8) + 1 / 8)
    out[1:-1, 1:-1, :3] = np.clip((sum(sides) * weight + middle) / (1 + 4 * weight), 0.0, 1.0)
    return out
