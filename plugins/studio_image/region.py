"""The part of an image that shows something: the box around it, with room, in a shape and in multiples."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from studio_image.pixels import AnyArray, FloatArray

Region = tuple[int, int, int, int]
"""Left, top, width and height in pixels."""


def find_content(pixels: FloatArray, tolerance: float) -> NDArray[np.bool_]:
    """Say where an image shows something: where it is not transparent, or else not of its corners' color.

    Args:
        pixels: H x W x C.
        tolerance: The largest difference in a channel, 0 to 1, that counts as nothing.
    """
    if pixels.shape[2] == 4 and pixels[:, :, 3].min() < 1:
        shown: NDArray[np.bool_] = pixels[:, :, 3] > tolerance
        return shown
    corners = pixels[[0, 0, -1, -1], [0, -1, 0, -1]]
    # the corner that most resembles the others is the border's color: one corner may be covered
    distances = np.abs(corners[:, None] - corners[None]).max(2).sum(1)
    border = corners[int(np.argmin(distances))]
    other: NDArray[np.bool_] = np.abs(pixels - border).max(2) > tolerance
    return other


def find_box(chosen: NDArray[np.bool_]) -> Region | None:
    """Return the smallest box that holds all chosen pixels, or None if there are none."""
    rows, columns = np.flatnonzero(chosen.any(1)), np.flatnonzero(chosen.any(0))
    if not len(rows):
        return None
    left, top = int(columns[0]), int(rows[0])
    return left, top, int(columns[-1]) + 1 - left, int(rows[-1]) + 1 - top


def extend_box(box: Region, size: tuple[int, int], padding: int, ratio: float | None, multiple_of: int) -> Region:
    """Enlarge a box inside an image: by room around it, to a shape, and to multiples, as far as the image reaches.

    Args:
        box: The box.
        size: Width and height of the image.
        padding: Room on each side in pixels.
        ratio: Width over height, or None for any.
        multiple_of: What both sides are to be multiples of.
    """
    left, top = max(box[0] - padding, 0), max(box[1] - padding, 0)
    right, bottom = min(box[0] + box[2] + padding, size[0]), min(box[1] + box[3] + padding, size[1])
    wide, high = right - left, bottom - top
    if ratio is not None:
        wide, high = max(wide, round(high * ratio)), max(high, round(wide / ratio))
    wide, high = (
        min(-(-side // multiple_of) * multiple_of, whole) for side, whole in zip((wide, high), size, strict=True)
    )
    return (
        _move_inside((left + right - wide) // 2, wide, size[0]),
        _move_inside((top + bottom - high) // 2, high, size[1]),
        wide,
        high,
    )


def _move_inside(start: int, side: int, whole: int) -> int:
    return min(max(start, 0), whole - side)


def cut(samples: AnyArray, region: Region) -> AnyArray:
    """Return the samples of a region."""
    left, top, width, height = region
    part: AnyArray = samples[top : top + height, left : left + width]
    return part
