"""The waves of a mark in an image: a square tile that repeats, made of waves that whole periods of it hold.

Spread spectrum with a keyed tile: Cox et al., "Secure spread spectrum watermarking for multimedia", IEEE Trans. Image
Processing 6, 1997; a tile that repeats, found again by the autocorrelation of the image: Kutter, "Watermarking
resisting to translation, rotation, and scaling", SPIE 3528, 1998.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from studio_provenance.keyed_phases import KeyedPhases, draw_phases

if TYPE_CHECKING:
    import numpy.typing as npt

    ComplexArray = npt.NDArray[np.complexfloating[Any, Any]]
    IntArray = npt.NDArray[np.int64]

TILE = 128  # pixels of an image whose longer side is at most LONGEST
LONGEST = 1536  # larger images are marked as if they had this size, so that the mark lives through shrinking
_LOWEST, HIGHEST = 6, 27  # periods in a tile: longer waves drown in the image, shorter ones in JPEG
_BLOCK = TILE // 8  # waves of the blocks of JPEG: left out


@dataclass(frozen=True)
class ImageWaves:
    """Frequencies of the waves, in periods a tile, and what the key draws for them.

    Attributes:
        rows: Periods down, -HIGHEST to HIGHEST.
        columns: Periods across, 0 to HIGHEST.
        keyed: What the key draws.
        groups: Waves of similar length have one number.
    """

    rows: IntArray
    columns: IntArray
    keyed: KeyedPhases
    groups: IntArray


@cache
def list_frequencies() -> tuple[IntArray, IntArray]:
    """Return the frequencies of all waves: periods down, and across."""
    rows, columns = np.meshgrid(np.arange(-HIGHEST, HIGHEST + 1), np.arange(HIGHEST + 1), indexing="ij")
    radius = np.hypot(rows, columns)
    half = (columns > 0) | (rows > 0)  # the others are the same waves
    free = (np.abs(rows) != _BLOCK) & (columns != _BLOCK) & (rows != 0) & (columns != 0)
    kept = half & free & (radius >= _LOWEST) & (radius <= HIGHEST)
    return rows[kept].astype(np.int64), columns[kept].astype(np.int64)


def create_waves(key: bytes) -> ImageWaves:
    """Return the waves of a mark under a key."""
    rows, columns = list_frequencies()
    radius = np.hypot(rows, columns)
    groups = np.minimum(((radius - _LOWEST) / 3).astype(np.int64), 6)
    return ImageWaves(rows, columns, draw_phases(key, "image", len(rows)), groups)


def render_waves(waves: ComplexArray, top: int, height: int, width: int, tile: float) -> npt.NDArray[np.float32]:
    """Return rows of the sum of waves, scaled to a standard deviation of 1: height x width.

    Args:
        waves: Each wave as amplitude and phase.
        top: First row.
        height: Number of rows.
        width: Number of columns.
        tile: Pixels after which the sum repeats, down and across.
    """
    rows, columns = list_frequencies()
    grid = np.zeros((2 * HIGHEST + 1, HIGHEST + 1), np.complex64)
    grid[rows + HIGHEST, columns] = waves / np.sqrt(np.sum(np.abs(waves) ** 2) / 2)
    down = _tabulate(np.arange(top, top + height), np.arange(-HIGHEST, HIGHEST + 1), tile)
    across = _tabulate(np.arange(width), np.arange(HIGHEST + 1), tile)
    half = down @ grid  # height x frequencies across
    return np.asarray(half.real @ across.real.T - half.imag @ across.imag.T, np.float32)


def measure_waves(samples: npt.NDArray[np.float32], tile_down: float, tile_across: float) -> ComplexArray:
    """Return how strongly each wave is in samples, if the tile has this size there."""
    rows, columns = list_frequencies()
    across = _tabulate(np.arange(samples.shape[1]), np.arange(HIGHEST + 1), tile_across)
    down = _tabulate(np.arange(samples.shape[0]), np.arange(-HIGHEST, HIGHEST + 1), tile_down)
    half = samples @ across.real - 1j * (samples @ across.imag)
    grid: ComplexArray = down.conj().T @ half
    return grid[rows + HIGHEST, columns]


def _tabulate(places: IntArray, frequencies: IntArray, tile: float) -> npt.NDArray[np.complex64]:
    turns = np.outer(places, frequencies) / tile
    return np.asarray(np.exp(2j * np.pi * (turns % 1)), np.complex64)
