"""Masks mended: holes filled, the largest part kept, specks and notches removed."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

from studio_image.pixels import FloatArray
from studio_image.select import grow


def fill_holes(mask: FloatArray) -> FloatArray:
    """Select what is not selected (below one half) and does not reach the edge of the mask, not even by a corner."""
    count, labels = cv2.connectedComponents((mask < 0.5).astype(np.uint8), connectivity=4)
    outer = np.zeros(count, bool)
    for edge in (labels[0], labels[-1], labels[:, 0], labels[:, -1]):
        outer[edge] = True
    outer[0] = True  # what is selected
    filled: FloatArray = np.where(outer[labels], mask, np.float32(1))
    return filled


def keep_largest(mask: FloatArray) -> FloatArray:
    """Keep the part (of samples from one half on, that touch by a side or a corner) with the most samples.

    Softer samples are kept where they touch it.
    """
    count, labels, facts, _ = cv2.connectedComponentsWithStats((mask >= 0.5).astype(np.uint8), connectivity=8)
    if count <= 2:
        return mask
    largest = 1 + int(np.argmax(facts[1:, cv2.CC_STAT_AREA]))
    # soft edges belong to the part that they lie around
    count, soft_labels = cv2.connectedComponents((mask > 0).astype(np.uint8), connectivity=8)
    around = np.zeros(count, bool)
    around[np.unique(soft_labels[labels == largest])] = True
    others = (labels > 0) & (labels != largest)
    kept: FloatArray = np.where(around[soft_labels] & ~others, mask, np.float32(0))
    return kept


def smooth(mask: FloatArray, radius: int, step: Callable[[int, int], None]) -> FloatArray:
    """Open and close a mask (Serra 1982): specks, gaps and notches up to a radius in pixels go."""
    if not radius:
        return mask
    padded = np.pad(mask, radius, mode="edge")
    opened = grow(grow(padded, -radius, step), radius, step)
    closed = grow(grow(opened, radius, step), -radius, step)
    return np.ascontiguousarray(closed[radius:-radius, radius:-radius])
