"""Images to the arrays that the methods work on, and back."""

from __future__ import annotations

import numpy as np

from studio.api import Image, Mask
from studio_style.color_match import FloatArray


def read_rgb(image: Image) -> FloatArray:
    """Return the colors of an image, H x W x 3; grey becomes three equal channels, alpha is left out."""
    pixels = image.pixels
    return np.repeat(pixels, 3, axis=2) if image.channels == 1 else pixels[:, :, :3]


def join_alpha(pixels: FloatArray, original: Image) -> Image:
    """Return an image with these colors and the alpha of the original."""
    pixels = np.clip(pixels, 0.0, 1.0)
    if original.channels != 4:
        return Image(pixels)
    return Image(np.concatenate([pixels, original.pixels[:, :, 3:]], axis=2))


def blend_by_mask(below: FloatArray, above: FloatArray, mask: Mask) -> FloatArray:
    """Return `above` where the mask is 1, `below` where it is 0."""
    weight = mask.pixels[:, :, None]
    return (below + weight * (above - below)).astype(np.float32)
