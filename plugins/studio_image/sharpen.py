"""Unsharp masking."""

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
