"""Channel counts and depths changed."""

from __future__ import annotations

from typing import Literal

import numpy as np

from studio_image.color import Color
from studio_image.pixels import AnyArray, FloatArray, compute_luma, match_channels

Colors = Literal["keep", "grey", "rgb", "rgba"]
Depth = Literal["keep", "uint8", "uint16", "float32"]


def convert_channels(pixels: FloatArray, colors: Colors, background: Color) -> FloatArray:
    """Change the channel count; an alpha that goes is laid over the background first."""
    if colors == "keep":
        return pixels
    if colors == "rgba":
        return match_channels(pixels, 4)
    if pixels.shape[2] == 4:
        ground = np.array(background[:3], np.float32)
        pixels = np.clip(ground + (pixels[:, :, :3] - ground) * pixels[:, :, 3:], 0, 1)
    return compute_luma(pixels)[:, :, None] if colors == "grey" else match_channels(pixels, 3)


def convert_depth(pixels: FloatArray, depth: Depth) -> AnyArray:
    """Round samples to 8 or 16 bits, or leave them as float32."""
    rounded: AnyArray = pixels
    if depth == "uint8":
        rounded = np.rint(pixels * 255.0).astype(np.uint8)
    elif depth == "uint16":
        rounded = np.rint(pixels * 65535.0).astype(np.uint16)
    return rounded


def invert(samples: AnyArray) -> AnyArray:
    """Turn colors into their negatives, in the depth they have; alpha stays."""
    top = {"uint8": 255, "uint16": 65_535}.get(str(samples.dtype), 1.0)
    out = samples.copy()
    out[:, :, :3] = np.asarray(top, samples.dtype) - out[:, :, :3]
    return out
