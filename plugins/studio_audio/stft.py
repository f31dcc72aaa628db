"""The short-time Fourier transform, its inverse, and phases found for magnitudes that have none."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

import numpy as np
from scipy import fft as fourier

if TYPE_CHECKING:
    import numpy.typing as npt

    from studio_audio.bounds import FloatArray, Step

    ComplexArray = npt.NDArray[np.complex64]

_CHUNK = 512  # frames that are transformed at once


def create_window(size: int) -> FloatArray:
    """Return the periodic Hann window."""
    window: FloatArray = (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(size) / size)).astype(np.float32)
    return window


def count_frames(length: int, hop: int) -> int:
    """Return how many frames cover a signal, the first centred on its first sample."""
    return 1 + -(-length // hop)


def choose_window(rate: int, seconds: float) -> int:
    """Return the power of two nearest to a length in time."""
    return int(2 ** max(4, round(np.log2(max(rate * seconds, 16.0)))))


def transform(signal: FloatArray, size: int, hop: int) -> ComplexArray:
    """Return the spectrum of a signal: bins x frames; frame k is centred on sample k * hop."""
    spectrum = np.empty((size // 2 + 1, count_frames(len(signal), hop)), np.complex64)
    for start, part in iterate_spectra(signal, size, hop):
        spectrum[:, start : start + part.shape[1]] = part
    return spectrum


def iterate_spectra(signal: FloatArray, size: int, hop: int, chunk: int = _CHUNK) -> Iterator[tuple[int, ComplexArray]]:
    """Yield the spectrum in parts, each with the index of its first frame."""
    window, half = create_window(size), size // 2
    frames = count_frames(len(signal), hop)
    for start in range(0, frames, chunk):
        count = min(chunk, frames - start)
        first = start * hop - half
        piece = np.zeros((count - 1) * hop + size, np.float32)
        low, high = max(first, 0), min(first + len(piece), len(signal))
        if high > low:
            piece[low - first : high - first] = signal[low:high]
        rows = np.lib.stride_tricks.sliding_window_view(piece, size)[::hop] * window
        yield start, fourier.rfft(rows, axis=1).T.astype(np.complex64, copy=False)


def invert(spectrum: ComplexArray, size: int, hop: int, length: int) -> FloatArray:
    """Return the signal whose spectrum is nearest (Griffin and Lim 1984); exact for what `transform` gave.

    The hop must divide the size.
    """
    adder = OverlapAdder(size, hop, spectrum.shape[1], length)
    for start in range(0, spectrum.shape[1], _CHUNK):
        adder.add(start, spectrum[:, start : start + _CHUNK])
    return adder.finish()


class OverlapAdder:
    """Adds windowed frames up to a signal; parts may come in any order."""

    def __init__(self, size: int, hop: int, frames: int, length: int) -> None:
        self._size, self._hop, self._length = size, hop, length
        steps = size // hop
        self._rows = np.zeros((frames + steps - 1, hop), np.float32)
        self._window = create_window(size)
        self._frames = frames

    def add(self, start: int, spectrum: ComplexArray) -> None:
        """Add frames from number `start` on."""
        rows = fourier.irfft(spectrum.T, n=self._size, axis=1) * self._window
        for step in range(self._size // self._hop):
            piece = rows[:, step * self._hop : (step + 1) * self._hop]
            self._rows[start + step : start + step + len(rows)] += piece

    def finish(self) -> FloatArray:
        """Return the signal."""
        hop, square = self._hop, self._window.reshape(-1, self._hop) ** 2
        steps, half = len(square), self._size // 2
        weight = np.repeat(square.sum(axis=0)[None], len(self._rows), axis=0)
        for row in range(min(steps - 1, len(self._rows))):
            weight[row] = square[max(0, row - self._frames + 1) : row + 1].sum(axis=0)
            weight[-1 - row] = square[steps - 1 - row : min(steps, steps - 1 - row + self._frames)].sum(axis=0)
        signal = (self._rows / np.maximum(weight, 1e-6)).reshape(-1)
        result = np.zeros(self._length, np.float32)
        piece = signal[half : half + self._length]
        result[: len(piece)] = piece
        assert hop * steps == self._size
        return result


def overlap_add(spectra: Iterable[ComplexArray], size: int, hop: int, frames: int, length: int) -> Iterator[FloatArray]:
    """Yield the signal of a stream of spectra (frames x channels x bins), as frames x channels; see `invert`.

    Args:
        spectra: Parts of the spectrum, in order.
        size: Length of a frame.
        hop: Samples from frame to frame; it divides the size.
        frames: Frames of all parts together.
        length: Samples that come out.
    """
    window, steps = create_window(size), size // hop
    square = window.reshape(-1, hop) ** 2
    carry: FloatArray | None = None
    first, skip, left = 0, size // 2, length

    def finish(rows: FloatArray, first: int) -> FloatArray:
        numbers = range(first, first + len(rows))
        weight = np.stack([square[max(0, row - frames + 1) : row + 1].sum(axis=0) for row in numbers])
        signal: FloatArray = (rows / np.maximum(weight, 1e-6)[:, None]).transpose(0, 2, 1).reshape(-1, rows.shape[1])
        return signal

    for part in spectra:
        pieces = fourier.irfft(part, n=size, axis=2) * window
        rows = np.zeros((len(part) + steps - 1, part.shape[1], hop), np.float32)
        if carry is not None:
            rows[: steps - 1] = carry
        for step in range(steps):
            rows[step : step + len(part)] += pieces[:, :, step * hop : (step + 1) * hop]
        carry = rows[len(part) :].copy()
        made = finish(rows[: len(part)], first)[skip:][:left]
        first, skip, left = first + len(part), max(0, skip - len(part) * hop), left - len(made)
        if len(made):
            yield made
    if carry is not None and left:
        yield finish(carry, first)[skip:][:left]


def find_phase(
    magnitude: FloatArray,
    analyse: Callable[[FloatArray], ComplexArray],
    synthesise: Callable[[ComplexArray], FloatArray],
    start: ComplexArray,
    *,
    rounds: int,
    momentum: float = 0.0,
    step: Step | None = None,
) -> FloatArray:
    """Return a signal that has these magnitudes as nearly as can be (Griffin and Lim 1984).

    Args:
        magnitude: What the signal should have.
        analyse: From a signal to a spectrum of the same shape.
        synthesise: From a spectrum to a signal.
        start: Numbers of magnitude 1: the phases to begin with.
        rounds: How often to go back and forth.
        momentum: 0 as published first, 0.99 to converge faster (Perraudin, Balazs and Soendergaard 2013).
        step: Called before each round.
    """
    spectrum: ComplexArray = (magnitude * start).astype(np.complex64)
    before: ComplexArray | None = None
    for done in range(rounds):
        if step is not None:
            step(done, rounds)
        found = analyse(synthesise(spectrum))
        ahead = found if before is None or momentum == 0 else found + np.float32(momentum) * (found - before)
        before = found
        spectrum = magnitude * take_direction(ahead)
    return synthesise(spectrum)


def take_direction(spectrum: ComplexArray) -> ComplexArray:
    """Return numbers of magnitude 1 with the same phases; 1 where there is none."""
    size = np.abs(spectrum)
    quiet = size < 1e-20
    direction: ComplexArray = np.where(quiet, np.complex64(1), spectrum / np.where(quiet, np.float32(1), size))
    return direction
