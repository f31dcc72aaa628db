"""Images from nothing: gradients and noise."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

import numpy as np

from studio.api import MediaError
from studio_image.color import Color, is_grey
from studio_image.pixels import FloatArray, as_floats, decode_srgb, encode_srgb, premultiply, unpremultiply
from studio_image.resize import resample

Course = Literal["linear", "radial"]
Noise = Literal["white", "gaussian", "clouds"]
Grain = Literal["gaussian", "uniform", "salt_pepper"]


def fill(width: int, height: int, color: Color, channels: int) -> FloatArray:
    """Return an image of one color."""
    grey = is_grey(color)
    if channels == 1 and not grey:
        color = (0.299 * color[0] + 0.587 * color[1] + 0.114 * color[2],) * 3 + (color[3],)  # ITU-R BT.601
    return np.broadcast_to(np.array(color[:channels], np.float32), (height, width, channels)).copy()


def draw_gradient(
    width: int, height: int, colors: Sequence[Color], course: Course, degrees: float, *, linear_light: bool
) -> FloatArray:
    """Draw a gradient through colors at equal distances: along a direction, or from the middle to the corners."""
    if not colors:
        raise MediaError("E505", "a gradient needs at least one color", hint='for example ["navy", "orange"]')
    x = np.arange(width, dtype=np.float64) + 0.5 - width / 2
    y = np.arange(height, dtype=np.float64) + 0.5 - height / 2
    if course == "radial":
        place = np.hypot(x[None, :], y[:, None]) / math.hypot(width / 2, height / 2)
    else:
        across, down = math.cos(math.radians(degrees)), -math.sin(math.radians(degrees))
        length = abs(width * across) + abs(height * down)
        place = (x[None, :] * across + y[:, None] * down) / length + 0.5
    stops = premultiply(np.array([colors], np.float32))
    stops = decode_srgb(stops) if linear_light else stops
    at = np.clip(place, 0, 1) * (len(colors) - 1)
    planes = [np.interp(at, np.arange(len(colors)), stops[0, :, c]) for c in range(4)]
    result = np.stack(planes, axis=2).astype(np.float32)
    result = unpremultiply(encode_srgb(result) if linear_light else result)
    if any(color[3] < 1 for color in colors):
        return result
    return result[:, :, :1] if all(is_grey(color) for color in colors) else result[:, :, :3]


def make_noise(
    width: int, height: int, kind: Noise, scale: float, channels: int, rng: np.random.Generator
) -> FloatArray:
    """Make noise in [0, 1]: independent samples, or octaves of smooth value noise that look like clouds."""
    if kind == "white":
        return rng.random((height, width, channels), dtype=np.float32)
    if kind == "gaussian":
        return as_floats(np.clip(0.5 + rng.standard_normal((height, width, channels), dtype=np.float32) / 6, 0, 1))
    total = np.zeros((height, width, channels), np.float32)
    weight, weights, cell = 1.0, 0.0, scale
    while cell >= 1.0 and weight > 1 / 256:
        rows, columns = math.ceil(height / cell) + 3, math.ceil(width / cell) + 3
        knots = rng.random((rows, columns, channels), dtype=np.float32)
        box = (1.0, 1.0, 1.0 + width / cell, 1.0 + height / cell)
        total += np.float32(weight) * resample(knots, width, height, "bicubic", box=box)
        weights, weight, cell = weights + weight, weight / 2, cell / 2
    low, high = float(total.min()), float(total.max())
    if weights == 0 or high - low < 1e-6:
        return rng.random((height, width, channels), dtype=np.float32)
    return as_floats(np.clip((total - low) / (high - low), 0, 1))


def add_grain(
    pixels: FloatArray, amount: float, kind: Grain, *, monochrome: bool, rng: np.random.Generator
) -> FloatArray:
    """Add noise to the colors of an image; alpha stays."""
    out = pixels.copy()
    colors = out[:, :, :3]
    shape = (*colors.shape[:2], 1 if monochrome else colors.shape[2])
    if kind == "salt_pepper":
        draw = rng.random(shape, dtype=np.float32)
        struck = np.broadcast_to(draw < amount, colors.shape)
        white = np.broadcast_to(draw < amount / 2, colors.shape)
        colors[...] = np.where(struck, white.astype(np.float32), colors)
        return out
    grain = rng.standard_normal(shape, dtype=np.float32)
    if kind == "uniform":
        grain = (rng.random(shape, dtype=np.float32) - np.float32(0.5)) * np.float32(math.sqrt(12))
    colors += np.float32(amount) * grain
    return np.clip(out, 0, 1, out=out)
