"""Looks: vignettes, bloom, gradient maps, few colors, large pixels and shifted channels."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import PIL.Image

from studio_image.blur import blur_gaussian
from studio_image.color import Color
from studio_image.layer_effects import shift
from studio_image.pixels import (
    FloatArray,
    as_floats,
    compute_luma,
    decode_srgb,
    encode_srgb,
    match_channels,
    premultiply,
    unpremultiply,
)


def add_vignette(pixels: FloatArray, strength: float, radius: float, softness: float, color: Color) -> FloatArray:
    """Mix a color in towards the corners; alpha stays.

    Args:
        pixels: H x W x C.
        strength: Share of the color in the corners, 0 to 1.
        radius: Distance from the middle, as a share of that to a corner, where it begins.
        softness: Length of the ramp, in the same measure.
        color: The color; its alpha is ignored.
    """
    rows, columns = pixels.shape[:2]
    down = (np.arange(rows, dtype=np.float32) + 0.5 - rows / 2) / (rows / 2)
    across = (np.arange(columns, dtype=np.float32) + 0.5 - columns / 2) / (columns / 2)
    distance = np.sqrt((down[:, None] ** 2 + across[None, :] ** 2) / 2)
    ramp = np.clip((distance - radius) / max(softness, 1e-6), 0.0, 1.0)
    share = as_floats(strength * ramp * ramp * (3 - 2 * ramp))[:, :, None]
    out = np.array(match_channels(pixels, 1 if color[0] == color[1] == color[2] else 3))
    count = min(out.shape[2], 3)
    ground = np.array(color[:count], np.float32)
    out[:, :, :count] += share * (ground - out[:, :, :count])
    return out


def add_bloom(pixels: FloatArray, threshold: float, radius: float, strength: float) -> FloatArray:
    """Let light shine out of bright parts: what is above a luma is blurred and added in linear light."""
    linear = decode_srgb(premultiply(pixels))
    count = min(pixels.shape[2], 3)
    luma = compute_luma(pixels)
    over = np.clip((luma - threshold) / max(1 - threshold, 1e-3), 0.0, 1.0)[:, :, None]
    glow = blur_gaussian(linear[:, :, :count] * as_floats(over), radius)
    if glow.ndim == 2:
        glow = glow[:, :, None]
    linear[:, :, :count] += np.float32(strength) * glow
    linear[:, :, :count] = np.minimum(linear[:, :, :count], linear[:, :, 3:] if pixels.shape[2] == 4 else 1.0)
    return unpremultiply(encode_srgb(linear))


def map_gradient(pixels: FloatArray, colors: Sequence[Color], strength: float) -> FloatArray:
    """Give each luma, from black to white, a color of a gradient; alpha stays."""
    luma = compute_luma(pixels)
    stops = np.linspace(0.0, 1.0, len(colors))
    mapped = np.stack([np.interp(luma, stops, [color[i] for color in colors]) for i in range(3)], 2)
    out = np.array(match_channels(pixels, 3))
    out[:, :, :3] += np.float32(strength) * (as_floats(mapped) - out[:, :, :3])
    return out


def quantize(pixels: FloatArray, colors: int, *, dither: bool) -> FloatArray:
    """Reduce an image to so many colors of its own (median cut, Heckbert 1982); alpha stays.

    Args:
        pixels: H x W x C.
        colors: How many, 2 to 256.
        dither: Whether to mix neighbors (Floyd and Steinberg 1976).
    """
    levels = np.rint(match_channels(pixels, 3)[:, :, :3] * 255).astype(np.uint8)
    picture = PIL.Image.fromarray(levels)
    palette = picture.quantize(colors, PIL.Image.Quantize.MEDIANCUT, dither=PIL.Image.Dither.NONE)
    if dither:
        palette = picture.quantize(colors, palette=palette, dither=PIL.Image.Dither.FLOYDSTEINBERG)
    out = np.array(match_channels(pixels, 3))
    out[:, :, :3] = np.asarray(palette.convert("RGB"), np.float32) / 255
    return out


def pixelate(pixels: FloatArray, size: int) -> FloatArray:
    """Replace squares by their means, from the top left; the last of a row may be cut off."""
    rows, columns = pixels.shape[:2]
    work = premultiply(pixels)
    starts_down, starts_across = np.arange(0, rows, size), np.arange(0, columns, size)
    sums = np.add.reduceat(np.add.reduceat(work.astype(np.float64), starts_down, 0), starts_across, 1)
    down = np.diff(np.append(starts_down, rows))
    across = np.diff(np.append(starts_across, columns))
    means = sums / (down[:, None, None] * across[None, :, None])
    return unpremultiply(as_floats(np.repeat(np.repeat(means, down, 0), across, 1)))


def shift_channels(pixels: FloatArray, red: tuple[int, int], blue: tuple[int, int]) -> FloatArray:
    """Move the red and the blue channel by pixels to the right and down; edges are repeated, alpha stays."""
    out = np.array(match_channels(pixels, 3))
    for channel, (across, down) in ((0, red), (2, blue)):
        plane = np.pad(out[:, :, channel], ((abs(down), abs(down)), (abs(across), abs(across))), mode="edge")
        moved = shift(plane, across, down)
        out[:, :, channel] = moved[abs(down) : abs(down) + out.shape[0], abs(across) : abs(across) + out.shape[1]]
    return out
