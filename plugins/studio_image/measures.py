"""How much two images differ, and which colors an image has."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import PIL.Image
from numpy.typing import NDArray

from studio_image.pixels import FloatArray, as_floats, match_channels

_MOST_DECIBELS = 100.0
_SIGMA, _REACH = 1.5, 5
_C1, _C2 = 0.01**2, 0.03**2
_MOST_SIDE = 256


def measure_psnr(first: FloatArray, second: FloatArray) -> float:
    """Return the peak signal-to-noise ratio in dB; at most 100, for images that are equal."""
    error = float(np.mean(np.square(first - second, dtype=np.float64)))
    return _MOST_DECIBELS if error <= 10 ** (-_MOST_DECIBELS / 10) else float(-10 * np.log10(error))


def measure_ssim(first: FloatArray, second: FloatArray) -> float:
    """Return the structural similarity (Wang et al. 2004): Gaussian windows of deviation 1.5, mean of the channels."""
    found = [_measure_plane(first[:, :, c], second[:, :, c]) for c in range(first.shape[2])]
    return float(np.mean(found))


def _measure_plane(first: FloatArray, second: FloatArray) -> float:
    a, b = first.astype(np.float64), second.astype(np.float64)
    mean_a, mean_b = _smooth(a), _smooth(b)
    spread_a, spread_b = _smooth(a * a) - mean_a**2, _smooth(b * b) - mean_b**2
    shared = _smooth(a * b) - mean_a * mean_b
    upper = (2 * mean_a * mean_b + _C1) * (2 * shared + _C2)
    similar = upper / ((mean_a**2 + mean_b**2 + _C1) * (spread_a + spread_b + _C2))
    if min(similar.shape) > 2 * _REACH:
        similar = similar[_REACH:-_REACH, _REACH:-_REACH]
    return float(similar.mean())


def _smooth(plane: NDArray[np.float64]) -> NDArray[Any]:
    side = 2 * _REACH + 1
    return np.asarray(cv2.GaussianBlur(plane, (side, side), _SIGMA, borderType=cv2.BORDER_REFLECT))


def measure_delta_e(first: FloatArray, second: FloatArray) -> float:
    """Return the mean color distance (CIE 1976)."""
    a, b = (_to_lab(each) for each in (first, second))
    return float(np.linalg.norm(a - b, axis=2).mean())


def _to_lab(pixels: FloatArray) -> FloatArray:
    colors = np.ascontiguousarray(match_channels(pixels, 3)[:, :, :3])
    return as_floats(cv2.cvtColor(colors, cv2.COLOR_RGB2Lab))


def find_palette(pixels: FloatArray, count: int) -> list[tuple[str, float]]:
    """Return an image's main colors as "#rrggbb" with their shares, the most frequent first.

    They come from median cut (Heckbert 1982). What is more transparent than opaque is not counted.
    """
    step = max(1, -(-max(pixels.shape[:2]) // _MOST_SIDE))
    few = pixels[::step, ::step]
    levels = np.rint(match_channels(few, 3)[:, :, :3] * 255).astype(np.uint8)
    shown = levels[few[:, :, 3] >= 0.5] if few.shape[2] == 4 else levels.reshape(-1, 3)
    if not len(shown):
        return []
    picture = PIL.Image.fromarray(shown[None])
    indices = np.asarray(picture.quantize(count, PIL.Image.Quantize.MEDIANCUT, dither=PIL.Image.Dither.NONE))[0]
    found = []
    for index in np.unique(indices):
        chosen = shown[indices == index]
        red, green, blue = np.rint(as_floats(chosen).mean(axis=0)).astype(int)
        found.append((f"#{red:02x}{green:02x}{blue:02x}", len(chosen) / len(shown)))
    return sorted(found, key=lambda entry: (-entry[1], entry[0]))
