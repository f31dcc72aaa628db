"""The luma of images as a mark sees it, and images with another luma: depth, alpha and color space are kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from studio.api import Image
from studio_provenance.image_waves import LONGEST

if TYPE_CHECKING:
    import numpy.typing as npt

    FloatArray = npt.NDArray[np.float32]

_LUMA = np.array([0.299, 0.587, 0.114], np.float32)  # BT.601, as JPEG has it
_GAMMA = 2.2  # of linear samples, so that equal steps look equal


def read_luma(image: Image) -> FloatArray:
    """Return the luma of an image over mid grey, height x width; in [0, 1], beyond for linear samples that are."""
    pixels = image.pixels
    luma = _find_luma(pixels)
    if image.color.encoding == "linear":
        luma = _encode(luma)
    if image.channels == 4:
        luma = 0.5 + (luma - 0.5) * pixels[..., 3]
    return np.ascontiguousarray(luma, np.float32)


def read_small_luma(image: Image) -> FloatArray:
    """Return the luma of an image, whose longer side is LONGEST at most."""
    import cv2

    luma = read_luma(image)
    longest = max(luma.shape)
    if longest <= LONGEST:
        return luma
    size = tuple(max(1, round(length * LONGEST / longest)) for length in (image.width, image.height))
    return np.asarray(cv2.resize(luma, size, interpolation=cv2.INTER_AREA), np.float32)


def add_luma(image: Image, added: FloatArray) -> Image:
    """Return an image with so much more luma; transparent pixels and linear samples near black stay as they are.

    Args:
        image: The image.
        added: What to add, height x width, in units of full range.
    """
    stored = image.stored
    pixels = image.pixels
    colors = pixels[..., :3] if image.channels == 4 else pixels
    if image.channels == 4:
        added = np.where(pixels[..., 3] > 0, added, 0)
    if image.color.encoding == "linear":
        luma = _find_luma(pixels)
        encoded = _encode(luma)
        changed = np.maximum(encoded + added, 0) ** _GAMMA
        factor = np.where(luma > 1e-4, changed / np.maximum(luma, 1e-4), 1)
        made = colors * factor[..., None]
    else:
        made = colors + added[..., None]
        if image.color.is_bounded:
            made = np.clip(made, 0, 1)
    if image.channels == 4:
        made = np.concatenate([made, pixels[..., 3:]], axis=2)
    return Image.take(convert_depth(made, stored.dtype), color=image.color)


def _find_luma(pixels: FloatArray) -> FloatArray:
    luma: FloatArray = pixels[..., 0] if pixels.shape[2] == 1 else pixels[..., :3] @ _LUMA
    return luma


def _encode(luma: FloatArray) -> FloatArray:
    encoded: FloatArray = np.maximum(luma, 0) ** np.float32(1 / _GAMMA)
    return encoded


def convert_depth(samples: FloatArray, dtype: np.dtype[Any]) -> npt.NDArray[Any]:
    """Return samples in the depth of another array."""
    if dtype.kind != "u":
        return samples.astype(np.float32)
    return np.rint(samples * np.iinfo(dtype).max).astype(dtype)
