"""Turning by any angle, exact for quarter turns."""

from __future__ import annotations

import math

import cv2
import numpy as np

from studio.api import MediaError
from studio_image.bounds import check_size
from studio_image.color import Color, count_channels
from studio_image.pixels import (
    AnyArray,
    FloatArray,
    as_floats,
    gather_light,
    match_channels,
    part_light,
    premultiply,
    unpremultiply,
)

_LONGEST_SIDE = 32_766  # OpenCV counts samples of a warp in 16 bits


def rotate_quarters(samples: AnyArray, quarters: int) -> AnyArray:
    """Turn counterclockwise by quarter turns; samples are moved, not changed."""
    return np.rot90(samples, quarters)


def rotate(pixels: FloatArray, degrees: float, fill: Color, *, expand: bool, bounded: bool = True) -> FloatArray:
    """Turn counterclockwise about the centre (bicubic); what was outside the image takes the fill color.

    Samples that are not bounded are not clipped to [0, 1].

    Raises:
        MediaError: E506 for sides over 32,766 pixels.
    """
    rows, columns = pixels.shape[:2]
    turn = math.radians(degrees)
    cosine, sine = math.cos(turn), math.sin(turn)
    width, height = columns, rows
    if expand:
        width = math.ceil(abs(columns * cosine) + abs(rows * sine) - 1e-6)
        height = math.ceil(abs(columns * sine) + abs(rows * cosine) - 1e-6)
    check_size(width, height)
    if max(width, height, columns, rows) > _LONGEST_SIDE:
        raise MediaError(
            "E506",
            f"turning {columns} x {rows} to {width} x {height} needs sides up to {_LONGEST_SIDE}",
            hint="resize it first, or turn by a multiple of 90 degrees",
        )
    middle, target = ((columns - 1) / 2, (rows - 1) / 2), ((width - 1) / 2, (height - 1) / 2)
    inverse = np.array(
        [  # from a sample of the result to a place in the source
            [cosine, -sine, middle[0] - cosine * target[0] + sine * target[1]],
            [sine, cosine, middle[1] - sine * target[0] - cosine * target[1]],
        ]
    )
    whole = match_channels(pixels, 4)
    work = premultiply(whole) if bounded else gather_light(whole)
    warped = cv2.warpAffine(
        work,
        inverse,
        (width, height),
        flags=cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_CONSTANT,
        borderValue=(0, 0, 0, 0),
    )
    turned = as_floats(np.clip(warped, 0.0, 1.0) if bounded else warped)
    turned[:, :, 3:] = np.clip(turned[:, :, 3:], 0.0, 1.0)
    ground = np.array([fill[0] * fill[3], fill[1] * fill[3], fill[2] * fill[3], fill[3]], np.float32)
    mixed = turned + ground * (1.0 - turned[:, :, 3:])
    result = unpremultiply(mixed) if bounded else part_light(mixed)
    channels = max(pixels.shape[2], count_channels(fill))
    return result if channels == 4 else result[:, :, :3] if channels == 3 else result[:, :, :1]
