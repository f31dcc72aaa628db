"""Exposure, brightness, contrast, saturation, hue and gamma."""

from __future__ import annotations

import math

import numpy as np

from studio_image.pixels import FloatArray, as_floats, decode_srgb, encode_srgb

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
