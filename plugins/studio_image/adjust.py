"""Exposure, white balance, tones, brightness, contrast, saturation, hue and gamma."""

from __future__ import annotations

import math

import numpy as np

from studio_image.pixels import FloatArray, as_floats, compute_luma, decode_srgb, encode_srgb, match_channels

# The matrices of saturate() and hue-rotate(): W3C Filter Effects Module Level 1, section 9.6
_GREY = np.array([[0.213, 0.715, 0.072]] * 3)
_COSINE = np.array([[0.787, -0.715, -0.072], [-0.213, 0.285, -0.072], [-0.213, -0.715, 0.928]])
_SINE = np.array([[-0.213, -0.715, 0.928], [0.143, 0.140, -0.283], [-0.787, 0.715, 0.072]])


def adjust(
    pixels: FloatArray,
    *,
    exposure: float,
    brightness: float,
    contrast: float,
    saturation: float,
    hue: float,
    gamma: float,
) -> FloatArray:
    """Apply, in this order, exposure, brightness, contrast, saturation, hue and gamma; alpha stays."""
    out = pixels.copy()
    if exposure:
        out = decode_srgb(out)
        out[:, :, :3] *= np.float32(2.0**exposure)
        out = encode_srgb(out)
    colors = out[:, :, :3]
    colors *= np.float32(brightness)
    if contrast != 1.0:
        colors[...] = (colors - np.float32(0.5)) * np.float32(contrast) + np.float32(0.5)
    if pixels.shape[2] > 1 and (saturation != 1.0 or hue % 360.0):
        colors[...] = colors @ _mix_matrix(saturation, hue).T
    np.clip(colors, 0.0, 1.0, out=colors)
    if gamma != 1.0:
        colors[...] = colors ** np.float32(1.0 / gamma)
    return out


def _mix_matrix(saturation: float, hue: float) -> FloatArray:
    turn = math.radians(hue)
    saturate = _GREY + saturation * (np.eye(3) - _GREY)
    rotate = _GREY + math.cos(turn) * _COSINE + math.sin(turn) * _SINE
    return as_floats(rotate @ saturate)


_LIGHT = np.array([0.2126, 0.7152, 0.0722])  # luminance of sRGB: IEC 61966-2-1


def shift_white(pixels: FloatArray, temperature: float, tint: float) -> FloatArray:
    """Make an image warmer or colder, and greener or more magenta, in linear light; white keeps its luminance.

    Args:
        pixels: H x W x C; a grey image becomes RGB.
        temperature: Stops by which red rises over blue.
        tint: Stops by which red and blue rise over green.
    """
    gains = 2.0 ** np.array([temperature / 2 + tint / 3, -2 * tint / 3, -temperature / 2 + tint / 3])
    out = decode_srgb(match_channels(pixels, 3))
    out[:, :, :3] *= as_floats(gains / (gains @ _LIGHT))
    out = encode_srgb(out)
    np.clip(out, 0.0, 1.0, out=out)
    return out


def change_tones(pixels: FloatArray, highlights: float, shadows: float) -> FloatArray:
    """Brighten or darken bright and dark parts apart; black, white, hues and the order of tones stay.

    A luma L becomes L + shadows L (1 - L)^2 + highlights L^2 (1 - L), and all channels are multiplied alike.
    """
    luma = compute_luma(pixels)
    rest = 1 - luma
    factor = 1 + np.float32(shadows) * rest * rest + np.float32(highlights) * luma * rest
    out = pixels.copy()
    colors = out[:, :, :3]
    colors[...] = np.clip(colors * factor[:, :, None], 0.0, 1.0)
    return out


def add_vibrance(pixels: FloatArray, amount: float) -> FloatArray:
    """Saturate colors the more, the duller they are: by 1 + amount (1 - S), where S is the spread of the channels."""
    if pixels.shape[2] == 1:
        return pixels
    out = pixels.copy()
    colors = out[:, :, :3]
    spread = colors.max(axis=2, keepdims=True) - colors.min(axis=2, keepdims=True)
    luma = compute_luma(pixels)[:, :, None]
    colors[...] = np.clip(luma + (colors - luma) * (1 + np.float32(amount) * (1 - spread)), 0.0, 1.0)
    return out
