"""Edges after Canny."""

from __future__ import annotations

import cv2
import numpy as np

from studio_image.blur import blur_gaussian
from studio_image.pixels import FloatArray, as_floats, compute_luma, premultiply


def detect_edges(pixels: FloatArray, low: float, high: float, blur: float) -> FloatArray:
    """Return edges (H x W, 0 or 1) of the luma (Canny 1986), thresholds in [0, 1] of the steepest full step."""
    luma = blur_gaussian(np.ascontiguousarray(compute_luma(premultiply(pixels))), blur)
    levels = np.rint(np.clip(luma, 0, 1) * 255.0).astype(np.uint8)
    steepest = 4 * 255.0  # what Sobel's 3 x 3 gives for a step from black to white
    edges = cv2.Canny(levels, min(low, high) * steepest, max(low, high) * steepest, L2gradient=True)
    return as_floats(edges > 0)
