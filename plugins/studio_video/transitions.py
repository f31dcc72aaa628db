"""Transitions in which one image covers or uncovers another, or turns into it like the hand of a clock."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
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
