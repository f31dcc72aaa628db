"""Loudness in LUFS and true peak after ITU-R BS.1770-4, loudness range after EBU Tech 3342."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import numpy as np

from studio.api.audio_blocks import regroup
from studio_audio.blocks import Reader, cut_blocks, surround
from studio_audio.filters import filter_blocks

if TYPE_CHECKING:
    import numpy.typing as npt

    from studio.api import Audio
    from studio_audio.bounds import FloatArray

    DoubleArray = npt.NDArray[np.float64]

SILENT = -math.inf
_LOWEST_RATE = 8000
# surround channels count 1.41, the low-frequency channel 0; layouts in FFmpeg's order
_WEIGHTS = {
    5: (1, 1, 1, 1.41, 1.41),
    6: (1, 1, 1, 0, 1.41, 1.41),
    7: (1, 1, 1, 0, 1, 1.41, 1.41),
    8: (1, 1, 1, 0, 1, 1, 1.41, 1.41),
}
_TAPS = 24
_BLOCK, _STEPS = 1 << 16, 64


def create_k_weighting(rate: int) -> list[list[float]]:
    """Return the two sections of the K-weighting for any rate from 8 kHz; at 48 kHz those of the standard."""
    k, q, gain = math.tan(math.pi * 1681.974450955533 / rate), 0.7071752369554196, 10.0 ** (3.999843853973347 / 20)
    middle, a0 = gain**0.4996667741545416, 1 + k / q + k * k
    shelf = [(gain + middle * k / q + k * k) / a0, 2 * (k * k - gain) / a0, (gain - middle * k / q + k * k) / a0,
             1.0, 2 * (k * k - 1) / a0, (1 - k / q + k * k) / a0]  # fmt: skip
    k, q = math.tan(math.pi * 38.13547087602444 / rate), 0.5003270373238773
    a0 = 1 + k / q + k * k
    return [shelf, [1.0, -2.0, 1.0, 1.0, 2 * (k * k - 1) / a0, (1 - k / q + k * k) / a0]]


def measure_power(samples: FloatArray, rate: int) -> tuple[DoubleArray, float]:
    """Return the K-weighted power in steps of 100 ms, see `measure_stream`."""
    return measure_stream(cut_blocks(samples), len(samples), rate)


def measure_stream(blocks: Iterable[FloatArray], frames: int, rate: int) -> tuple[DoubleArray, float]:
    """Return the K-weighted power in steps of 100 ms, channels weighted and added, and what of a step remains.

    The last step may be shorter; its share of a whole one is the second result (1 for a whole one).
    """
    if rate < _LOWEST_RATE:
        from studio_audio.resample import resample_blocks

        blocks = resample_blocks(blocks, frames, rate, _LOWEST_RATE)
        frames, rate = round(frames * _LOWEST_RATE / rate), _LOWEST_RATE
    step = rate / 10
    edges = np.minimum(np.rint(np.arange(0, math.ceil(frames / step) + 1) * step).astype(int), frames)
    if len(edges) < 2:
        return np.zeros(0), 1.0
    sums, reader = np.zeros(len(edges) - 1), None
    filtered = filter_blocks(regroup(blocks, _BLOCK), create_k_weighting(rate))
    for first in range(0, len(sums), _STEPS):
        some = edges[first : first + _STEPS + 1]
        if reader is None:
            block = next(filtered)
            weights = np.array(_WEIGHTS.get(block.shape[1], (1,) * block.shape[1]), np.float64)
            reader = Reader(itertools.chain([block], filtered), block.shape[1])
        squares = reader.read(int(some[0]), int(some[-1])).astype(np.float64) ** 2 @ weights
        starts = np.minimum(some[:-1] - some[0], len(squares) - 1)
        sums[first : first + len(starts)] = np.add.reduceat(squares, starts)
    widths = np.maximum(np.diff(edges), 1)
    return sums / widths, float(widths[-1] / step)


def to_lufs(power: float) -> float:
    """Return the loudness of a K-weighted power."""
    return -0.691 + 10 * math.log10(power) if power > 0 else SILENT


def slide(power: DoubleArray, steps: int) -> DoubleArray:
    """Return the mean power over windows of so many steps; of all where there are fewer."""
    if len(power) < steps:
        return np.array([power.mean()]) if len(power) else np.zeros(0)
    total = np.concatenate([[0.0], np.cumsum(power)])
    means: DoubleArray = np.maximum(total[steps:] - total[:-steps], 0.0) / steps
    return means


def gate(blocks: DoubleArray, below: float) -> DoubleArray:
    """Return the blocks above -70 LUFS and above their mean less so many LU."""
    kept = blocks[blocks > 10 ** ((-70 + 0.691) / 10)]
    return kept[kept > kept.mean() * 10 ** (-below / 10)] if len(kept) else kept


def measure_loudness(samples: FloatArray, rate: int) -> float:
    """Return the integrated loudness in LUFS; minus infinity for silence.

    Audio under 400 ms is measured as one block.
    """
    return integrate(*measure_power(samples, rate))


def integrate(power: DoubleArray, share: float) -> float:
    """Return the integrated loudness of what `measure_power` gives, in LUFS."""
    if len(power) > 4 and share < 1:
        power = power[:-1]  # only whole blocks count
    kept = gate(slide(power, 4), 10)
    return to_lufs(float(kept.mean())) if len(kept) else SILENT


def measure_range(samples: FloatArray, rate: int) -> float:
    """Return the loudness range in LU: from the 10th to the 95th percentile of what is not gated; 0 if short."""
    return spread(measure_power(samples, rate)[0])


def spread(power: DoubleArray) -> float:
    """Return the loudness range of what `measure_power` gives, in LU."""
    kept = gate(slide(power, 30), 20)
    if len(kept) < 2:
        return 0.0
    low, high = np.percentile(10 * np.log10(kept), [10, 95])
    return float(high - low)


def measure_curve(samples: FloatArray, rate: int, seconds: float) -> tuple[DoubleArray, DoubleArray]:
    """Return times and loudness of windows that long, every 100 ms, in LUFS, not under -70."""
    power, _ = measure_power(samples, rate)
    steps = max(1, min(round(seconds * 10), len(power)))
    blocks = slide(power, steps)
    curve: DoubleArray = np.maximum(-0.691 + 10 * np.log10(np.maximum(blocks, 1e-12)), -70.0)
    times: DoubleArray = np.arange(len(blocks), dtype=np.float64) * 0.1 + steps * 0.05
    return times, curve


def oversample_peaks(samples: FloatArray) -> FloatArray:
    """Return for each frame the greatest absolute value, of all channels and of three instants after it."""
    found = list(oversample_blocks(cut_blocks(samples)))
    return np.concatenate(found) if found else np.zeros(0, np.float32)


def oversample_blocks(blocks: Iterable[FloatArray]) -> Iterator[FloatArray]:
    """Yield for each frame of a stream what `oversample_peaks` finds."""
    taps = np.arange(-_TAPS, _TAPS) + 0.0
    shapes = [np.sinc(taps + shift) * np.kaiser(2 * _TAPS, 7.0) for shift in (0.75, 0.5, 0.25)]
    kernels = [shape.astype(np.float32) for shape in shapes]
    for piece, own in surround(regroup(blocks, _BLOCK // 2), _TAPS):
        peaks: FloatArray = np.abs(piece[own]).max(axis=1, initial=0.0)
        for kernel in kernels:
            for channel in piece.T:
                between = np.abs(np.convolve(np.ascontiguousarray(channel), kernel)[_TAPS - 1 :][own])
                np.maximum(peaks[: len(between)], between, out=peaks[: len(between)])
        yield peaks


def measure_true_peak(samples: FloatArray) -> float:
    """Return the true peak, four times oversampled, as an amplitude."""
    return find_true_peak(cut_blocks(samples))


def find_true_peak(blocks: Iterable[FloatArray]) -> float:
    """Return the true peak of a stream."""
    return max((float(peaks.max(initial=0.0)) for peaks in oversample_blocks(blocks)), default=0.0)


def measure_peak_level(audio: Audio) -> float:
    """Return the true peak of audio in dBTP; -120 for silence."""
    peak = find_true_peak(audio.blocks(_BLOCK))
    return max(20 * math.log10(peak), -120.0) if peak > 0 else -120.0
