"""Arrays of samples: channel counts matched, alpha multiplied in and taken out, encoded and linear light."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float32]
AnyArray = NDArray[Any]

_LEAST_ALPHA = 1e-6  # below it colors glow, so that no quotient is too large
LUMA_WEIGHTS = np.array([0.299, 0.587, 0.114], dtype=np.float32)  # ITU-R BT.601, as Pillow, OpenCV and JPEG


def as_floats(array: Any) -> FloatArray:
    """Return an array as float32, itself where it is that already."""
    floats: FloatArray = np.asarray(array, np.float32)
    return floats


def compute_luma(pixels: FloatArray, *, bounded: bool = True) -> FloatArray:
    """Weigh the color channels (H x W x 1, 3 or 4) into luma (H x W), clipped if bounded; alpha is left out."""
    if pixels.shape[2] == 1:
        return pixels[:, :, 0]
    luma = pixels[:, :, :3] @ LUMA_WEIGHTS
    return as_floats(np.clip(luma, 0.0, 1.0) if bounded else luma)


def match_channels(pixels: FloatArray, channels: int) -> FloatArray:
    """Raise the channel count: grey to RGB repeats it, a new alpha is opaque. It is never lowered."""
    if pixels.shape[2] == 1 and channels > 1:
        pixels = np.repeat(pixels, 3, axis=2)
    if pixels.shape[2] == 3 and channels == 4:
        pixels = np.concatenate([pixels, np.ones((*pixels.shape[:2], 1), np.float32)], axis=2)
    return pixels


def premultiply(pixels: FloatArray) -> FloatArray:
    """Multiply alpha into the colors; without alpha the array itself comes back."""
    if pixels.shape[2] != 4:
        return pixels
    out = pixels.copy()
    out[:, :, :3] *= out[:, :, 3:]
    return out


def unpremultiply(pixels: FloatArray) -> FloatArray:
    """Divide the colors by alpha (0 where alpha is 0) and clip all to [0, 1]; the inverse of `premultiply`."""
    if pixels.shape[2] != 4:
        return np.clip(pixels, 0.0, 1.0)
    alpha = np.clip(pixels[:, :, 3:], 0.0, 1.0)
    colors = np.divide(pixels[:, :, :3], alpha, out=np.zeros_like(pixels[:, :, :3]), where=alpha > 1e-6)
    return np.concatenate([np.clip(colors, 0.0, 1.0), alpha], axis=2)


def gather_light(pixels: FloatArray) -> FloatArray:
    """Multiply alpha into linear colors; those without alpha, which glow, stay."""
    if pixels.shape[2] != 4:
        return pixels
    out = pixels.copy()
    out[:, :, :3] *= np.where(out[:, :, 3:] > 0, out[:, :, 3:], np.float32(1))
    return out


def part_light(pixels: FloatArray) -> FloatArray:
    """Divide linear colors by alpha, without clipping them; the inverse of `gather_light`."""
    if pixels.shape[2] != 4:
        return pixels
    alpha = np.clip(pixels[:, :, 3:], 0.0, 1.0)
    alpha[alpha < _LEAST_ALPHA] = 0.0
    return np.concatenate([pixels[:, :, :3] / np.where(alpha > 0, alpha, np.float32(1)), alpha], axis=2)


def filter_premultiplied(pixels: FloatArray, function: Callable[[FloatArray], FloatArray]) -> FloatArray:
    """Apply a linear filter with alpha multiplied in, so that colors under full transparency do not bleed out."""
    return unpremultiply(function(premultiply(pixels)))


def decode_srgb(pixels: FloatArray) -> FloatArray:
    """Turn encoded colors into linear light (IEC 61966-2-1); alpha is linear already."""
    out = pixels.copy()
    colors = out[:, :, :3]
    colors[...] = np.where(colors <= 0.04045, colors / 12.92, ((np.maximum(colors, 0) + 0.055) / 1.055) ** 2.4)
    return out


def encode_srgb(pixels: FloatArray) -> FloatArray:
    """Turn linear light into encoded colors (IEC 61966-2-1); alpha stays."""
    out = pixels.copy()
    colors = out[:, :, :3]
    colors[...] = np.where(colors <= 0.0031308, colors * 12.92, 1.055 * np.maximum(colors, 0) ** (1 / 2.4) - 0.055)
    return out
