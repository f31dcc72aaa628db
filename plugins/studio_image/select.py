"""Masks made from images and shapes, and masks changed: grown, softened, combined."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import cv2
import numpy as np

from studio_image.blur import blur_gaussian
from studio_image.color import Color
from studio_image.draw_text import cover_box
from studio_image.pixels import FloatArray, as_floats, compute_luma, match_channels

Shape = Literal["rectangle", "ellipse"]
Operation = Literal["union", "intersect", "subtract", "exclude"]

_DISC = 7  # radius in pixels of the disc that grows a mask; larger ones are applied in several goes


def select_color(pixels: FloatArray, color: Color, tolerance: float, softness: float) -> FloatArray:
    """Choose samples within a CIE 1976 distance (delta E) of a color; softness is the width of the ramp beyond."""
    colors = np.ascontiguousarray(match_channels(pixels, 3)[:, :, :3])
    lab = cv2.cvtColor(colors, cv2.COLOR_RGB2Lab)
    wanted = cv2.cvtColor(np.array([[color[:3]]], np.float32), cv2.COLOR_RGB2Lab)
    distance = np.sqrt(np.sum(np.square(lab - wanted), axis=2, dtype=np.float32))
    if softness <= 0:
        return as_floats(distance <= tolerance)
    return as_floats(np.clip(1 - (distance - np.float32(tolerance)) / np.float32(softness), 0, 1))


def select_luma(pixels: FloatArray, low: float, high: float) -> FloatArray:
    """Map luma from low (0) to high (1); equal ends give a step: 1 from there on."""
    luma = compute_luma(pixels)
    if low == high:
        return as_floats(luma >= np.float32(low))
    return as_floats(np.clip((luma - np.float32(low)) / np.float32(high - low), 0, 1))


def find_threshold(luma: FloatArray) -> float:
    """Return the level in [0, 1] that parts dark and light best (Otsu 1979), from 256 levels."""
    counts = np.bincount(np.rint(luma * 255).astype(np.int64).reshape(-1), minlength=256).astype(np.float64)
    levels = np.arange(256) / 255.0
    below, sums = np.cumsum(counts), np.cumsum(counts * levels)
    total, all_sums = below[-1], sums[-1]
    spread = np.zeros(256)
    apart = (below > 0) & (below < total)
    spread[apart] = (all_sums * below[apart] - sums[apart] * total) ** 2 / (below[apart] * (total - below[apart]))
    best = np.flatnonzero(spread >= spread.max() - 1e-12)
    return float((best.mean() + 0.5) / 255.0) if apart.any() else float(levels[int(np.argmax(counts))])


def draw_shape(width: int, height: int, shape: Shape, box: tuple[float, float, float, float]) -> FloatArray:
    """Return a mask with a filled rectangle or ellipse (left, top, width, height), edges antialiased."""
    left, top, wide, high = box
    x, y = as_floats(np.arange(width) - left), as_floats(np.arange(height) - top)
    if shape == "rectangle":
        return cover_box(x, y, wide, high, 0.0)
    across, down = (x + 0.5 - wide / 2)[None, :] / (wide / 2), (y + 0.5 - high / 2)[:, None] / (high / 2)
    level = across**2 + down**2 - 1
    slope = 2 * np.hypot(across / (wide / 2), down / (high / 2))
    return as_floats(np.clip(0.5 - level / np.maximum(slope, 1e-6), 0, 1))


def grow(mask: FloatArray, pixels: int, step: Callable[[int, int], None]) -> FloatArray:
    """Grow a mask by a radius in pixels; a negative one shrinks it."""
    left, total = abs(pixels), abs(pixels)
    while left:
        radius = min(left, _DISC)
        reach = np.arange(-radius, radius + 1)
        disc = (reach[:, None] ** 2 + reach[None, :] ** 2 <= (radius + 0.25) ** 2).astype(np.uint8)
        change = cv2.dilate if pixels > 0 else cv2.erode
        mask = np.asarray(change(mask, disc, borderType=cv2.BORDER_REPLICATE), np.float32)
        left -= radius
        step(total - left, total)
    return mask


def feather(mask: FloatArray, radius: float) -> FloatArray:
    """Soften a mask's edge with a Gaussian of standard deviation `radius` pixels."""
    return as_floats(np.clip(blur_gaussian(mask, radius), 0, 1))


def combine(first: FloatArray, second: FloatArray, operation: Operation) -> FloatArray:
    """Combine two masks of one size (Zadeh's fuzzy sets, 1965)."""
    combined = {
        "union": np.maximum(first, second),
        "intersect": np.minimum(first, second),
        "subtract": np.minimum(first, 1 - second),
        "exclude": np.abs(first - second),
    }
    return as_floats(combined[operation])
