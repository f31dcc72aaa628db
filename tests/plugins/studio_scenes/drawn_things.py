"""Cut-outs drawn with numbers, for tests."""

from __future__ import annotations

import numpy as np

from studio.api import Image


def make_disc(side: int = 40, color: tuple[int, int, int] = (200, 40, 30)) -> Image:
    """A disc in front of nothing."""
    rows, columns = np.mgrid[:side, :side]
    inside = np.hypot(rows - side / 2 + 0.5, columns - side / 2 + 0.5) < side * 0.45
    return _fill(inside, color)


def make_bar(width: int = 40, height: int = 12, color: tuple[int, int, int] = (20, 60, 220)) -> Image:
    """A bar in front of nothing, with a transparent edge of one pixel."""
    inside = np.zeros((height, width), np.bool_)
    inside[1:-1, 1:-1] = True
    return _fill(inside, color)


def _fill(inside: np.ndarray, color: tuple[int, int, int]) -> Image:
    pixels = np.zeros((*inside.shape, 4), np.uint8)
    pixels[inside] = (*color, 255)
    return Image(pixels)
