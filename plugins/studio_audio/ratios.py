"""Ratios of lengths and of frequencies, found from a speed and from semitones."""

from __future__ import annotations

import math


def find_stretch(speed: float) -> float:
    """Return how much longer audio gets at a speed; of all numbers with this reciprocal the shortest one."""
    ratio = 1 / speed
    short = float(f"{ratio:.15g}")
    return short if 1 / short == speed else ratio


def to_semitones(ratio: float) -> float:
    """Return the semitones that a ratio of frequencies is."""
    return 12 * math.log2(ratio)


def find_pitch_ratio(semitones: float) -> float:
    """Return the ratio of frequencies that semitones are; of all numbers with these semitones the shortest one."""
    ratio: float = 2 ** (semitones / 12)
    short = float(f"{ratio:.15g}")
    return short if to_semitones(short) == semitones else ratio
