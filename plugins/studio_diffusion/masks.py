"""Masks for painting into an image, and canvases for painting beyond its edge."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from studio.api import Image, Mask, StudioError

FloatArray = NDArray[np.float32]
Sides = tuple[int, int, int, int]
_WIDEST_BLUR = 16.0  # pixels


def check_mask(image: Image, mask: Mask) -> None:
    """Raise StudioError E620 if a mask is not as large as its image."""
    if (mask.width, mask.height) != (image.width, image.height):
        raise StudioError(
            "E620",
            f"the mask is {mask.width} x {mask.height} and the image {image.width} x {image.height}",
            hint="make them equal, with image.resize_mask for example",
        )


def soften_inside(mask: FloatArray, feather: float) -> FloatArray:
    """Let a mask (height x width) rise over `feather` pixels from its edge inwards; outside it stays 0.

    A piece that is thinner than that rises to its middle. The mask's own shades stay: what is half chosen is half
    drawn. The edge of the image is no edge of the mask.
    """
    chosen = (mask > 0).astype(np.uint8)
    if feather <= 0 or chosen.all():
        return mask
    depth = cv2.distanceTransform(chosen, cv2.DIST_L2, 5) - 0.5
    count, pieces = cv2.connectedComponents(chosen)
    deepest = np.zeros(count, np.float32)
    np.maximum.at(deepest, np.asarray(pieces, np.int64).ravel(), depth.ravel())
    rise = np.minimum(feather, np.maximum(deepest, 0.5))[pieces]
    return np.asarray(np.clip(depth / rise, 0, 1) * mask, np.float32)


def lay_over(kept: FloatArray, drawn: FloatArray, weight: FloatArray) -> FloatArray:
    """Lay what was drawn over an image; where the weight is 0 its samples stay exactly."""
    share = weight[:, :, None]
    mixed = kept + share * (drawn - kept)
    return np.asarray(np.where(share > 0, np.clip(mixed, 0, 1), kept), np.float32)


def extend_canvas(
    pixels: FloatArray, left: int, right: int, top: int, bottom: int, seam: int
) -> tuple[FloatArray, FloatArray]:
    """Extend an image (height x width x 3), and return the mask of what is to be painted.

    The new parts begin as a mirror image that fades into a blur, so that colors and light go on. The mask reaches
    `seam` pixels into the image, where old and new are mixed.
    """
    height, width = pixels.shape[:2]
    sides = (top, bottom, left, right)
    canvas = _mirror_border(pixels, sides) if min(height, width) > 1 else _repeat_border(pixels, sides)
    canvas = canvas.reshape(height + top + bottom, width + left + right, 3)
    blurred = _blur(canvas, max(2.0, max(sides) / 4))
    new = np.ones(canvas.shape[:2], np.float32)
    new[top : top + height, left : left + width] = 0
    distance = cv2.distanceTransform((new > 0).astype(np.uint8), cv2.DIST_L2, 5)
    fade = np.clip(distance / max(1.0, max(sides) / 2), 0, 1)[:, :, None]
    canvas = np.asarray(canvas * (1 - fade) + blurred * fade, np.float32)
    canvas[top : top + height, left : left + width] = pixels
    mask = new.copy()
    inner = [seam if side else 0 for side in sides]
    mask[top : top + height, left : left + width] = 1
    mask[top + inner[0] : top + height - inner[1], left + inner[2] : left + width - inner[3]] = 0
    return np.clip(canvas, 0, 1), mask


def _repeat_border(pixels: FloatArray, sides: Sides) -> FloatArray:
    """Extend an image up, down, left and right by its outermost samples."""
    top, bottom, left, right = sides
    extended = cv2.copyMakeBorder(pixels, top, bottom, left, right, borderType=cv2.BORDER_REPLICATE)
    return np.asarray(extended, np.float32)


def _mirror_border(pixels: FloatArray, sides: Sides) -> FloatArray:
    """Extend an image up, down, left and right by its mirror image, and beyond that by its outermost samples."""
    height, width = pixels.shape[:2]
    up, down = (min(side, height - 1) for side in sides[:2])
    left, right = (min(side, width - 1) for side in sides[2:])
    mirrored = cv2.copyMakeBorder(pixels, up, down, left, right, borderType=cv2.BORDER_REFLECT_101)
    rest = (sides[0] - up, sides[1] - down, sides[2] - left, sides[3] - right)
    return _repeat_border(np.asarray(mirrored, np.float32).reshape(height + up + down, width + left + right, -1), rest)


def _blur(pixels: FloatArray, deviation: float) -> FloatArray:
    """Blur with a Gaussian; a wide one on a small copy, as its cost grows with the deviation."""
    shrink = max(1.0, deviation / _WIDEST_BLUR)
    height, width = pixels.shape[:2]
    size = (max(1, round(width / shrink)), max(1, round(height / shrink)))
    small = cv2.GaussianBlur(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), (0, 0), deviation / shrink)
    return np.asarray(cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR), np.float32)


def fade_seam(mask: FloatArray, new: FloatArray) -> FloatArray:
    """Let a mask fall from what is new (1) to its own edge (0), over the seam between."""
    inside = cv2.distanceTransform((mask > 0).astype(np.uint8), cv2.DIST_L2, 5)
    outside = cv2.distanceTransform((new <= 0).astype(np.uint8), cv2.DIST_L2, 5)
    return np.asarray(
        np.where(new > 0, 1, np.where(mask > 0, inside / np.maximum(inside + outside, 1e-6), 0)), np.float32
    )
