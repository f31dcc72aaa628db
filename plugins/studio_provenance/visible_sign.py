"""The visible sign on an image: text on a plate in a corner, which stands out from the pixels under it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from studio.api import Image, StudioError
from studio.api.fonts import UNIVERSAL_FONT
from studio_provenance.image_pixels import convert_depth, read_luma
from studio_provenance.sign_words import Corner

if TYPE_CHECKING:
    import numpy.typing as npt

    FloatArray = npt.NDArray[np.float32]

_PLATE = 0.85  # opacity: letters have a contrast of 15 and more (WCAG 2.2), whatever lies under the plate
_SMALLEST = 9  # pixels of a font that can be read
_ROOM = 0.9  # of the width that the plate takes at most


def draw_sign(image: Image, text: str, corner: Corner, size: float) -> Image:
    """Return an image with a sign in a corner.

    Args:
        image: The image; depth, alpha and color space are kept.
        text: What the sign says.
        corner: Where it is.
        size: Height of its letters, as a share of the shorter side.

    Raises:
        StudioError: E654 if the sign does not fit.
    """
    cover, letters = _render(image, text, size)
    height, width = cover.shape
    margin = max(2, round(0.02 * min(image.width, image.height)))
    top = margin if corner.startswith("top") else image.height - height - margin
    left = margin if corner.endswith("left") else image.width - width - margin
    if top < 0 or left < 0:
        raise _refuse(image, text)
    place = slice(top, top + height), slice(left, left + width)
    is_bright = float(np.mean(read_luma(image)[place])) > 0.5
    ink = letters if is_bright else 1 - letters  # white letters on a dark plate on bright pixels, or the other way
    pixels = np.array(image.pixels)
    part = pixels[place]
    colors = 3 if image.channels == 4 else image.channels
    part[..., :colors] += (ink[..., None] - part[..., :colors]) * cover[..., None]
    if image.channels == 4:
        part[..., 3] = np.maximum(part[..., 3], cover)
    return Image.take(convert_depth(pixels, image.stored.dtype), color=image.color)


def _render(image: Image, text: str, size: float) -> tuple[FloatArray, FloatArray]:
    """Return how far a sign covers its pixels, and where its letters are."""
    import PIL.Image
    import PIL.ImageDraw
    import PIL.ImageFont

    points = max(_SMALLEST, round(size * min(image.width, image.height)))
    while True:
        font = PIL.ImageFont.truetype(str(UNIVERSAL_FONT), points)
        left, top, right, bottom = font.getbbox(text)
        pad = round(0.4 * points)
        width, height = round(right - left) + 2 * pad, round(bottom - top) + 2 * pad
        if width <= _ROOM * image.width and height <= _ROOM * image.height:
            break
        if points <= _SMALLEST:
            raise _refuse(image, text)
        points = max(_SMALLEST, round(0.9 * points))
    letters, plate = PIL.Image.new("L", (width, height)), PIL.Image.new("L", (width, height))
    PIL.ImageDraw.Draw(letters).text((pad - left, pad - top), text, 255, font)
    PIL.ImageDraw.Draw(plate).rounded_rectangle((0, 0, width - 1, height - 1), pad, 255)
    ink = np.asarray(np.asarray(letters, np.float32) / 255, np.float32)
    cover = np.asarray(np.asarray(plate, np.float32) * (_PLATE / 255), np.float32)
    return np.maximum(cover, ink), ink


def _refuse(image: Image, text: str) -> StudioError:
    message = f"the sign {text[:40]!r} does not fit into {image.width} x {image.height} pixels"
    return StudioError("E654", message, hint='write a shorter sign, such as "AI"; or enlarge the image')
