"""Shapes drawn onto images: their distance to each sample, filled and outlined with antialiasing."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

import numpy as np

from studio_image.color import Color
from studio_image.draw_text import Layer, open_canvas, paint
from studio_image.pixels import FloatArray, as_floats

ShapeKind = Literal["rectangle", "ellipse", "line", "polygon", "star"]
Points = Sequence[tuple[float, float]]
_LEAST = 1e-6


def draw_shape(
    pixels: FloatArray,
    kind: ShapeKind,
    box: tuple[float, float, float, float],
    *,
    color: Color | None,
    line_width: float,
    line_color: Color,
    radius: float,
    count: int,
) -> FloatArray:
    """Draw a shape inside a box of left, top, width and height; a line is centered on the shape's edge.

    Args:
        pixels: H x W x C.
        kind: The shape; a line runs from the top left to the bottom right of its box.
        box: Left, top, width and height in pixels.
        color: Color inside, or None.
        line_width: Width of the line in pixels, 0 for none.
        line_color: Its color.
        radius: Radius of the corners of a rectangle.
        count: Number of corners of a polygon, or of points of a star.
    """
    inks = ([color] if color else []) + ([line_color] if line_width else [])
    canvas = open_canvas(pixels, inks)
    left, top, right, bottom = _find_bounds(box, line_width / 2 + 1, canvas)
    if left >= right or top >= bottom:
        return canvas
    x = as_floats(np.arange(left, right) + 0.5 - box[0])[None, :]
    y = as_floats(np.arange(top, bottom) + 0.5 - box[1])[:, None]
    distance = _measure(kind, x, y, (box[2], box[3]), radius, count)
    if color is not None and kind != "line":
        paint(canvas, Layer(as_floats(np.clip(0.5 - distance, 0, 1)), 0, 0), left, top, color)
    if line_width:
        cover = np.clip(line_width / 2 + 0.5 - np.abs(distance), 0, 1) * min(line_width, 1.0)
        paint(canvas, Layer(as_floats(cover), 0, 0), left, top, line_color)
    return canvas


def _find_bounds(box: tuple[float, float, float, float], room: float, canvas: FloatArray) -> tuple[int, int, int, int]:
    ends = (box[0] + box[2], box[1] + box[3])
    low = [math.floor(min(start, end) - room) for start, end in zip(box[:2], ends, strict=True)]
    high = [math.ceil(max(start, end) + room) for start, end in zip(box[:2], ends, strict=True)]
    return max(low[0], 0), max(low[1], 0), min(high[0], canvas.shape[1]), min(high[1], canvas.shape[0])


def _measure(
    kind: ShapeKind, x: FloatArray, y: FloatArray, size: tuple[float, float], radius: float, count: int
) -> FloatArray:
    """Return the distance of samples to the edge of a shape, in pixels; negative inside."""
    if kind == "ellipse":
        return _measure_ellipse(x, y, size)
    if kind == "rectangle":
        return _measure_rectangle(x, y, size, radius)
    if kind == "line":
        return _measure_segment(x, y, (0.0, 0.0), size)
    return _measure_polygon(x, y, place_corners(size, count, star=kind == "star"))


def _measure_ellipse(x: FloatArray, y: FloatArray, size: tuple[float, float]) -> FloatArray:
    """Return the implicit equation over its slope (Taubin 1994): exact at the edge to first order."""
    across, down = size[0] / 2, size[1] / 2
    u, v = (x - across) / across, (y - down) / down
    level = u * u + v * v - 1
    slope = 2 * np.hypot(u / across, v / down)
    return as_floats(level / np.maximum(slope, _LEAST))


def _measure_rectangle(x: FloatArray, y: FloatArray, size: tuple[float, float], radius: float) -> FloatArray:
    radius = min(radius, size[0] / 2, size[1] / 2)
    aside = np.abs(x - size[0] / 2) - (size[0] / 2 - radius)
    above = np.abs(y - size[1] / 2) - (size[1] / 2 - radius)
    outside = np.hypot(np.maximum(aside, 0), np.maximum(above, 0))
    return as_floats(outside + np.minimum(np.maximum(aside, above), 0) - radius)


def _measure_segment(x: FloatArray, y: FloatArray, start: tuple[float, float], end: tuple[float, float]) -> FloatArray:
    along, down = end[0] - start[0], end[1] - start[1]
    length = max(along * along + down * down, _LEAST)
    share = np.clip(((x - start[0]) * along + (y - start[1]) * down) / length, 0, 1)
    return as_floats(np.hypot(x - start[0] - share * along, y - start[1] - share * down))


def place_corners(size: tuple[float, float], count: int, *, star: bool) -> list[tuple[float, float]]:
    """Return the corners of a regular polygon or of a star in a box, clockwise from the top."""
    total = 2 * count if star else count
    inner = 0.382 if count == 5 else 0.5  # of a pentagram: (3 - sqrt(5)) / 2
    corners = []
    for index in range(total):
        turn = 2 * math.pi * index / total
        reach = inner if star and index % 2 else 1.0
        corners.append((size[0] / 2 * (1 + reach * math.sin(turn)), size[1] / 2 * (1 - reach * math.cos(turn))))
    return corners


def _measure_polygon(x: FloatArray, y: FloatArray, corners: Points) -> FloatArray:
    nearest: FloatArray | None = None
    inside = np.zeros((y.shape[0], x.shape[1]), bool)
    for start, end in zip(corners, [*corners[1:], corners[0]], strict=True):
        distance = _measure_segment(x, y, start, end)
        nearest = distance if nearest is None else np.minimum(nearest, distance)
        if start[1] != end[1]:
            crosses = (y >= min(start[1], end[1])) & (y < max(start[1], end[1]))
            inside ^= crosses & (x < start[0] + (y - start[1]) / (end[1] - start[1]) * (end[0] - start[0]))
    assert nearest is not None
    return as_floats(np.where(inside, -nearest, nearest))
