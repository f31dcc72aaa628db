"""An image on another: as large as a share of it, with room made for it, pasted with soft edges."""

from __future__ import annotations

import numpy as np

from studio_image.bounds import check_size
from studio_image.composite import composite
from studio_image.pixels import FloatArray, as_floats, match_channels
from studio_image.resize import resample, resample_plane

Point = tuple[int, int]
Size = tuple[int, int]


def scale_to_share(
    pixels: FloatArray, cover: FloatArray | None, share: float, width: int
) -> tuple[FloatArray, FloatArray | None]:
    """Resize an image, and its mask, to a share of a width; the shape stays."""
    wide = max(1, round(share * width))
    high = max(1, round(pixels.shape[0] * wide / pixels.shape[1]))
    return resample(pixels, wide, high), None if cover is None else resample_plane(cover, wide, high)


def make_room(base: FloatArray, size: Size, place: Point) -> tuple[FloatArray, Point]:
    """Enlarge a base by transparent space so that an image of a size fits in at a place.

    Returns:
        The base, with an alpha if it was enlarged, and the place on it.
    """
    rows, columns = base.shape[:2]
    left, top = max(-place[0], 0), max(-place[1], 0)
    width, height = max(columns, place[0] + size[0]) + left, max(rows, place[1] + size[1]) + top
    if (width, height) == (columns, rows):
        return base, place
    check_size(width, height)
    canvas = np.zeros((height, width, 4), np.float32)
    canvas[top : top + rows, left : left + columns] = match_channels(base, 4)
    return canvas, (place[0] + left, place[1] + top)


def paste(
    base: FloatArray, top: FloatArray, place: Point, size: Size, mask: FloatArray | None, feather: float
) -> FloatArray:
    """Resize an image to a size and lay it over a base at a place.

    Args:
        base: H x W x C.
        top: h x w x c.
        place: Left and top on the base.
        size: Width and height of the part on the base.
        mask: Where it shows, H x W in [0, 1], or None for all of it.
        feather: Distance in pixels over which it fades in from its edges; at the base's own edges it does not.
    """
    check_size(*size)
    part = resample(top, *size)
    cover = np.ones((size[1], size[0]), np.float32)
    if feather > 0:
        cover = _fade_in(size, place, (base.shape[1], base.shape[0]), feather)
    if mask is not None:
        cover = cover * _cut(mask, place, size)
    return composite(base, part, *place, cover, "normal")


def _fade_in(size: Size, place: Point, outer: Size, feather: float) -> FloatArray:
    """Return a ramp from 0 to 1 along the edges of a part, but for those that lie on the edges of the whole."""
    ramps = []
    for side, start, whole in zip(size, place, outer, strict=True):
        along = np.arange(side, dtype=np.float32) + np.float32(0.5)
        near = np.full(side, np.inf, np.float32) if start <= 0 else along
        far = np.full(side, np.inf, np.float32) if start + side >= whole else side - along
        ramps.append(np.clip(np.minimum(near, far) / np.float32(feather), 0.0, 1.0))
    return as_floats(ramps[1][:, None] * ramps[0][None, :])


def _cut(mask: FloatArray, place: Point, size: Size) -> FloatArray:
    """Return the part of a mask at a place; 0 outside it."""
    part = np.zeros((size[1], size[0]), np.float32)
    left, top = max(place[0], 0), max(place[1], 0)
    right, bottom = min(place[0] + size[0], mask.shape[1]), min(place[1] + size[1], mask.shape[0])
    if left < right and top < bottom:
        part[top - place[1] : bottom - place[1], left - place[0] : right - place[0]] = mask[top:bottom, left:right]
    return part
