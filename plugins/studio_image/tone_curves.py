"""Levels, curves and white balance: how bright and of which color a sample becomes."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
from scipy.interpolate import PchipInterpolator

from studio.api import MediaError
from studio_image.pixels import FloatArray, as_floats, decode_srgb, encode_srgb

Channel = Literal["all", "red", "green", "blue"]
Illuminant = Literal["grey_world", "shades_of_grey", "white_patch"]
Point = tuple[float, float]

_TABLE = 4096  # steps of a curve's table; between them it is a line, at most 1e-7 from the curve of ten points
_NORMS = {"grey_world": 1.0, "shades_of_grey": 6.0}


def parse_curve(points: Any) -> list[Point]:
    """Read the points of a curve from JSON: [[0, 0], [0.5, 0.6], [1, 1]], in order of their first numbers.

    Raises:
        MediaError: E507 for anything else.
    """
    if not isinstance(points, list) or not 2 <= len(points) <= 256:
        raise _refuse_curve(points)
    curve = []
    for point in points:
        if not isinstance(point, list) or len(point) != 2 or not all(_is_share(value) for value in point):
            raise _refuse_curve(point)
        curve.append((float(point[0]), float(point[1])))
    if any(after[0] <= before[0] for before, after in itertools.pairwise(curve)):
        raise MediaError(
            "E507", "the points of a curve are not in order", hint="sort them by their first numbers, each only once"
        )
    return curve


def _is_share(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1


def _refuse_curve(found: Any) -> MediaError:
    return MediaError(
        "E507",
        f"invalid curve: {str(found)[:60]!r} is not a list of two to 256 pairs of numbers from 0 to 1",
        hint="write it like [[0, 0], [0.5, 0.6], [1, 1]]",
    )


def apply_levels(
    pixels: FloatArray, source: tuple[float, float], gamma: float, target: tuple[float, float], channel: Channel
) -> FloatArray:
    """Map samples from a black and a white point to others, with a gamma between; alpha stays.

    Args:
        pixels: H x W x C.
        source: Levels that become the first and the second of `target`.
        gamma: Exponent 1 / gamma in between; above 1 middle tones become brighter.
        target: Levels of the result; the first may be the higher one.
        channel: What is changed.
    """
    low, high = source
    span = high - low

    def map_levels(samples: FloatArray) -> FloatArray:
        share = np.clip((samples - low) / span, 0.0, 1.0) if span else (samples >= high).astype(np.float32)
        share = share if gamma == 1.0 else share ** (1.0 / gamma)
        return as_floats(target[0] + (target[1] - target[0]) * share)

    out = pixels.copy()
    part = out[:, :, choose_channels(pixels, channel)]
    out[:, :, choose_channels(pixels, channel)] = map_levels(part)
    return out


def choose_channels(pixels: FloatArray, channel: Channel) -> slice:
    """Return the color channels that a name means; a grey image has one, which each name means."""
    if pixels.shape[2] == 1 or channel == "all":
        return slice(0, min(pixels.shape[2], 3))
    number = ("red", "green", "blue").index(channel)
    return slice(number, number + 1)


def apply_curves(pixels: FloatArray, curves: Sequence[tuple[Channel, Sequence[Point]]]) -> FloatArray:
    """Map channels through curves, one after the other; alpha stays.

    A curve goes through its points by monotone cubic interpolation (Fritsch and Carlson 1980): between two points it
    neither overshoots nor turns. Beyond the first and the last point it is level.
    """
    out = pixels.copy()
    for channel, points in curves:
        x, y = np.array(points, np.float64).T
        grid = np.union1d(np.linspace(0.0, 1.0, _TABLE + 1), x)
        table = PchipInterpolator(x, y)(np.clip(grid, x[0], x[-1]))
        part = choose_channels(pixels, channel)
        out[:, :, part] = np.interp(out[:, :, part], grid, table)
    return as_floats(np.clip(out, 0.0, 1.0))


def balance_white(pixels: FloatArray, illuminant: Illuminant | FloatArray, strength: float) -> FloatArray:
    """Scale the channels in linear light so that the light of a picture becomes white (von Kries 1902).

    The luminance (BT.709) of the light stays.

    Args:
        pixels: H x W x C; a grey image stays as it is.
        illuminant: How the light is estimated: by means ("grey_world", Buchsbaum 1980), by means of sixth powers
            ("shades_of_grey", Finlayson and Trezzi 2004), by the brightest hundredth ("white_patch", Land 1977), or
            the light itself: three samples, sRGB-encoded.
        strength: How much of the change is made, 0 to 1.
    """
    if pixels.shape[2] == 1:
        return pixels
    linear = decode_srgb(pixels)
    light = (
        decode_srgb(illuminant[None, None])[0, 0]
        if isinstance(illuminant, np.ndarray)
        else _estimate(linear, illuminant)
    )
    luminance = float(light @ np.array([0.2126, 0.7152, 0.0722], np.float32))
    gains = luminance / np.maximum(light, 1e-4) if luminance > 1e-4 else np.ones(3, np.float32)
    linear[:, :, :3] *= as_floats(np.clip(gains, 0.05, 20.0) ** strength)
    return as_floats(np.clip(encode_srgb(linear), 0.0, 1.0))


def _estimate(linear: FloatArray, illuminant: str) -> FloatArray:
    """Return the color of the light, from samples that are not transparent and in no channel full."""
    samples = linear[:, :, :3].reshape(-1, 3)
    usable = samples.max(1) < 0.99
    if linear.shape[2] == 4:
        usable &= linear[:, :, 3].reshape(-1) > 0.5
    samples = samples[usable] if usable.any() else samples
    if illuminant == "white_patch":
        brightness = samples.sum(1)
        return as_floats(samples[brightness >= np.quantile(brightness, 0.99)].mean(0))
    power = _NORMS[illuminant]
    return as_floats(np.mean(samples.astype(np.float64) ** power, axis=0) ** (1 / power))


def find_levels(pixels: FloatArray, clip: float, *, by_channel: bool) -> list[tuple[Channel, float, float]]:
    """Return black and white points such that a share of the samples lies beyond each.

    Args:
        pixels: H x W x C.
        clip: Share of the samples, 0 to 0.5.
        by_channel: For each channel alone, or one pair for all, which keeps the hues.
    """
    colors = pixels[:, :, : min(pixels.shape[2], 3)]
    if pixels.shape[2] == 4 and (pixels[:, :, 3] > 0).any():
        colors = colors[pixels[:, :, 3] > 0][None]
    if not by_channel or colors.shape[2] == 1:
        return [("all", *_find_ends(colors, clip))]
    names: tuple[Channel, ...] = ("red", "green", "blue")
    return [(name, *_find_ends(colors[:, :, i], clip)) for i, name in enumerate(names)]


def _find_ends(samples: FloatArray, clip: float) -> tuple[float, float]:
    low, high = (float(value) for value in np.quantile(samples, [clip, 1 - clip]))
    return (low, high) if high - low > 1e-4 else (0.0, 1.0)
