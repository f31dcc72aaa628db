"""Sizes at which an image repeats: what its autocorrelation says of the tile of a mark, without the key."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    FloatArray = npt.NDArray[np.float32]

_LOWEST, _HIGHEST = 0.03, 0.47  # periods a pixel of the waves that are looked at
_NEIGHBORHOOD = 33  # frequencies that are made equally strong together
_MOST_REPEATS = 4
_STEP = 0.1  # pixels


def list_repeats(flat: FloatArray, least: float, most: float, count: int) -> list[float]:
    """Return periods in pixels at which an image repeats both down and across, the most likely first.

    Args:
        flat: Fine parts of the image, equally strong everywhere.
        least: Smallest period.
        most: Largest period.
        count: How many to return, at most.
    """
    periods = np.arange(least, most, _STEP)
    scores = _score(_correlate_with_itself(flat), periods, flat.shape)
    found: list[float] = []
    for index in np.argsort(-scores):
        if len(found) == count:
            break
        if all(abs(periods[index] - other) > 1.5 * _STEP for other in found):
            found.append(float(periods[index]))
    return found


def _correlate_with_itself(flat: FloatArray) -> FloatArray:
    """Return the circular autocorrelation of an image whose waves were made equally strong."""
    import cv2

    shape = tuple(_find_fast_length(length) for length in flat.shape)
    spectrum = np.fft.rfft2(flat, shape)  # not of scipy, which takes longer to import than a search
    power = spectrum.real**2 + spectrum.imag**2
    size = (_NEIGHBORHOOD, _NEIGHBORHOOD)
    white = np.minimum(power / (cv2.blur(power, size, borderType=cv2.BORDER_REFLECT) + 1e-12), 8) - 1
    down, across = np.abs(np.fft.fftfreq(shape[0])), np.fft.rfftfreq(shape[1])
    radius = np.hypot(down[:, None], across[None])
    white[(radius < _LOWEST) | (radius > _HIGHEST)] = 0
    white[_is_of_blocks(down)] = 0
    white[:, _is_of_blocks(across)] = 0
    correlation: FloatArray = np.fft.irfft2(white, shape).astype(np.float32)
    return correlation


def _find_fast_length(length: int) -> int:
    """Return the next length whose only factors are 2, 3 and 5 (up to 1e12): transforms of others take much longer."""
    return next(found for found in itertools.count(length) if 60**20 % found == 0)


def _is_of_blocks(frequencies: npt.NDArray[np.floating[Any]]) -> npt.NDArray[np.bool_]:
    """Tell which waves are those of plain edges, or of the blocks of JPEG."""
    distance = np.abs(frequencies[:, None] - np.array([0, 1, 2, 3, 4]) / 8).min(axis=1)
    result: npt.NDArray[np.bool_] = distance < 0.003
    return result | (frequencies < 0.012)


def _score(correlation: FloatArray, periods: npt.NDArray[np.float64], shape: tuple[int, ...]) -> FloatArray:
    """Return how well an image repeats at each period: the sum over a lattice of shifts, by its standard deviation."""
    import cv2

    scores, weights = np.zeros(len(periods)), np.zeros(len(periods))
    for down in range(_MOST_REPEATS + 1):
        for across in range(-_MOST_REPEATS, _MOST_REPEATS + 1):
            if down == 0 and across <= 0:
                continue  # the same as the others
            row, column = down * periods, across * periods
            weight = np.maximum(1 - row / shape[0], 0) * np.maximum(1 - np.abs(column) / shape[1], 0)
            weight[(row > 0.6 * shape[0]) | (np.abs(column) > 0.6 * shape[1])] = 0
            rows = (row % correlation.shape[0]).astype(np.float32)[None]
            columns = (column % correlation.shape[1]).astype(np.float32)[None]
            values = cv2.remap(correlation, columns, rows, cv2.INTER_CUBIC, borderMode=cv2.BORDER_WRAP)[0]
            scores += values * weight
            weights += weight**2
    result: FloatArray = (scores / np.sqrt(np.maximum(weights, 1e-3))).astype(np.float32)
    return result
