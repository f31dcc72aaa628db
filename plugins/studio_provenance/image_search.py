"""Finds marks in images: at any place, at many sizes, turned and mirrored; and reads their bits."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from studio_provenance.found_mark import FoundMark
from studio_provenance.image_pixels import read_small_luma
from studio_provenance.image_waves import HIGHEST, TILE, ImageWaves, create_waves, list_frequencies, measure_waves
from studio_provenance.keyed_phases import compute_threshold, whiten_groups
from studio_provenance.repeats import list_repeats

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt

    from studio.api import Image

    ComplexArray = npt.NDArray[np.complexfloating[Any, Any]]
    FloatArray = npt.NDArray[np.float32]

_COMMON = (1.0, 0.5, 0.75, 0.25)  # sizes that are always tried: 1 is that at which the image was marked
_LEAST, _MOST = 0.3, 2.2
_REPEATS = 12  # sizes that are tried because the image repeats there
_SMALL = 400 * 400  # pixels of images that are tried at many sizes: they hardly repeat
_GRID_STEP = 0.008
_GRID = tuple(float(scale) for scale in np.exp(np.arange(np.log(0.4), np.log(1.3), _GRID_STEP)))
_TURNS = [(swapped, down, across) for swapped in (False, True) for down in (1, -1) for across in (1, -1)]
PLACES = TILE * TILE * (len(_TURNS) * (len(_COMMON) + _REPEATS) + len(_GRID))


class _Turn(NamedTuple):
    """An orientation: rows and columns swapped or not, rows and columns reversed (-1) or not."""

    is_swapped: bool
    down: int
    across: int


class _Hit(NamedTuple):
    """Where waves agree with the key: how well, the size of the tile, the orientation, and the shift in tiles."""

    z: float
    tile: tuple[float, float]
    turn: _Turn
    shift: tuple[float, float]


def flatten(luma: FloatArray) -> FloatArray:
    """Return the fine parts of an image, equally strong everywhere: what a mark is searched in."""
    import cv2

    fine = luma - cv2.GaussianBlur(luma, (0, 0), 4)
    power = np.maximum(cv2.blur(fine * fine, (15, 15)), 0)
    flat: FloatArray = np.clip(fine / (np.sqrt(power) + 1.0 / 255), -3, 3)
    return flat


def find_in_image(image: Image, key: bytes) -> FoundMark:
    """Search an image for the mark of a key."""
    return find_mark(flatten(read_small_luma(image)), key)


def find_mark(flat: FloatArray, key: bytes) -> FoundMark:
    """Search the fine parts of an image for the mark of a key.

    Args:
        flat: What `flatten` returns for an image.
        key: The key.
    """
    waves = create_waves(key)
    threshold = compute_threshold(PLACES)
    best = _Hit(-np.inf, (TILE, TILE), _Turn(False, 1, 1), (0.0, 0.0))
    for tile, turns in _list_trials(flat):
        best = max([best, *_try_size(flat, waves, (tile, tile), turns)])
        if best.z >= threshold:
            payload, best = _read(flat, waves, best)
            return FoundMark(payload, best.z, PLACES, scale=float(np.mean(best.tile)) / TILE)
    return FoundMark(None, best.z, PLACES)


def _list_trials(flat: FloatArray) -> Iterator[tuple[float, list[_Turn]]]:
    """Yield sizes of the tile in pixels, with the orientations to try there. No key has a part in it."""
    turns = [_Turn(*turn) for turn in _TURNS]
    for scale in _COMMON:
        yield scale * TILE, turns
    for period in list_repeats(flat, _LEAST * TILE, _MOST * TILE, _REPEATS):
        yield period, turns
    if flat.size <= _SMALL:
        for scale in _GRID:
            yield scale * TILE, turns[:1]


def _try_size(flat: FloatArray, waves: ImageWaves, tile: tuple[float, float], turns: list[_Turn]) -> Iterator[_Hit]:
    heard = whiten_groups(measure_waves(flat, *tile), waves.groups)
    for turn in turns:
        z, shift = _correlate(_turn_waves(heard, turn), waves)
        yield _Hit(z, tile, turn, shift)


def _read(flat: FloatArray, waves: ImageWaves, hit: _Hit) -> tuple[int | None, _Hit]:
    """Return the payload at a hit, and the hit at the size where it agrees best."""
    down, across = hit.tile
    step = 0.15 * hit.tile[0] ** 2 / max(flat.shape) / (2 * HIGHEST) * 8
    for _ in range(3):
        for direction in ((step, step), (-step, -step), (step, 0.0), (-step, 0.0), (0.0, step), (0.0, -step)):
            while True:
                (other,) = _try_size(flat, waves, (down + direction[0], across + direction[1]), [hit.turn])
                if other.z <= hit.z:
                    break
                hit, (down, across) = other, other.tile
        step /= 2
    heard = _turn_waves(whiten_groups(measure_waves(flat, down, across), waves.groups), hit.turn)
    aligned = heard * _shift_waves(waves, _refine_shift(heard, waves, hit.shift))
    return waves.keyed.read_payload(aligned, waves.groups), hit


def _turn_waves(heard: ComplexArray, turn: _Turn) -> ComplexArray:
    """Return the waves of an image as they are after it was turned."""
    places, mirrored = _list_turned(turn)
    return np.where(mirrored, heard[places].conj(), heard[places])


@cache
def _list_turned(turn: _Turn) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
    """Return for each wave which one stands in its place after a turn, and whether it is the other half of it."""
    rows, columns = list_frequencies()
    pairs = list(zip(rows.tolist(), columns.tolist(), strict=True))
    found = {pair: (index, False) for index, pair in enumerate(pairs)}
    found |= {(-row, -column): (index, True) for index, (row, column) in enumerate(pairs)}
    turned = [(turn.down * row, turn.across * column) for row, column in pairs]
    hits = [found[pair[::-1] if turn.is_swapped else pair] for pair in turned]
    return np.array([index for index, _ in hits]), np.array([mirrored for _, mirrored in hits])


def _correlate(heard: ComplexArray, waves: ImageWaves) -> tuple[float, tuple[float, float]]:
    """Return the strongest agreement over all shifts, z, and that shift in tiles down and across."""
    search = waves.keyed.search
    grid = np.zeros((TILE, TILE), np.complex64)
    grid[waves.rows[search], waves.columns[search]] = (heard * waves.keyed.phases.conj())[search]
    surface = np.fft.ifft2(grid).real
    index = int(np.argmax(surface))
    spread = float(np.sqrt(np.sum(np.abs(heard[search]) ** 2) / 2))
    z = float(surface.flat[index]) * TILE * TILE / max(spread, 1e-12)
    return z, (index // TILE / TILE, index % TILE / TILE)


def _shift_waves(waves: ImageWaves, shift: tuple[float, float]) -> ComplexArray:
    return np.exp(2j * np.pi * (waves.rows * shift[0] + waves.columns * shift[1]))


def _refine_shift(heard: ComplexArray, waves: ImageWaves, shift: tuple[float, float]) -> tuple[float, float]:
    """Return the shift, in fractions of a pixel."""
    search = waves.keyed.search
    terms = heard * waves.keyed.phases.conj()
    step = 0.5 / TILE
    for _ in range(4):
        near = [(shift[0] + down * step, shift[1] + across * step) for down in (0, -1, 1) for across in (0, -1, 1)]
        shift = max(near, key=lambda place: float(np.sum((terms * _shift_waves(waves, place))[search].real)))
        step /= 2
    return shift
