"""Channel counts and depths changed."""

from __future__ import annotations

from typing import Literal

import numpy as np

from studio.api import SRGB, ColorSpace, Image, convert_color
from studio_image.color import Color
from studio_image.pixels import (
    AnyArray,
    FloatArray,
    as_floats,
    compute_luma,
    gather_light,
    match_channels,
    part_light,
)

Colors = Literal["keep", "grey", "rgb", "rgba"]
Depth = Literal["keep", "uint8", "uint16", "float16", "float32"]
_LARGEST_HALF = 65504.0


def convert_channels(pixels: FloatArray, colors: Colors, background: Color, space: ColorSpace = SRGB) -> FloatArray:
    """Change the channel count; an alpha that goes is laid over the background first.

    Grey is luma, and of linear light luminance.
    """
    if colors == "keep":
        return pixels
    if colors == "rgba":
        return match_channels(pixels, 4)
    if pixels.shape[2] == 4:
        ground = np.array(background[:3], np.float32)
        pixels = ground + (pixels[:, :, :3] - ground) * pixels[:, :, 3:]
        pixels = np.clip(pixels, 0, 1) if space.is_bounded else pixels
    if colors != "grey":
        return match_channels(pixels, 3)
    if space.encoding != "linear" or pixels.shape[2] == 1:
        return compute_luma(pixels, bounded=space.is_bounded)[:, :, None]
    return as_floats(pixels[:, :, :3] @ find_luminance_weights(space))[:, :, None]


def find_luminance_weights(space: ColorSpace) -> FloatArray:
    """Return the shares of red, green and blue in the luminance of linear light (ITU-R BT.709 for those of sRGB)."""
    units = Image(np.eye(3, dtype=np.float32)[None], color=space)
    plain = convert_color(units, ColorSpace("linear")).pixels[0]
    return as_floats(plain @ np.array([0.2126, 0.7152, 0.0722]))


def convert_depth(pixels: FloatArray, depth: Depth) -> AnyArray:
    """Round samples to 8 or 16 bits or to half floats, or leave them as float32."""
    rounded: AnyArray = pixels
    if depth == "uint8":
        rounded = np.rint(pixels * 255.0).astype(np.uint8)
    elif depth == "uint16":
        rounded = np.rint(pixels * 65535.0).astype(np.uint16)
    elif depth == "float16":
        gathered = np.clip(gather_light(pixels), -_LARGEST_HALF, _LARGEST_HALF)
        rounded = part_light(as_floats(gathered.astype(np.float16)))
    return rounded


def invert(samples: AnyArray) -> AnyArray:
    """Turn colors into their negatives, in the depth they have; alpha stays."""
    top = {"uint8": 255, "uint16": 65_535}.get(str(samples.dtype), 1.0)
    out = samples.copy()
    out[:, :, :3] = np.asarray(top, samples.dtype) - out[:, :, :3]
    return out
