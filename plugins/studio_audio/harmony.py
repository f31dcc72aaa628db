"""Pitch classes and key."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from studio_audio.rhythm import RATE
from studio_audio.stft import iterate_spectra

if TYPE_CHECKING:
    import numpy.typing as npt

    from studio_audio.bounds import FloatArray

    DoubleArray = npt.NDArray[np.float64]

WINDOW, HOP = 8192, 2048
NAMES = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")
# how well each degree fits a key, as listeners rated it (Krumhansl and Kessler 1982)
_MAJOR = (6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88)
_MINOR = (6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17)


def measure_chroma(signal: FloatArray) -> DoubleArray:
    """Return the strength of the 12 pitch classes from C, for each frame of `HOP` samples at `RATE`.

    Peaks of the spectrum from 65 to 2100 Hz count, by their amplitude's root, tuned to the audio's own pitch.
    """
    hertz = np.arange(WINDOW // 2 + 1) * RATE / WINDOW
    inside = np.flatnonzero((hertz > 65) & (hertz < 2100))
    columns, weights, pitches = [], [], []
    total = 0
    for _, part in iterate_spectra(signal, WINDOW, HOP):
        level = np.abs(part)
        rows, frames = np.nonzero(
            (level[inside] > level[inside - 1]) & (level[inside] >= level[inside + 1]) & (level[inside] > 1e-4)
        )
        at = inside[rows]
        left, middle, right = (np.log(np.maximum(level[at + one, frames], 1e-9)) for one in (-1, 0, 1))
        bend = left - 2 * middle + right
        exact = at + np.clip(0.5 * (left - right) / np.minimum(bend, -1e-9), -0.5, 0.5)
        pitches.append(12 * np.log2(exact * RATE / WINDOW / 440) + 69)
        weights.append(np.sqrt(level[at, frames]))
        columns.append(frames + total)
        total += level.shape[1]
    pitch, weight, column = (np.concatenate(one) for one in (pitches, weights, columns))
    angle = np.angle((weight * np.exp(2j * np.pi * pitch)).sum()) / (2 * np.pi) if len(pitch) else 0.0
    near = pitch - angle
    chroma = np.zeros((12, total))
    for step in (0, 1):
        share = 1 - np.abs(near - (np.floor(near) + step))
        np.add.at(chroma, ((np.floor(near).astype(int) + step) % 12, column), weight * share**2)
    return chroma


def find_key(chroma: DoubleArray) -> tuple[str, float]:
    """Return the key, e.g. "F# minor", and how clear it is: the correlation with its profile, from 0 to 1."""
    mean = chroma.mean(axis=1) if chroma.size else np.zeros(12)
    if mean.std() < 1e-9:
        return "none", 0.0
    scores = {
        f"{name} {mode}": float(np.corrcoef(mean, np.roll(profile, index))[0, 1])
        for index, name in enumerate(NAMES)
        for mode, profile in (("major", _MAJOR), ("minor", _MINOR))
    }
    best = max(scores, key=lambda key: scores[key])
    return best, max(scores[best], 0.0)
