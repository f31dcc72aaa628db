"""What a piece is like from beat to beat, and where its parts begin."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import numpy as np

from studio_audio import harmony, rhythm
from studio_audio.spectra import create_mel
from studio_audio.stft import iterate_spectra

if TYPE_CHECKING:
    import numpy.typing as npt

    from studio_audio.bounds import FloatArray

    DoubleArray = npt.NDArray[np.float64]

_COEFFICIENTS = 13


def measure_timbre(signal: FloatArray) -> DoubleArray:
    """Return mel cepstra without their level: 12 numbers for each frame of `rhythm.HOP` samples."""
    from scipy.fft import dct

    matrix = create_mel(rhythm.RATE, rhythm.WINDOW, 40, 50.0, 10_000.0)
    parts = [matrix @ np.abs(part) ** 2 for _, part in iterate_spectra(signal, rhythm.WINDOW, rhythm.HOP)]
    levels = 10 * np.log10(np.concatenate(parts, axis=1) + 1e-6)
    cepstra: DoubleArray = dct(levels, axis=0, norm="ortho")[1:_COEFFICIENTS]
    return cepstra


def average_between(rows: DoubleArray, times: DoubleArray, hop: int) -> DoubleArray:
    """Return the mean of rows x frames from each time to the next: rows x (times - 1)."""
    at = np.clip(np.rint(times * rhythm.RATE / hop).astype(int), 0, rows.shape[1] - 1)
    total = np.concatenate([np.zeros((len(rows), 1)), np.cumsum(rows, axis=1)], axis=1)
    last = np.maximum(at[1:], at[:-1] + 1)
    mean: DoubleArray = (total[:, last] - total[:, at[:-1]]) / (last - at[:-1])
    return mean


def describe_beats(signal: FloatArray, times: DoubleArray, chroma: DoubleArray | None = None) -> DoubleArray:
    """Return what the audio is like between times: features x spans, chroma and timbre weighted alike."""
    chroma = harmony.measure_chroma(signal) if chroma is None else chroma
    notes = average_between(chroma, times, harmony.HOP)
    notes = notes / np.maximum(np.linalg.norm(notes, axis=0), 1e-9) * 2.0
    timbre = average_between(measure_timbre(signal), times, rhythm.HOP)
    deviation = np.maximum(timbre.std(axis=1, keepdims=True), 1e-6)
    return np.concatenate([notes, (timbre - timbre.mean(axis=1, keepdims=True)) / deviation / np.sqrt(len(timbre))])


def find_borders(features: DoubleArray, reach: int, least: int) -> npt.NDArray[np.int64]:
    """Return the columns at which something new begins (Foote 2000), the first and the end included.

    Args:
        features: Features x spans.
        reach: Spans on both sides that are compared.
        least: Spans that a part has at least.
    """
    count = features.shape[1]
    if count < 2 * least + 1:
        return np.array([0, count])
    likeness = np.exp(-_measure_distances(features))
    reach = max(2, min(reach, count // 2))
    side = np.arange(-reach, reach) + 0.5
    bell = np.exp(-0.5 * (side / (0.5 * reach)) ** 2)
    board = np.outer(np.sign(side) * bell, np.sign(side) * bell)
    padded = np.pad(likeness, reach, mode="symmetric")  # at its ends a piece is like itself
    novelty = np.array([(padded[at : at + 2 * reach, at : at + 2 * reach] * board).sum() for at in range(count)])
    novelty = np.maximum(novelty, 0)
    level = float(novelty.mean() + 0.6 * novelty.std())
    borders = [0]
    for at in np.argsort(novelty)[::-1]:
        if novelty[at] < level:
            break
        if all(abs(at - other) >= least for other in (*borders, count)):
            borders.append(int(at))
    return np.array([*sorted(borders), count])


def _measure_distances(features: DoubleArray) -> DoubleArray:
    square = (features**2).sum(axis=0)
    distances: DoubleArray = np.sqrt(np.maximum(square[:, None] + square[None] - 2 * features.T @ features, 0.0))
    return distances


def name_parts(features: DoubleArray, borders: npt.NDArray[np.int64]) -> list[str]:
    """Return a letter for each part; parts that are alike have one letter."""
    means = np.stack([features[:, a:b].mean(axis=1) for a, b in itertools.pairwise(borders)])
    inside = np.mean([np.linalg.norm(features[:, a:b] - mean[:, None], axis=0).mean()
                      for a, b, mean in zip(borders[:-1], borders[1:], means, strict=True)])  # fmt: skip
    names: list[int] = []
    models: list[DoubleArray] = []
    for mean in means:
        distances = [float(np.linalg.norm(mean - model)) for model in models]
        if distances and min(distances) < 0.6 * inside:
            names.append(int(np.argmin(distances)))
        else:
            names.append(len(models))
            models.append(mean)
    return [chr(ord("A") + name % 26) + (str(name // 26) if name >= 26 else "") for name in names]
