"""A drawing of an image's lines: extended differences of Gaussians (Winnemoeller et al. 2012)."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float32]


def draw_lines(luma: FloatArray, thickness: float, detail: float) -> FloatArray:
    """Return dark lines on white, height x width from 0 to 1.

    Args:
        luma: Height x width, from 0 to 1.
        thickness: Deviation of the finer Gaussian in pixels, about half of a line's width.
        detail: From 0 (strong edges alone) to 1 (faint ones too).
    """
    fine = cv2.GaussianBlur(luma, (0, 0), thickness, borderType=cv2.BORDER_REFLECT)
    coarse = cv2.GaussianBlur(luma, (0, 0), 1.6 * thickness, borderType=cv2.BORDER_REFLECT)
    edges = fine - coarse  # negative on the dark side of an edge
    least = 0.06 * 0.05**detail
    found: FloatArray = (1 + np.tanh(np.minimum(edges + least, 0) * (3 / least))).astype(np.float32)
    return np.clip(found, 0, 1)
