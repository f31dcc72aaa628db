"""Bands of an equaliser, read from JSON."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from studio.api import MediaError
from studio_audio.bounds import is_number

KINDS = ("peak", "low_shelf", "high_shelf", "low_pass", "high_pass", "band_pass", "notch")
_SHAPE = '{"kind": "peak", "frequency": 1000, "gain": -6, "q": 1}'


@dataclass(frozen=True)
class Band:
    """A band: its kind, its frequency in hertz, its gain in decibels, and its quality."""

    kind: str
    frequency: float
    gain: float
    q: float


def parse_bands(bands: Any) -> list[Band]:
    """Read bands from JSON; whether a frequency suits the audio is not checked.

    Raises:
        MediaError: E646 that quotes what is wrong.
    """
    if not isinstance(bands, list):
        raise MediaError("E646", f"bands: {bands!r} is not a list", hint=f"write [{_SHAPE}]")
    return [_parse_band(band) for band in bands]


def _parse_band(band: Any) -> Band:
    if not isinstance(band, dict) or not set(band) <= {"kind", "frequency", "gain", "q"} or "frequency" not in band:
        raise MediaError("E646", f"bands: invalid band {band!r}", hint=f"write {_SHAPE}")
    kind, gain, q = band.get("kind", "peak"), band.get("gain", 0.0), band.get("q", math.sqrt(0.5))
    if kind not in KINDS:
        raise MediaError("E646", f"bands: unknown kind {kind!r}", hint=f"one of: {', '.join(KINDS)}")
    for name, value, low, high in (("gain", gain, -60, 60), ("q", q, 0.05, 100)):
        if not is_number(value) or not low <= value <= high:
            raise MediaError("E646", f"bands: invalid {name} {value!r}", hint=f"give a number from {low} to {high}")
    frequency = band["frequency"]
    if not is_number(frequency) or frequency <= 0:
        raise MediaError("E646", f"bands: invalid frequency {frequency!r}", hint="give hertz, a number above 0")
    return Band(kind, float(frequency), float(gain), float(q))
