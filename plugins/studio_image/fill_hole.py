"""Holes filled from what is around them."""

from __future__ import annotations

from typing import Literal

import cv2
import numpy as np

from studio_image.pixels import FloatArray, as_floats

Filling = Literal["telea", "navier_stokes"]
_METHODS = {"telea": cv2.INPAINT_TELEA, "navier_stokes": cv2.INPAINT_NS}


def fill_hole(pixels: FloatArray, mask: FloatArray, method: Filling, radius: float) -> FloatArray:
    """Fill what a mask selects from its surroundings; where the mask is 0, nothing changes.

    Args:
        pixels: H x W x C; alpha stays.
        mask: H x W in [0, 1]; soft edges mix the filling in.
        method: Telea 2004, or Bertalmio, Bertozzi and Sapiro 2001.
        radius: Pixels around a sample that it is computed from.
    """
    hole = (mask > 0).astype(np.uint8)
    out = pixels.copy()
    if not hole.any() or hole.all():
        return out
    for channel in range(min(pixels.shape[2], 3)):
        plane = np.ascontiguousarray(pixels[:, :, channel])
        levels = np.rint(plane * 65_535).astype(np.uint16)  # OpenCV's float version is wrong
        filled = as_floats(cv2.inpaint(levels, hole, radius, _METHODS[method])) / np.float32(65_535)
        out[:, :, channel] = np.where(hole, plane + (filled - plane) * mask, plane)
    return out
