"""Sketches and photographs as what ControlNets take: white lines on black, or a depth map."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float32]
ByteArray = NDArray[np.uint8]

_LUMA = np.array([0.299, 0.587, 0.114], np.float32)  # ITU-R BT.601
_PAPER_SHARE = 0.6  # of a drawing that is plain paper
_PAPER_RANGE = 0.12
_INK = 0.15


def prepare_sketch(pixels: FloatArray, kind: str, size: tuple[int, int]) -> FloatArray:
    """Turn an image into a control image.

    Args:
        pixels: Height x width x 3, in [0, 1].
        kind: "as_it_is" and "depth" change nothing but the size. "lines" and "scribble" take a drawing, dark on
            light or light on dark, or find the edges of a photograph; a scribble has thick lines. "canny" finds
            edges in anything (Canny 1986).
        size: Width and height of the result.
    """
    if kind in ("as_it_is", "depth"):
        return _shrink(pixels, size)
    if kind == "canny":
        lines = find_edges(pixels, 100, 200)
    elif is_drawing(pixels):
        lines = trace_drawing(pixels)
    else:
        lines = find_edges(pixels, 50, 130)
    scale = max(pixels.shape[1] / size[0], pixels.shape[0] / size[1])
    width = round(scale * (3.0 if kind == "scribble" else 1.0))
    if width > 1:
        disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (width, width))
        lines = np.asarray(cv2.dilate(lines, disc), np.float32)
    smaller = _shrink(lines, size)
    return np.repeat(np.clip(smaller * 1.4, 0, 1)[:, :, None], 3, axis=2)


def is_drawing(pixels: FloatArray) -> bool:
    """Say whether an image is lines on plain paper: most of it has the tone of its edge, and no color."""
    luma = pixels @ _LUMA
    border = np.concatenate([luma[0], luma[-1], luma[:, 0], luma[:, -1]])
    paper = np.median(border)
    plain = float((np.abs(luma - paper) < _PAPER_RANGE).mean())
    color = float((pixels.max(axis=2) - pixels.min(axis=2)).mean())
    return plain >= _PAPER_SHARE and color < 0.1 and not 0.2 < paper < 0.8


def trace_drawing(pixels: FloatArray) -> FloatArray:
    """Return the lines of a drawing, 1 where there is ink, 0 where there is paper."""
    luma = pixels @ _LUMA
    paper = float(np.median(np.concatenate([luma[0], luma[-1], luma[:, 0], luma[:, -1]])))
    ink = np.abs(luma - paper)
    top = max(float(np.quantile(ink, 0.995)), _INK)
    return np.asarray(np.clip((ink / top - 0.2) / 0.5, 0, 1), np.float32)


def find_edges(pixels: FloatArray, low: float, high: float) -> FloatArray:
    """Return the edges of all three colors (Canny 1986), 0 or 1; thresholds as for 8-bit levels."""
    levels: ByteArray = np.rint(pixels * 255).astype(np.uint8)
    planes = [cv2.Canny(np.ascontiguousarray(levels[:, :, index]), low, high) for index in range(3)]
    return np.asarray(np.max(planes, axis=0) > 0, np.float32)


def _shrink(pixels: FloatArray, size: tuple[int, int]) -> FloatArray:
    smaller = size[0] * size[1] < pixels.shape[0] * pixels.shape[1]
    method = cv2.INTER_AREA if smaller else cv2.INTER_CUBIC
    return np.clip(np.asarray(cv2.resize(pixels, size, interpolation=method), np.float32), 0, 1)
