"""Images beside each other and before against after."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np

from studio_image.bounds import check_size
from studio_image.color import Color, count_channels
from studio_image.pixels import FloatArray, as_floats, match_channels, premultiply
from studio_image.resize import resample

Direction = Literal["right", "down"]
Match = Literal["none", "smallest", "largest", "first"]
Align = Literal["start", "center", "end"]

_SHARES = {"start": 0.0, "center": 0.5, "end": 1.0}


def stack(
    images: Sequence[FloatArray], direction: Direction, match: Match, gap: int, align: Align, background: Color
) -> FloatArray:
    """Put images in a row or a column.

    Args:
        images: Each H x W x C.
        direction: Where the next image lies.
        match: Whose height (in a row) or width (in a column) all images get, their shapes kept; "none" resizes none.
        gap: Pixels between two images.
        align: Where smaller images lie across the direction.
        background: Color of gaps and of the space beside smaller images.
    """
    axis = 0 if direction == "right" else 1
    parts = _match_sides(images, axis, match)
    across = max(part.shape[axis] for part in parts)
    along = sum(part.shape[1 - axis] for part in parts) + gap * (len(parts) - 1)
    height, width = (across, along) if axis == 0 else (along, across)
    check_size(width, height)
    is_filled = gap > 0 or any(part.shape[axis] < across for part in parts)
    channels = max(*(part.shape[2] for part in parts), count_channels(background) if is_filled else 1, 1)
    canvas = np.empty((height, width, channels), np.float32)
    canvas[...] = np.array(background[:channels], np.float32)
    start = 0
    for part in parts:
        shift = int((across - part.shape[axis]) * _SHARES[align])
        rows, columns = part.shape[:2]
        top, left = (shift, start) if axis == 0 else (start, shift)
        canvas[top : top + rows, left : left + columns] = match_channels(part, channels)
        start += part.shape[1 - axis] + gap
    return canvas


def _match_sides(images: Sequence[FloatArray], axis: int, match: Match) -> list[FloatArray]:
    sides = [image.shape[axis] for image in images]
    if match == "none":
        return list(images)
    wanted = {"smallest": min(sides), "largest": max(sides), "first": sides[0]}[match]
    return [_resize_side(image, axis, wanted) for image in images]


def _resize_side(image: FloatArray, axis: int, side: int) -> FloatArray:
    rows, columns = image.shape[:2]
    size = (max(1, round(columns * side / rows)), side) if axis == 0 else (side, max(1, round(rows * side / columns)))
    return resample(image, *size)


def split(
    before: FloatArray, after: FloatArray, position: float, direction: Direction, line: int, color: Color
) -> FloatArray:
    """Show one image up to a line and another of its size beyond it.

    Args:
        before: H x W x C, to the left of the line, or above it.
        after: H x W x c, to the right or below.
        position: Place of the line, from 0 to 1.
        direction: Where the second image lies.
        line: Width of the line in pixels.
        color: Its color.
    """
    channels = max(before.shape[2], after.shape[2], count_channels(color) if line else 1)
    out = np.array(match_channels(before, channels))
    axis = 1 if direction == "right" else 0
    whole = out.shape[axis]
    place = round(position * whole)
    beyond = (slice(None), slice(place, None)) if axis == 1 else (slice(place, None), slice(None))
    out[beyond] = match_channels(after, channels)[beyond]
    start, end = max(place - line // 2, 0), min(place - line // 2 + line, whole)
    if start < end:
        part = (slice(None), slice(start, end)) if axis == 1 else (slice(start, end), slice(None))
        out[part] = np.array(color[:channels], np.float32)
    return out


def find_difference(first: FloatArray, second: FloatArray, gain: float) -> FloatArray:
    """Return how far the samples of two images of one size are apart, times a factor; alpha is mixed in first."""
    channels = max(first.shape[2], second.shape[2])
    pair = (premultiply(match_channels(each, channels)) for each in (first, second))
    distance = np.abs(np.subtract(*pair)) * np.float32(gain)
    if channels == 4:
        distance = np.maximum(distance[:, :, :3], distance[:, :, 3:])
    return as_floats(np.clip(distance, 0.0, 1.0))
