"""Shadows, glows, strokes and round corners, made from an image's alpha."""

from __future__ import annotations

from typing import Literal

import cv2
import numpy as np

from studio_image.blur import blur_gaussian
from studio_image.bounds import check_size
from studio_image.color import Color
from studio_image.composite import composite
from studio_image.draw_text import cover_box
from studio_image.pixels import FloatArray, as_floats, match_channels

StrokePosition = Literal["outside", "center", "inside"]
Sides = tuple[int, int, int, int]

REACH = 3.0
"""Standard deviations of a blur after which less than a level of 8 bits is left."""


def get_alpha(pixels: FloatArray) -> FloatArray:
    """Return the alpha of an image (H x W); 1 everywhere where it has none."""
    if pixels.shape[2] == 4:
        return pixels[:, :, 3]
    return np.ones(pixels.shape[:2], np.float32)


def extend(pixels: FloatArray, sides: Sides) -> FloatArray:
    """Return an image as RGBA with transparent room at its left, top, right and bottom, in pixels."""
    left, top, right, bottom = sides
    rows, columns = pixels.shape[:2]
    check_size(columns + left + right, rows + top + bottom)
    canvas = np.zeros((rows + top + bottom, columns + left + right, 4), np.float32)
    canvas[top : top + rows, left : left + columns] = match_channels(pixels, 4)
    return canvas


def find_room(reach: float, offset_x: int = 0, offset_y: int = 0) -> Sides:
    """Return the room (left, top, right, bottom) that something takes which reaches so far and is shifted."""
    far = int(np.ceil(reach))
    return max(far - offset_x, 0), max(far - offset_y, 0), max(far + offset_x, 0), max(far + offset_y, 0)


def add_shadow(pixels: FloatArray, offset: tuple[int, int], blur: float, spread: float, color: Color) -> FloatArray:
    """Lay an RGBA image over a shadow of its alpha.

    Args:
        pixels: H x W x 4.
        offset: How far the shadow falls to the right and down, in pixels.
        blur: Standard deviation in pixels.
        spread: How far the shadow grows beyond the image's shape before it is blurred, in pixels.
        color: Color of the shadow; its alpha is the opacity.
    """
    shape = cover_within(get_alpha(pixels), spread) if spread > 0 else get_alpha(pixels)
    shadow = np.clip(blur_gaussian(shift(shape, *offset), blur), 0.0, 1.0)
    return put_under(pixels, paint(shadow, color))


def add_glow(pixels: FloatArray, radius: float, color: Color, strength: float, *, inner: bool) -> FloatArray:
    """Lay an RGBA image over a glow around its shape, or a glow along its edges over it.

    Args:
        pixels: H x W x 4.
        radius: Standard deviation of the glow in pixels.
        color: Color of the glow; its alpha is the opacity.
        strength: What the blurred shape is multiplied with, up to full opacity.
        inner: Whether it lies inside the shape, from its edges on.
    """
    alpha = get_alpha(pixels)
    if not inner:
        return put_under(pixels, paint(np.clip(blur_gaussian(alpha, radius) * strength, 0.0, 1.0), color))
    # beyond the image is nothing: it glows along the image's own edges too
    far = int(np.ceil(REACH * radius))
    outside = 1 - np.pad(alpha, far)
    glow = blur_gaussian(outside, radius)[far : far + alpha.shape[0], far : far + alpha.shape[1]]
    light = paint(np.clip(glow * strength, 0.0, 1.0), color)
    result = composite(pixels, light, 0, 0, 1.0, "normal")
    result[:, :, 3] = alpha
    return result


def add_stroke(pixels: FloatArray, width: float, color: Color, position: StrokePosition) -> FloatArray:
    """Draw a line along the edge of an RGBA image's shape: outside it, inside it, or half and half."""
    alpha = get_alpha(pixels)
    outside = {"outside": width, "center": width / 2, "inside": 0.0}[position]
    result = np.array(pixels)
    if position != "outside":
        share = cover_within(1 - alpha, width - outside, beyond=1.0)[:, :, None] * np.float32(color[3])
        result[:, :, :3] += share * (np.array(color[:3], np.float32) - result[:, :, :3])
    if outside:
        result = put_under(result, paint(cover_within(alpha, outside), color))
    return result


def round_corners(pixels: FloatArray, radius: float) -> FloatArray:
    """Make the corners of an image transparent, along circles of a radius in pixels."""
    rows, columns = pixels.shape[:2]
    across, down = as_floats(np.arange(columns)), as_floats(np.arange(rows))
    out = np.array(match_channels(pixels, 4))
    out[:, :, 3] *= cover_box(across, down, columns, rows, min(radius, columns / 2, rows / 2))
    return out


def cover_within(alpha: FloatArray, reach: float, *, beyond: float = 0.0) -> FloatArray:
    """Return how much of each pixel lies within a distance of a shape, its edges antialiased.

    Args:
        alpha: The shape, H x W in [0, 1].
        reach: The distance in pixels.
        beyond: What lies outside the picture: 0 nothing, 1 the shape.
    """
    far = int(np.ceil(reach)) + 2
    field = np.pad(alpha, far, constant_values=beyond)
    # the edge runs through the pixels that are partly covered: a pixel of coverage a lies 0.5 - a outside of it
    hard = (field < 0.5).astype(np.uint8)
    distance, labels = cv2.distanceTransformWithLabels(hard, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)
    within = hard == 0
    if not within.any():
        return np.zeros_like(alpha)
    shares = np.zeros(labels.max() + 1, np.float32)
    shares[labels[within]] = field[within]
    edge = as_floats(distance) + np.where(within, 0.5 - field, 0.5 - shares[labels])
    cover = np.maximum(np.clip(np.float32(reach) + 0.5 - edge, 0.0, 1.0), field)
    return as_floats(cover[far:-far, far:-far])


def shift(plane: FloatArray, across: int, down: int) -> FloatArray:
    """Return a plane moved by whole pixels; what moves in is 0."""
    rows, columns = plane.shape
    moved = np.zeros_like(plane)
    if abs(across) < columns and abs(down) < rows:
        target = (slice(max(down, 0), rows + min(down, 0)), slice(max(across, 0), columns + min(across, 0)))
        source = (slice(max(-down, 0), rows - max(down, 0)), slice(max(-across, 0), columns - max(across, 0)))
        moved[target] = plane[source]
    return moved


def paint(cover: FloatArray, color: Color) -> FloatArray:
    """Return an RGBA image of one color with an alpha (H x W)."""
    out = np.empty((*cover.shape, 4), np.float32)
    out[:, :, :3] = np.array(color[:3], np.float32)
    out[:, :, 3] = cover * np.float32(color[3])
    return out


def put_under(pixels: FloatArray, ground: FloatArray) -> FloatArray:
    """Lay an image over another of its size."""
    return composite(ground, match_channels(pixels, 4), 0, 0, 1.0, "normal")
