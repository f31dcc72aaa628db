"""Images put into perspective, taken out of it, and freed of the distortion of a lens."""

from __future__ import annotations

from typing import Literal

import cv2
import numpy as np

from studio.api import MediaError
from studio_image.bounds import check_size
from studio_image.corners import Corners
from studio_image.pixels import FloatArray, as_floats, match_channels, premultiply, unpremultiply

_LONGEST_SIDE = 32_766  # OpenCV counts samples of a warp in 16 bits


def transform(
    pixels: FloatArray, corners: Corners, size: tuple[int, int], direction: Literal["place", "extract"]
) -> FloatArray:
    """Move an image's corners to four points ("place"), or four points of it to the corners of the result ("extract").

    Points are measured from the outer corner of the first sample. What lies outside the image is transparent.

    Args:
        pixels: H x W x C.
        corners: Top left, top right, bottom right, bottom left.
        size: Width and height of the result.
        direction: Which way.
    """
    check_size(*size)
    rows, columns = pixels.shape[:2]
    _check_sides((*size, rows, columns))
    whole = (columns, rows) if direction == "place" else size
    rectangle = [(0, 0), (whole[0], 0), whole, (0, whole[1])]
    source, target = (rectangle, corners) if direction == "place" else (corners, rectangle)
    matrix = cv2.getPerspectiveTransform(np.array(source, np.float32), np.array(target, np.float32))
    shift = np.array([[1, 0, 0.5], [0, 1, 0.5], [0, 0, 1]])
    matrix = np.linalg.inv(shift) @ matrix @ shift
    work = premultiply(match_channels(pixels, 4))
    edged = np.pad(work, ((1, 1), (1, 1), (0, 0)))  # so that edges are antialiased
    matrix = matrix @ np.array([[1, 0, -1], [0, 1, -1], [0, 0, 1]])
    made = cv2.warpPerspective(edged, matrix, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)
    result = unpremultiply(as_floats(made))
    opaque = pixels.shape[2] != 4 and bool((result[:, :, 3] > 1 - 1e-4).all())
    return result[:, :, : 1 if pixels.shape[2] == 1 else 3] if opaque else result


def correct_lens(pixels: FloatArray, first: float, second: float, scale: float) -> FloatArray:
    """Undo the radial distortion of a lens (Brown 1966): a result at radius r shows r (1 + k1 r^2 + k2 r^4).

    Args:
        pixels: H x W x C.
        first: k1, for a radius of 1 at the corners.
        second: k2.
        scale: Factor by which the result is enlarged around the middle.
    """
    rows, columns = pixels.shape[:2]
    _check_sides((rows, columns))
    half = np.hypot(rows, columns) / 2
    y, x = np.mgrid[:rows, :columns].astype(np.float32)
    u, v = (x - (columns - 1) / 2) / (half * scale), (y - (rows - 1) / 2) / (half * scale)
    square = u * u + v * v
    factor = (1 + first * square + second * square * square) * half
    across, down = as_floats(u * factor + (columns - 1) / 2), as_floats(v * factor + (rows - 1) / 2)
    work = premultiply(pixels)
    made = cv2.remap(work, across, down, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    return unpremultiply(as_floats(made).reshape(pixels.shape))


def _check_sides(sides: tuple[int, ...]) -> None:
    if max(sides) > _LONGEST_SIDE:
        raise MediaError("E506", f"a side is over {_LONGEST_SIDE} pixels", hint="resize the image first")
