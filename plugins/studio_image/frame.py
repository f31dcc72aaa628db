"""Borders, inner lines and round corners."""

from __future__ import annotations

import numpy as np

from studio.api import Anchor, place_box
from studio_image.bounds import check_size
from studio_image.color import Color, count_channels
from studio_image.draw_text import cover_box, open_canvas, paint_box
from studio_image.pixels import FloatArray, as_floats, match_channels


def add_frame(
    pixels: FloatArray, sides: tuple[int, int, int, int], color: Color, line: int, line_color: Color, radius: float
) -> FloatArray:
    """Add borders (left, top, right, bottom), a line around the image, and round outer corners.

    An image with alpha lies over the border's color only where the border is; its alpha survives.
    """
    left, top, right, bottom = sides
    rows, columns = pixels.shape[:2]
    width, height = columns + left + right, rows + top + bottom
    check_size(width, height)
    image = open_canvas(pixels, [color, *([line_color] if line else [])])
    if color[3] < 1.0 or radius > 0 or count_channels(color) == 4:
        image = match_channels(image, 4)
    canvas = np.empty((height, width, image.shape[2]), np.float32)
    canvas[...] = np.array(color[: image.shape[2]], np.float32)
    if line:
        paint_box(canvas, left - line, top - line, columns + 2 * line, rows + 2 * line, line_color)
    canvas[top : top + rows, left : left + columns] = image
    if radius > 0:
        canvas[:, :, 3] *= cover_box(as_floats(np.arange(width)), as_floats(np.arange(height)), width, height, radius)
    return canvas


def pad_to(pixels: FloatArray, size: tuple[int, int], anchor: Anchor, color: Color) -> FloatArray:
    """Add borders up to a size (width, height), the image at an anchor of it."""
    spare = (size[0] - pixels.shape[1], size[1] - pixels.shape[0])
    left, top = (int(value) for value in place_box((pixels.shape[1], pixels.shape[0]), size, anchor))
    return add_frame(pixels, (left, top, spare[0] - left, spare[1] - top), color, 0, color, 0.0)
