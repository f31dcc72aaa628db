"""How often each level occurs, as numbers and as an image."""

from __future__ import annotations

from typing import Any

import numpy as np

from studio.api import parse_color
from studio_image.blur import blur_gaussian
from studio_image.draw_text import paint_box
from studio_image.pixels import FloatArray, as_floats, compute_luma
from studio_image.resize import resample

_NAMES = {1: ("grey",), 3: ("red", "green", "blue"), 4: ("red", "green", "blue", "alpha")}
_INKS = {
    "red": (1.0, 0.32, 0.30),
    "green": (0.25, 0.85, 0.42),
    "blue": (0.30, 0.52, 1.0),
    "grey": (0.80, 0.80, 0.82),
}
_GROUND, _GRID = "#15161a", "#2a2c33"


def measure_channels(pixels: FloatArray, bins: int) -> dict[str, Any]:
    """Return counts, mean, standard deviation, minimum, maximum and median per channel, and luma for color."""
    planes = {name: pixels[:, :, index] for index, name in enumerate(_NAMES[pixels.shape[2]])}
    if pixels.shape[2] > 1:
        planes["luma"] = compute_luma(pixels)
    return {name: _measure(plane, bins) for name, plane in planes.items()}


def _measure(plane: FloatArray, bins: int) -> dict[str, Any]:
    # the bins are centred on the levels 0, 1/(bins-1), ..., 1, so that 256 of them count 8-bit levels exactly
    levels = np.rint(plane.astype(np.float64) * (bins - 1)).astype(np.int64)
    return {
        "counts": np.bincount(levels.reshape(-1), minlength=bins).tolist(),
        "mean": float(plane.mean(dtype=np.float64)),
        "deviation": float(plane.std(dtype=np.float64)),
        "minimum": float(plane.min()),
        "maximum": float(plane.max()),
        "median": float(np.median(plane)),
    }


def plot_histogram(measures: dict[str, Any], width: int, height: int) -> FloatArray:
    """Draw the counts of the color channels as overlapping light (screen), their square roots as heights."""
    canvas = np.empty((height, width, 3), np.float32)
    canvas[...] = parse_color(_GROUND)[:3]
    margin = max(1.0, 0.05 * min(width, height))
    inner_width, inner_height = width - 2 * margin, height - 2 * margin
    if min(inner_width, inner_height) < 2:
        return canvas
    for quarter in range(5):
        x = round(margin + quarter * (inner_width - 1) / 4)
        paint_box(canvas, x, margin, 1, inner_height, parse_color(_GRID))
    curves = {name: _find_heights(measures[name]["counts"], int(inner_width)) for name in _INKS if name in measures}
    highest = max((float(curve.max()) for curve in curves.values()), default=1.0) or 1.0
    rows = np.arange(height)[:, None]
    left, base = round(margin), height - margin
    for name, curve in curves.items():
        top = base - curve / highest * inner_height
        fill = np.clip(rows + 1 - top, 0, 1) * np.clip(base - rows, 0, 1)
        slope = np.hypot(1.0, np.gradient(top)) if len(top) > 1 else np.ones(1)
        line = np.clip(1.6 - np.abs(rows + 0.5 - top) / slope, 0, 1) * (rows < base)
        area = canvas[:, left : left + len(curve)]
        light = np.array(_INKS[name], np.float32) * np.maximum(0.45 * fill, 0.95 * line)[:, :, None]
        area[...] = area + light - area * light
    return np.clip(canvas, 0, 1)


def _find_heights(counts: list[int], columns: int) -> FloatArray:
    """Return one height a column: square roots of the counts; a few crowded end levels do not flatten the rest."""
    heights = np.sqrt(np.array(counts, np.float32))
    inner = heights[1:-1] if len(heights) > 4 else heights
    heights = np.minimum(heights, max(float(inner.max(initial=0)) * 1.1, 1e-6) if inner.any() else heights.max())
    line = np.clip(heights / max(float(heights.max()), 1e-6), 0, 1).astype(np.float32)
    smooth = resample(line[None, :, None], columns, 1, "bilinear")[:, :, 0]
    return as_floats(blur_gaussian(np.ascontiguousarray(smooth), columns / 600)[0] * heights.max())
