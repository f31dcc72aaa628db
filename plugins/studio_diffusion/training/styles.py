"""Styles of drawn scenes: filters of the finished picture (uint8 RGB in and out), and the border of a sticker."""

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
    cells = 16 if side < 128 else 32
    small = Image.fromarray(picture).resize((cells, cells), Image.Resampling.BOX).quantize(16).convert("RGB")
    return np.asarray(small.resize((side, side), Image.Resampling.NEAREST))


def _make_sepia(picture: np.ndarray) -> np.ndarray:
    gray = _gray(picture)[..., None]
    toned = np.array([0.30, 0.18, 0.08]) * (1 - gray) + np.array([1, 0.92, 0.75]) * gray
    levels: np.ndarray = (toned * 255 + 0.5).clip(0, 255).astype(np.uint8)
    return levels


def _make_neon(picture: np.ndarray) -> np.ndarray:
    scale = picture.shape[0] / 64
    lines = cv2.GaussianBlur(np.clip(_find_edges(picture) * 2, 0, 1), (0, 0), 0.35 * scale)
    glow = cv2.GaussianBlur(lines, (0, 0), 1.6 * scale)[..., None]
    core = np.clip(lines * 1.4, 0, 1)[..., None]
    light = np.array([0.03, 0.02, 0.1]) + glow * np.array([0.1, 0.9, 1.2]) + core * np.array([0.5, 0.9, 0.9])
    levels: np.ndarray = (light * 255).clip(0, 255).astype(np.uint8)
    return levels


def _make_blueprint(picture: np.ndarray) -> np.ndarray:
    lines = np.clip(_find_edges(picture) * 1.5, 0, 1)[..., None]
    paper = np.array([0.09, 0.24, 0.56])
    return ((paper + (1 - paper) * lines) * 255).clip(0, 255).astype(np.uint8)


FILTERS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "pixel art": _make_pixel_art,
    "pencil sketch": lambda p: _spread(1 - 0.8 * _find_edges(p) - 0.35 * (1 - _gray(p))),
    "outline drawing": lambda p: _spread(1 - np.clip((_find_edges(p) - 0.06) * 2, 0, 1)),
    "neon": _make_neon,
    "blueprint": _make_blueprint,
    "sepia": _make_sepia,
    "black and white": lambda p: _spread(_gray(p)),
}
# styles that have no colors to ask for
COLORLESS_STYLES = frozenset(FILTERS) - {"pixel art"} | {"silhouette"}


def add_border(sprite: np.ndarray) -> np.ndarray:
    """Cut a thing out as a sticker: a white border around it and a soft shadow below, within the same square.

    Args:
        sprite: side x side x 4, float32 0..1, not premultiplied.

    Returns:
        The sticker, as large.
    """
    side = len(sprite)
    inner, reach = round(side * 0.86), max(1, round(side * 0.045))
    rim = (side - inner) // 2
    # premultiplied, so that what is transparent lends no color to the edge
    flat = np.concatenate([sprite[..., :3] * sprite[..., 3:], sprite[..., 3:]], -1)
    thing = np.zeros_like(sprite)
    thing[rim : rim + inner, rim : rim + inner] = cv2.resize(flat, (inner, inner), interpolation=cv2.INTER_AREA)
    disk = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1))
    paper = cv2.GaussianBlur(cv2.dilate(thing[..., 3], disk), (0, 0), 0.6)
    shadow = 0.35 * np.roll(cv2.GaussianBlur(paper, (0, 0), side * 0.018), round(side * 0.012), 0)
    alpha = np.maximum(paper, shadow)[..., None]
    light = paper[..., None] * (1 - thing[..., 3:]) + thing[..., :3]
    sticker = np.concatenate([light / np.maximum(alpha, 1e-3), alpha], -1)
    result: np.ndarray = sticker.clip(0, 1).astype(np.float32)
    return result
