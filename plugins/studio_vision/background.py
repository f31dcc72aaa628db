"""What stands in front of a background, without a network: GrabCut (Rother et al. 2004), feathered and defringed."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float32]

_SIDE = 640
"""Longer side at which colors are parted; the edge is refined at full size."""


def find_foreground(
    pixels: FloatArray, box: tuple[float, float, float, float] | None, rounds: int, feather: float
) -> FloatArray:
    """Return a mask of the foreground, height x width from 0 to 1.

    Args:
        pixels: Height x width x 3, from 0 to 1.
        box: Left, top, right, bottom around the foreground, in pixels; None if it does not touch the image's edge.
        rounds: How often colors are learned again.
        feather: Width of the soft edge in pixels.
    """
    height, width = pixels.shape[:2]
    scale = min(1.0, _SIDE / max(height, width))
    small = cv2.resize(
        pixels, (max(8, round(width * scale)), max(8, round(height * scale))), interpolation=cv2.INTER_AREA
    )
    coded = np.rint(small * 255).astype(np.uint8)
    tall, wide = coded.shape[0], coded.shape[1]
    marks = np.full((tall, wide), cv2.GC_BGD, np.uint8)
    if box is None:
        edge = max(2, round(0.03 * min(tall, wide)))
        left, top, right, bottom = edge, edge, wide - edge, tall - edge
    else:
        left, top = max(0, round(box[0] * wide / width)), max(0, round(box[1] * tall / height))
        right, bottom = min(wide, round(box[2] * wide / width)), min(tall, round(box[3] * tall / height))
    marks[top:bottom, left:right] = cv2.GC_PR_FGD
    known = marks == cv2.GC_BGD
    if not known.any() or known.all():
        return np.full((height, width), 0.0 if known.all() else 1.0, np.float32)
    cv2.setRNGSeed(1)  # GrabCut begins with k-means from random centres
    behind, before = np.zeros((1, 65)), np.zeros((1, 65))
    cv2.grabCut(coded, marks, (0, 0, 1, 1), behind, before, rounds, cv2.GC_INIT_WITH_MASK)
    hard = ((marks == cv2.GC_FGD) | (marks == cv2.GC_PR_FGD)).astype(np.float32)
    whole = cv2.resize(hard, (width, height), interpolation=cv2.INTER_LINEAR)
    if feather > 0:
        radius = max(1, round(feather + 0.5 / scale))
        whole = _follow_edges(pixels.mean(axis=2, dtype=np.float32), whole, radius)
    mask: FloatArray = np.clip(whole, 0, 1).astype(np.float32)
    return mask


def _follow_edges(guide: FloatArray, mask: FloatArray, radius: int, noise: float = 1e-4) -> FloatArray:
    """Return a mask whose soft edge follows those of an image (guided filter, He et al. 2010)."""
    size = (2 * radius + 1, 2 * radius + 1)
    mean, means = cv2.blur(guide, size), cv2.blur(mask, size)
    slope = (cv2.blur(guide * mask, size) - mean * means) / (cv2.blur(guide * guide, size) - mean * mean + noise)
    found: FloatArray = cv2.blur(slope, size) * guide + cv2.blur(means - slope * mean, size)
    return found


def remove_fringe(pixels: FloatArray, mask: FloatArray) -> FloatArray:
    """Return colors in which the soft edge has those of the foreground beside it, and none of the background."""
    solid = (mask > 0.95).astype(np.float32)
    if not solid.any():
        return pixels
    colors, weights = pixels * solid[..., None], solid
    for _ in range(6):  # each round reaches twice as far
        size = (7, 7)
        near = cv2.blur(weights, size)
        spread = cv2.blur(colors, size) / np.maximum(near, 1e-6)[..., None]
        empty = (weights == 0) & (near > 1e-6)
        colors = np.where(empty[..., None], spread, colors)
        weights = np.where(empty, 1.0, weights).astype(np.float32)
    soft = (solid == 0) & (mask > 0) & (weights > 0)
    return np.where(soft[..., None], colors, pixels).astype(np.float32)
