"""Samples of several depths brought to one, and colors weighed by alpha."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]


def find_top(array: Array) -> float:
    """Return the sample that is full light: 255, 65535, or 1 of floats."""
    return 1.0 if array.dtype.kind == "f" else float(np.iinfo(array.dtype).max)


def match_depth(*arrays: Array) -> list[Array]:
    """Return samples of uint8, uint16 or float32 in the deepest of their types, exactly."""
    dtype = max((array.dtype for array in arrays), key=lambda each: (each.kind == "f", each.itemsize))
    return [_widen(array, dtype) for array in arrays]


def _widen(array: Array, dtype: Any) -> Array:
    if array.dtype == dtype:
        return array
    if np.dtype(dtype).kind == "f":
        return array.astype(np.float32) / np.float32(find_top(array))
    return array.astype(np.uint16) * np.uint16(257)


def weigh_colors(array: Array) -> Array:
    """Return samples as float32, colors multiplied by alpha; those without alpha as they are."""
    if array.shape[2] != 4:
        return array
    alpha = array[:, :, 3:].astype(np.float32)
    return np.concatenate([array[:, :, :3] * (alpha / np.float32(find_top(array))), alpha], axis=2)


def unweigh_colors(weighed: Array, like: Array) -> Array:
    """Return samples in the type of others, colors divided by alpha again."""
    top = find_top(like)
    if weighed.shape[2] == 4 and like.shape[2] == 4:
        colors = weighed[:, :, :3] * (top / np.maximum(weighed[:, :, 3:], 1e-6 * top))
        weighed = np.concatenate([colors, weighed[:, :, 3:]], axis=2)
    whole = np.clip(weighed, 0, top)
    made: Array = (np.rint(whole) if like.dtype.kind == "u" else whole).astype(like.dtype)
    return made
