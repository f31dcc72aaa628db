"""How far a mouth is open while it speaks, from the loudness of its voice."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    from studio.api import Audio

_BLOCK = 1 << 18


def find_openings(
    audio: Audio, fps: float, attack: float, release: float, floor_db: float, shape: float = 0.7
) -> npt.NDArray[np.float64]:
    """Return the opening for each frame, 0 (shut) to 1.

    Loudness is the root mean square over a frame and half of each neighbour, in decibels below the loud passages (the
    95th percentile of what is not silent). The mouth opens and shuts no faster than attack and release let it.

    Args:
        sound: A voice; channels are mixed.
        fps: Frames per second.
        attack: Time to open by 63 %, in seconds.
        release: Time to shut by 63 %, in seconds.
        floor_db: Decibels below the loud passages at which the mouth is shut.
        shape: Exponent of the way from loudness to opening; below 1 opens sooner.
    """
    count = math.ceil(audio.frames * fps / audio.rate - 1e-9)
    if count == 0:
        return np.zeros(0)
    level = 10 * np.log10(_measure_power(audio, fps, count) + 1e-12)
    heard = level[level > -60.0]
    if not len(heard):
        return np.zeros(count)
    loud = float(np.percentile(heard, 95))
    aim = np.clip((level - loud + floor_db) / floor_db, 0.0, 1.0) ** shape
    return _smooth(aim, fps, attack, release)


def _measure_power(audio: Audio, fps: float, count: int) -> npt.NDArray[np.float64]:
    """Return the mean square of each frame and half of its neighbours, block by block."""
    half = np.zeros(2 * count)
    filled = np.zeros(2 * count)
    at = 0
    for block in audio.blocks(_BLOCK):
        mono = block.mean(axis=1, dtype=np.float64)
        places = np.minimum(((at + np.arange(len(mono))) * (2 * fps / audio.rate)).astype(np.int64), 2 * count - 1)
        half += np.bincount(places, mono * mono, 2 * count)
        filled += np.bincount(places, minlength=2 * count)
        at += len(mono)
    padded = np.pad(half, 1)
    weights = np.pad(filled, 1)
    total = padded[0:-3:2] + padded[1:-2:2] + padded[2:-1:2] + padded[3::2]
    samples = weights[0:-3:2] + weights[1:-2:2] + weights[2:-1:2] + weights[3::2]
    power: npt.NDArray[np.float64] = total / np.maximum(samples, 1)
    return power


def _smooth(aim: npt.NDArray[np.float64], fps: float, attack: float, release: float) -> npt.NDArray[np.float64]:
    rise = 1 - math.exp(-1 / (fps * attack)) if attack > 0 else 1.0
    fall = 1 - math.exp(-1 / (fps * release)) if release > 0 else 1.0
    opening, smoothed = 0.0, np.empty_like(aim)
    for index, wanted in enumerate(aim):
        opening += (wanted - opening) * (rise if wanted > opening else fall)
        smoothed[index] = opening
    return smoothed
