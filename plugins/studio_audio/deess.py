"""Hissing consonants turned down: what lies above a frequency is compressed, the rest stays."""

from __future__ import annotations

from studio.api import Audio
from studio_audio.crossover import filter_low, subtract
from studio_audio.dynamics import Curve, compress
from studio_audio.join import mix

_ATTACK, _RELEASE, _KNEE = 0.001, 0.06, 6.0


def soften(audio: Audio, frequency: float, threshold: float, ratio: float) -> tuple[Audio, float]:
    """Return audio whose part above a frequency is turned down where it is loud, and by how many decibels at most.

    Both parts add up to the audio, so that what is not turned down stays as it was.
    """
    low = filter_low(audio, frequency)
    high, reduction = compress(subtract(audio, low), Curve(threshold, ratio, _KNEE, _ATTACK, _RELEASE), 0.0)
    return mix([low, high], [1.0, 1.0], [0, 0]), reduction
