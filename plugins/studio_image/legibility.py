"""Whether text on a layer fits its image, and how it stands out from the pixels under it (WCAG 2.2)."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from studio_image.color import Color
from studio_image.composite import composite
from studio_image.pixels import FloatArray, as_floats, decode_srgb, match_channels

_NEAR = 0.1  # colors of letters differ from the color asked for by no more, in each channel
_COVERED = 0.5  # of a letter's alpha: the inside of a letter, without its soft edge
_LIGHT = np.array([0.2126, 0.7152, 0.0722], np.float32)

Letters = NDArray[np.bool_]


def find_letters(layer: FloatArray, color: Color) -> Letters:
    """Return where a layer (H x W x 4, straight alpha) has letters of a color, without their soft edges."""
    return _is_near(layer, color) & (layer[:, :, 3] >= _COVERED * color[3])


def _is_near(layer: FloatArray, color: Color) -> Letters:
    wanted = np.asarray(color[:3], np.float32)
    near: Letters = (np.abs(layer[:, :, :3] - wanted) <= _NEAR).all(axis=2)
    return near


def measure_margin(letters: Letters) -> int:
    """Return the least distance from a letter to an edge of the image, in pixels; 0 where one touches it."""
    rows, columns = np.flatnonzero(letters.any(axis=1)), np.flatnonzero(letters.any(axis=0))
    height, width = letters.shape
    return int(min(rows[0], columns[0], height - 1 - rows[-1], width - 1 - columns[-1]))


def measure_contrast(layer: FloatArray, ground: FloatArray, color: Color, share: float) -> float:
    """Return the WCAG contrast that all but a share of the letters' pixels have, from 1 to 21.

    What is under a letter is the ground itself. If the layer has an outline, a shadow or a box too, it is what is seen
    nearest to the letter, beyond its soft edge.

    Args:
        layer: Text on transparency, H x W x 4.
        ground: What the layer is drawn on, of the same size; behind transparency it is black.
        color: Color of the letters.
        share: Share of the pixels that may have less contrast.
    """
    letters = find_letters(layer, color)
    solid = match_channels(ground, 3)
    solid = solid[:, :, :3] * solid[:, :, 3:] if solid.shape[2] == 4 else solid
    under = _find_under(layer, solid, color)
    alpha = np.float32(color[3])
    seen = under + (np.asarray(color[:3], np.float32) - under) * alpha
    text, back = (decode_srgb(pixels)[letters] @ _LIGHT + 0.05 for pixels in (seen, under))
    ratios = np.sort(np.maximum(text, back) / np.minimum(text, back))
    return float(ratios[min(int(share * len(ratios)), len(ratios) - 1)])


def _find_under(layer: FloatArray, ground: FloatArray, color: Color) -> FloatArray:
    """Return what is under each pixel of the letters: the ground with the layer's decorations, without letters."""
    shown, letters = layer[:, :, 3] > 0, _is_near(layer, color)
    if not (shown & ~letters).any():
        return ground
    seen = composite(ground, layer, 0, 0, 1.0, "normal")
    around = cv2.erode((~(letters & shown)).astype(np.uint8), np.ones((3, 3), np.uint8))
    if not around.any():
        return ground
    _, labels = cv2.distanceTransformWithLabels(1 - around, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)
    colors = np.zeros((labels.max() + 1, 3), np.float32)
    colors[labels[around > 0]] = seen[around > 0][:, :3]
    return as_floats(colors[labels])
