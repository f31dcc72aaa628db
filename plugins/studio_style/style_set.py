"""Several style images with shares, and what methods take of them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .color_match import FloatArray

_PALETTE_PIXELS = 1 << 18


@dataclass(frozen=True)
class StyleSet:
    """Style images (each H x W x 3) and their shares, which add up to 1."""

    images: tuple[FloatArray, ...]
    shares: tuple[float, ...]

    def find_palette(self) -> FloatArray:
        """Return pixels of all styles, as many of each as its share says, as an image of some size."""
        if len(self.images) == 1:
            return self.images[0]
        parts = []
        for image, share in zip(self.images, self.shares, strict=True):
            flat = image.reshape(-1, 3)
            places = np.linspace(0, len(flat) - 1, max(1, round(share * _PALETTE_PIXELS))).astype(np.int64)
            parts.append(flat[places])
        return np.concatenate(parts)[:, None]


def create_style_set(images: Sequence[FloatArray], weights: Sequence[float]) -> StyleSet:
    """Make a set; styles without weight are left out. Weights add up to more than 0."""
    kept = [index for index, weight in enumerate(weights) if weight > 0]
    total = math.fsum(weights[index] for index in kept)
    return StyleSet(tuple(images[index] for index in kept), tuple(weights[index] / total for index in kept))
