"""Time stretched without changing pitch, and pitch shifted without changing time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import fft as fourier

from studio_audio.resample import resample
from studio_audio.separate import split
from studio_audio.stft import choose_window, create_window, take_direction

if TYPE_CHECKING:
    from studio_audio.bounds import FloatArray, Step
    from studio_audio.stft import ComplexArray


def stretch(samples: FloatArray, rate: int, factor: float, method: str, step: Step) -> FloatArray:
    """Make a sound `factor` times as long: round(frames * factor) frames.

    "music" splits it into what sings and what strikes, stretches the first with a phase vocoder and overlaps short
    pieces of the second (Driedger, Mueller and Ewert 2014); "tones" uses the phase vocoder alone.
    """
    length = round(len(samples) * factor)
    if factor == 1.0 or not len(samples):
        return samples
    size = choose_window(rate, 0.09)
    if method == "tones":
        return stretch_tones(samples, length, size, step)
    tones, strikes, _ = split(samples, rate, 1.0, lambda done, total: step(done, 2 * total))
    stretched = stretch_tones(tones, length, size, lambda done, total: step(total + done, 2 * total))
    return stretched + overlap(strikes, length, choose_window(rate, 0.012))


def stretch_tones(samples: FloatArray, length: int, size: int, step: Step) -> FloatArray:
    """Stretch to a length with a phase vocoder.

    The phase goes on from frame to frame as in Puckette (1995), peaks take their surroundings along (Laroche and
    Dolson 1999), and all channels turn alike, so that their differences in phase, and with them places, stay.
    """
    hop, half, window = size // 4, size // 2, create_window(size)
    frames, channels = -(-length // hop) + 1, samples.shape[1]
    positions = np.rint(np.arange(frames) * hop * (len(samples) / max(length, 1))).astype(int)
    padded = np.zeros((size + hop + int(positions[-1]) + size, channels), np.float32)
    padded[half + hop : half + hop + len(samples)] = samples[: len(padded) - half - hop]
    result = np.zeros(((frames - 1) * hop + size, channels), np.float32)
    weight = np.zeros(len(result), np.float32)
    before = np.zeros((size // 2 + 1, channels), np.complex64)
    for index, position in enumerate(positions):
        if index % 64 == 0:
            step(index, frames)
        earlier, now = (_transform(padded[at : at + size], window) for at in (position, position + hop))
        turn = _find_turn(before, earlier, now) if index else np.ones(len(now), np.complex64)
        before = now * turn[:, None]
        at = index * hop
        result[at : at + size] += fourier.irfft(before, n=size, axis=0) * window[:, None]
        weight[at : at + size] += window**2
    return (result / np.maximum(weight, 1e-3)[:, None])[half : half + length]


def _transform(piece: FloatArray, window: FloatArray) -> ComplexArray:
    spectrum: ComplexArray = fourier.rfft(piece * window[:, None], axis=0)
    return spectrum


def _find_turn(before: ComplexArray, earlier: ComplexArray, now: ComplexArray) -> ComplexArray:
    """Return by how much to turn each bin: as the nearest peak below or above it demands."""
    turn = (before * np.conj(earlier)).sum(axis=1)
    level = np.abs(now).sum(axis=1)
    inner = level[2:-2]
    found = (inner > level[1:-3]) & (inner >= level[3:-1]) & (inner > level[:-4]) & (inner >= level[4:])
    peaks = np.flatnonzero(found) + 2
    if len(peaks):
        borders = (peaks[1:] + peaks[:-1] + 1) // 2
        turn = turn[peaks[np.searchsorted(borders, np.arange(len(level)), side="right")]]
    return take_direction(turn)


def overlap(samples: FloatArray, length: int, size: int) -> FloatArray:
    """Stretch to a length by overlapping short pieces as they are: right for what strikes."""
    hop, half, window = size // 2, size // 2, create_window(size)
    frames, channels = -(-length // hop) + 1, samples.shape[1]
    positions = np.rint(np.arange(frames) * hop * (len(samples) / max(length, 1))).astype(int)
    padded = np.zeros((int(positions[-1]) + 2 * size, channels), np.float32)
    padded[half : half + len(samples)] = samples[: len(padded) - half]
    rows = np.zeros((frames + 1, hop, channels), np.float32)
    for index, position in enumerate(positions):
        piece = padded[position : position + size] * window[:, None]
        rows[index] += piece[:hop]
        rows[index + 1] += piece[hop:]
    return rows.reshape(-1, channels)[half : half + length]


def shift_pitch(samples: FloatArray, rate: int, semitones: float, method: str, step: Step) -> FloatArray:
    """Shift the pitch and keep the length: stretched, then resampled."""
    ratio = 2.0 ** (semitones / 12)
    if semitones == 0 or not len(samples):
        return samples
    longer = stretch(samples, rate, ratio, method, step)
    shifted = resample(longer, rate * ratio, rate, "HQ")
    result = np.zeros_like(samples)
    result[: len(shifted)] = shifted[: len(samples)]
    return result
