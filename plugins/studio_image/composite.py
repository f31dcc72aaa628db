"""Layers: blend modes and source-over compositing after W3C Compositing and Blending Level 1."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from studio_image.blend_modes import BlendMode
from studio_image.pixels import FloatArray, as_floats, match_channels, premultiply, unpremultiply


def composite(
    base: FloatArray, top: FloatArray, x: int, y: int, cover: FloatArray | float, mode: BlendMode
) -> FloatArray:
    """Lay an image over another with its corner at x, y; what sticks out is cut off.

    Args:
        base: H x W x C.
        top: h x w x c.
        x: Columns from the base's left edge, may be negative.
        y: Rows from the base's top edge, may be negative.
        cover: Opacity in [0, 1], one number or h x w.
        mode: How the colors mix.
    """
    channels = max(base.shape[2], 3 if mode in NON_SEPARABLE else min(top.shape[2], 3))
    out = np.array(match_channels(base, channels))
    top = match_channels(top, 3 if channels > 1 else 1)
    rows, columns = base.shape[:2]
    x0, y0 = max(x, 0), max(y, 0)
    x1, y1 = min(x + top.shape[1], columns), min(y + top.shape[0], rows)
    if x0 >= x1 or y0 >= y1:
        return out
    part = (slice(y0 - y, y1 - y), slice(x0 - x, x1 - x))
    source = top[part]
    alpha = np.asarray(cover, np.float32)
    alpha = alpha if alpha.ndim == 0 else alpha[part][:, :, None]
    if source.shape[2] == 4:
        alpha = alpha * source[:, :, 3:]
    colors = source[:, :, : min(channels, 3)]
    out[y0:y1, x0:x1] = _lay_over(out[y0:y1, x0:x1], colors, alpha, _MODES[mode])
    return out


def _lay_over(
    backdrop: FloatArray, source: FloatArray, alpha: FloatArray, mode: Callable[[FloatArray, FloatArray], FloatArray]
) -> FloatArray:
    """Section 5.8: cs = (1 - ab) Cs + ab B(Cb, Cs), then source over; straight alpha in and out."""
    if backdrop.shape[2] < 4:
        return as_floats(np.clip(backdrop + (mode(backdrop, source) - backdrop) * alpha, 0.0, 1.0))
    ground, below = backdrop[:, :, :3], backdrop[:, :, 3:]
    mixed = (1 - below) * source + below * mode(ground, source)
    total = alpha + below * (1 - alpha)
    colors = mixed * alpha + ground * below * (1 - alpha)
    colors = np.divide(colors, total, out=ground.copy(), where=total > 1e-6)
    return as_floats(np.clip(np.concatenate([colors, total], axis=2), 0.0, 1.0))


def blend(first: FloatArray, second: FloatArray, amount: FloatArray | float) -> FloatArray:
    """Mix two images of one size with alpha multiplied in; 0 gives the first, 1 the second."""
    channels = max(first.shape[2], second.shape[2])
    start, end = premultiply(match_channels(first, channels)), premultiply(match_channels(second, channels))
    share = np.asarray(amount, np.float32)
    return unpremultiply(start + (end - start) * (share if share.ndim == 0 else share[:, :, None]))


def _multiply(backdrop: FloatArray, source: FloatArray) -> FloatArray:
    return backdrop * source


def _screen(backdrop: FloatArray, source: FloatArray) -> FloatArray:
    return backdrop + source - backdrop * source


def _hard_light(backdrop: FloatArray, source: FloatArray) -> FloatArray:
    return np.where(source <= 0.5, _multiply(backdrop, 2 * source), _screen(backdrop, 2 * source - 1))


def _color_dodge(backdrop: FloatArray, source: FloatArray) -> FloatArray:
    ratio = np.minimum(1, backdrop / np.maximum(1 - source, 1e-7))
    return np.where(backdrop == 0, np.float32(0), np.where(source >= 1, np.float32(1), ratio))


def _color_burn(backdrop: FloatArray, source: FloatArray) -> FloatArray:
    ratio = 1 - np.minimum(1, (1 - backdrop) / np.maximum(source, 1e-7))
    return np.where(backdrop >= 1, np.float32(1), np.where(source <= 0, np.float32(0), ratio))


def _soft_light(backdrop: FloatArray, source: FloatArray) -> FloatArray:
    curve = np.where(backdrop <= 0.25, ((16 * backdrop - 12) * backdrop + 4) * backdrop, np.sqrt(backdrop))
    darker = backdrop - (1 - 2 * source) * backdrop * (1 - backdrop)
    return np.where(source <= 0.5, darker, backdrop + (2 * source - 1) * (curve - backdrop))


def _vivid_light(backdrop: FloatArray, source: FloatArray) -> FloatArray:
    darker = _color_burn(backdrop, 2 * np.minimum(source, np.float32(0.5)))
    return np.where(source <= 0.5, darker, _color_dodge(backdrop, 2 * source - 1))


def _pin_light(backdrop: FloatArray, source: FloatArray) -> FloatArray:
    return np.where(source <= 0.5, np.minimum(backdrop, 2 * source), np.maximum(backdrop, 2 * source - 1))


def _divide(backdrop: FloatArray, source: FloatArray) -> FloatArray:
    ratio = np.minimum(1, backdrop / np.maximum(source, 1e-7))
    return np.where(source <= 0, np.where(backdrop <= 0, np.float32(0), np.float32(1)), ratio)


def _get_luminosity(colors: FloatArray) -> FloatArray:
    """Section 10.2: Lum, with the weights that the standard gives."""
    return as_floats(colors @ _LUMINOSITY)[:, :, None]


def _set_luminosity(colors: FloatArray, luminosity: FloatArray) -> FloatArray:
    """SetLum and ClipColor."""
    colors = colors + (luminosity - _get_luminosity(colors))
    own = _get_luminosity(colors)
    least, most = colors.min(2, keepdims=True), colors.max(2, keepdims=True)
    colors = np.where(least < 0, own + (colors - own) * own / np.maximum(own - least, 1e-7), colors)
    return np.where(most > 1, own + (colors - own) * (1 - own) / np.maximum(most - own, 1e-7), colors)


def _get_saturation(colors: FloatArray) -> FloatArray:
    """Sat."""
    return as_floats(colors.max(2, keepdims=True) - colors.min(2, keepdims=True))


def _set_saturation(colors: FloatArray, saturation: FloatArray) -> FloatArray:
    """SetSat: the middle channel keeps its share of the range."""
    least, most = colors.min(2, keepdims=True), colors.max(2, keepdims=True)
    return np.where(most > least, (colors - least) * saturation / np.maximum(most - least, 1e-7), np.float32(0))


def _mix_hue(backdrop: FloatArray, source: FloatArray) -> FloatArray:
    return _set_luminosity(_set_saturation(source, _get_saturation(backdrop)), _get_luminosity(backdrop))


def _mix_saturation(backdrop: FloatArray, source: FloatArray) -> FloatArray:
    return _set_luminosity(_set_saturation(backdrop, _get_saturation(source)), _get_luminosity(backdrop))


_LUMINOSITY = np.array([0.3, 0.59, 0.11], np.float32)
NON_SEPARABLE = ("hue", "saturation", "color", "luminosity")
"""The modes that look at the three channels together; a grey base becomes RGB for them."""

_MODES: dict[str, Callable[[FloatArray, FloatArray], FloatArray]] = {
    "normal": lambda backdrop, source: source,
    "multiply": _multiply,
    "screen": _screen,
    "overlay": lambda backdrop, source: _hard_light(source, backdrop),
    "darken": np.minimum,
    "lighten": np.maximum,
    "color_dodge": _color_dodge,
    "color_burn": _color_burn,
    "hard_light": _hard_light,
    "soft_light": _soft_light,
    "difference": lambda backdrop, source: np.abs(backdrop - source),
    "exclusion": lambda backdrop, source: backdrop + source - 2 * backdrop * source,
    "add": lambda backdrop, source: np.minimum(backdrop + source, 1),
    "subtract": lambda backdrop, source: np.maximum(backdrop - source, 0),
    "divide": _divide,
    "linear_burn": lambda backdrop, source: np.maximum(backdrop + source - 1, 0),
    "linear_light": lambda backdrop, source: np.clip(backdrop + 2 * source - 1, 0, 1),
    "vivid_light": _vivid_light,
    "pin_light": _pin_light,
    "hue": _mix_hue,
    "saturation": _mix_saturation,
    "color": lambda backdrop, source: _set_luminosity(source, _get_luminosity(backdrop)),
    "luminosity": lambda backdrop, source: _set_luminosity(backdrop, _get_luminosity(source)),
}
