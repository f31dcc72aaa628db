"""A constant-Q transform that can be inverted: a nonstationary Gabor frame.

After Velasco, Holighaus, Doerfler and Grill (2011), with the same number of columns for every bin, so that the result
is a matrix.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import fft as fourier

if TYPE_CHECKING:
    import numpy.typing as npt

    from studio_audio.bounds import FloatArray
    from studio_audio.stft import ComplexArray


@dataclass(frozen=True)
class Grid:
    """Where the bins of a constant-Q transform lie.

    Attributes:
        size: Samples of the padded audio.
        columns: Columns of the result.
        starts: For each bin the first line of the long spectrum that it covers.
        windows: For each bin its weights from there on.
    """

    size: int
    columns: int
    starts: tuple[int, ...]
    windows: tuple[FloatArray, ...]


def find_frequencies(low: float, octave: int, bins: int) -> npt.NDArray[np.float64]:
    """Return the centres of bins in hertz."""
    return low * 2.0 ** (np.arange(bins) / octave)


def count_bins(rate: int, low: float, high: float, octave: int) -> int:
    """Return how many bins fit from `low` up to `high` and below half the rate."""
    high = min(high, 0.49 * rate / 2 ** (1 / octave))
    return int(np.floor(octave * np.log2(high / low) + 1e-9)) + 1 if high >= low else 0


def plan_grid(length: int, rate: int, low: float, octave: int, bins: int) -> Grid:
    """Lay out the bins for audio of so many frames; the audio is padded, so that its ends do not meet."""
    centres = find_frequencies(low, octave, bins)
    step = 2 ** (1 / octave)
    size = fourier.next_fast_len(length + max(rate // 4, 1024), real=True)
    starts, windows = [], []
    for centre in centres:
        left, right = centre / step * size / rate, centre * step * size / rate
        first, last = int(np.floor(left)) + 1, int(np.ceil(right))
        lines = np.arange(first, max(last, first + 1))
        middle = centre * size / rate
        part = np.where(lines < middle, (lines - left) / (middle - left), (right - lines) / (right - middle))
        windows.append(np.sin(np.clip(part, 0.0, 1.0) * np.pi / 2).astype(np.float32))
        starts.append(first)
    columns = fourier.next_fast_len(max(len(window) for window in windows))
    return Grid(size, columns, tuple(starts), tuple(windows))


def transform(signal: FloatArray, grid: Grid) -> ComplexArray:
    """Return bins x columns; column k is centred on sample k * size / columns."""
    padded = np.zeros(grid.size, np.float32)
    padded[: len(signal)] = signal
    spectrum = fourier.rfft(padded)
    lines = np.zeros((len(grid.starts), grid.columns), np.complex64)
    for index, (first, window) in enumerate(zip(grid.starts, grid.windows, strict=True)):
        lines[index, : len(window)] = spectrum[first : first + len(window)] * window
    scale = np.float32(2 * grid.columns / grid.size)
    result: ComplexArray = fourier.ifft(lines, axis=1) * scale  # a sine of amplitude 1 gives about 1
    return result


def invert(bins: ComplexArray, grid: Grid, length: int) -> FloatArray:
    """Return the signal, exact for what lies between the lowest and the highest bin."""
    lines = fourier.fft(bins, axis=1) * np.float32(grid.size / (2 * grid.columns))
    spectrum = np.zeros(grid.size // 2 + 1, np.complex64)
    weight = np.zeros(len(spectrum), np.float32)
    for index, (first, window) in enumerate(zip(grid.starts, grid.windows, strict=True)):
        spectrum[first : first + len(window)] += lines[index, : len(window)] * window
        weight[first : first + len(window)] += window**2
    # the outermost bins overlap no neighbour: their slopes stay as they are
    signal: FloatArray = fourier.irfft(spectrum / np.maximum(weight, 0.5), n=grid.size)
    return signal[:length]
