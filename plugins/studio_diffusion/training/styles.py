"""Styles of drawn scenes that are filters of the finished picture: uint8 RGB in, uint8 RGB out."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
from PIL import Image


def _find_edges(picture: np.ndarray) -> np.ndarray:
    values = picture.astype(np.float32) / 255
    down = np.abs(np.diff(values, axis=0, prepend=values[:1])).max(-1)
    right = np.abs(np.diff(values, axis=1, prepend=values[:, :1])).max(-1)
    edges: np.ndarray = np.clip((down + right) * 1.3, 0, 1)
    return edges


def _spread(gray: np.ndarray) -> np.ndarray:
    return np.repeat((np.clip(gray, 0, 1) * 255 + 0.5).astype(np.uint8)[..., None], 3, 2)


def _gray(picture: np.ndarray) -> np.ndarray:
    return cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY).astype(np.float32) / 255


def _make_pixel_art(picture: np.ndarray) -> np.ndarray:
    side = picture.shape[0]
    small = Image.fromarray(picture).resize((16, 16), Image.Resampling.BOX).quantize(12).convert("RGB")
    return np.asarray(small.resize((side, side), Image.Resampling.NEAREST))


def _make_sepia(picture: np.ndarray) -> np.ndarray:
    gray = _gray(picture)[..., None]
    toned = np.array([0.30, 0.18, 0.08]) * (1 - gray) + np.array([1, 0.92, 0.75]) * gray
    levels: np.ndarray = (toned * 255 + 0.5).clip(0, 255).astype(np.uint8)
    return levels


def _make_neon(picture: np.ndarray) -> np.ndarray:
    glow = cv2.GaussianBlur(_find_edges(picture), (0, 0), 1.2 * picture.shape[0] / 64)[..., None]
    light = np.array([0.03, 0.02, 0.1]) + glow * np.array([0.15, 1.4, 1.5])
    levels: np.ndarray = (light * 255).clip(0, 255).astype(np.uint8)
    return levels


def _make_blueprint(picture: np.ndarray) -> np.ndarray:
    lines = np.clip(_find_edges(picture) * 1.5, 0, 1)[..., None]
    paper = np.array([0.09, 0.24, 0.56])
    return ((paper + (1 - paper) * lines) * 255).clip(0, 255).astype(np.uint8)


FILTERS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "pixel art": _make_pixel_art,
    "pencil sketch": lambda p: _spread(1 - 0.8 * _find_edges(p) - 0.35 * (1 - _gray(p))),
    "outline drawing": lambda p: _spread(1 - np.clip(_find_edges(p) * 1.6, 0, 1)),
    "neon": _make_neon,
    "blueprint": _make_blueprint,
    "sepia": _make_sepia,
    "black and white": lambda p: _spread(_gray(p)),
}
# styles that have no colors to ask for
COLORLESS_STYLES = frozenset(FILTERS) - {"pixel art"} | {"silhouette"}
