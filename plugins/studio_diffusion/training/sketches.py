"""Sketches of drawn scenes, as ControlNets take them: white lines on black."""

from __future__ import annotations

import cv2
import numpy as np


def trace_sketch(picture: np.ndarray, rng: np.random.Generator | None = None) -> np.ndarray:
    """Trace a picture: white lines on black, as ControlNets take them; side x side x 3, uint8.

    Canny edges (Canny 1986); with a generator now and then lines of other widths, gaps and a shaky hand.
    """
    low, high = (60, 140) if rng is None else (int(rng.integers(30, 100)), int(rng.integers(110, 220)))
    big = cv2.resize(picture, None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC)
    edges = np.max([cv2.Canny(channel, low, high) for channel in cv2.split(big)], axis=0)
    if rng is not None and rng.random() < 0.35:
        edges = _shake(edges, rng)
    edges = cv2.resize(cv2.dilate(edges, np.ones((2, 2), np.uint8)), picture.shape[1::-1], interpolation=cv2.INTER_AREA)
    lines = np.clip(edges.astype(np.float32) * 1.4, 0, 255).astype(np.uint8)
    return np.repeat(lines[..., None], 3, 2)


def _shake(edges: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    side = edges.shape[0]
    move = cv2.resize(rng.normal(0, 1.2, (6, 6, 2)).astype(np.float32), (side, side), interpolation=cv2.INTER_CUBIC)
    grid = np.stack(np.meshgrid(np.arange(side), np.arange(side)), -1).astype(np.float32) + move
    return cv2.remap(edges, grid[..., 0], grid[..., 1], cv2.INTER_LINEAR)
