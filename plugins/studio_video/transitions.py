"""Transitions in which one image covers, uncovers, zooms or blurs into another, or turns like the hand of a clock."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
_BLUR = 24  # the widest blur reaches so small a share of the shorter side, three times
_SWEEP = 2.5 * np.pi  # more than a turn, for the edge is one radian soft


def cover(a: Array, b: Array, share: float, direction: str) -> Array:
    """Return the second image, as far as it has come in over the first: "left" comes from the right edge."""
    axis = 1 if direction in ("left", "right") else 0
    size = a.shape[axis]
    moved = round(share * size)
    forwards = direction in ("right", "down")
    here = slice(0, moved) if forwards else slice(size - moved, size)
    there = slice(size - moved, size) if forwards else slice(0, moved)
    mixed = a.copy()
    mixed[(slice(None), here) if axis else here] = b[(slice(None), there) if axis else there]
    return mixed


def reveal(a: Array, b: Array, share: float, direction: str) -> Array:
    """Return the second image, as far as the first has moved away from it in a direction."""
    opposite = {"left": "right", "right": "left", "up": "down", "down": "up"}[direction]
    return cover(b, a, 1.0 - share, opposite)


def sweep(shape: tuple[int, ...], share: float) -> npt.NDArray[np.float32]:
    """Return the share of the second image in each pixel: a hand with a soft edge turns clockwise from the top."""
    height, width = shape[:2]
    y, x = np.mgrid[:height, :width]
    angle = np.arctan2(x - (width - 1) / 2, y - (height - 1) / 2)  # pi at the top, falling clockwise
    begun = np.clip((share - 0.5) * _SWEEP + angle, -0.5, 0.5) + 0.5
    soft: npt.NDArray[np.float32] = (begun * begun * (3 - 2 * begun)).astype(np.float32)
    return soft


def zoom_in(a: Array, share: float) -> tuple[Array, float]:
    """Return the first image as it grows about its middle, and the share of the second that shows over it.

    It grows until half of the time has passed, then the second appears, both by FFmpeg's smooth step.
    """
    import cv2

    height, width = a.shape[:2]
    part = 1.0 - _ease(2.0 * share)
    middle = (width - 1) / 2, (height - 1) / 2
    matrix = np.array([[part, 0, middle[0] * (1 - part)], [0, part, middle[1] * (1 - part)]])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    grown: Array = cv2.warpAffine(a, matrix, (width, height), flags=flags, borderMode=cv2.BORDER_REPLICATE)
    return grown.reshape(a.shape), _ease(2.0 * share - 1.0)


def _ease(share: float) -> float:
    """Return the smooth step from 0 to 1."""
    share = min(max(share, 0.0), 1.0)
    return share * share * (3 - 2 * share)


def blur(a: Array, share: float) -> npt.NDArray[np.float32]:
    """Return samples that are blurred most when half of a transition is over: three means over squares."""
    import cv2

    made: npt.NDArray[np.float32] = a.astype(np.float32)
    size = 1 + 2 * round((1.0 - abs(2.0 * share - 1.0)) * min(a.shape[:2]) / _BLUR)
    for _ in range(3 if size > 1 else 0):
        blurred = cv2.blur(made, (size, size), borderType=cv2.BORDER_REFLECT)
        made = np.asarray(blurred, np.float32).reshape(a.shape)
    return made
