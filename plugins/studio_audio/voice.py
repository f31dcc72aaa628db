"""Voices changed in pitch, formants and speed with WORLD (Morise, Yokomori and Ozawa 2016)."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

import numpy as np

from studio.api import MediaError
from studio_audio.resample import resample

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt

    from studio_audio.bounds import FloatArray, Step

    DoubleArray = npt.NDArray[np.float64]

LOWEST_RATE, _WORKING_RATES = 8000, (16_000, 48_000)
_FRAME_MILLISECONDS = 5.0
_FLOOR, _CEILING = 60.0, 800.0
_LONGEST_SECONDS, _MOMENT_SECONDS = 40.0, 0.02


def change_voice(
    samples: FloatArray, rate: int, pitch: float, formants: float, speed: float, step: Step
) -> tuple[FloatArray, float]:
    """Return a voice with other pitch, formants and speed, and the median pitch that it had.

    The pitch is followed (Harvest), the envelope taken without it (CheapTrick) and stretched along frequency, noise
    kept apart (D4C); all is put together again at the new times.

    Args:
        samples: Frames x channels; each channel is a voice of its own.
        rate: Sample rate in hertz; between 16 and 48 kHz it is worked on as it is, otherwise resampled.
        pitch: Factor of the fundamental frequency.
        formants: Factor of the resonances: above 1 a smaller head.
        speed: Factor; the result has round(frames / speed) frames.
        step: Called with work done and planned.

    Raises:
        MediaError: E647 if no voice is found.
    """
    working = min(max(rate, _WORKING_RATES[0]), _WORKING_RATES[1])
    length, found = round(len(samples) / speed), []
    result = np.zeros((length, samples.shape[1]), np.float32)
    pieces = [(channel, *piece) for channel, signal in enumerate(samples.T) for piece in _find_pieces(signal, rate)]
    for number, (channel, start, end) in enumerate(pieces):
        piece = samples[start:end, channel : channel + 1]
        if not piece.any():
            continue
        signal = resample(piece, rate, working)[:, 0].astype(np.float64)
        log = functools.partial(_report, step, number, len(pieces))
        made, pitches = _change_channel(signal, working, pitch, formants, speed, log)
        found.append(pitches)
        first, last = round(start / speed), round(end / speed)
        back = resample(made.astype(np.float32)[:, None], working, rate)[: last - first, 0]
        _round_ends(back, rate, start > 0, end < len(samples))
        result[first : first + len(back), channel] = back
    voiced = np.concatenate(found) if found else np.zeros(0)
    if not len(voiced):
        raise MediaError("E647", "no voice is found in the audio", hint="give speech or singing, between 60 and 800 Hz")
    return result, float(np.median(voiced))


def _report(step: Step, number: int, pieces: int, done: int, total: int) -> None:
    step(number * total + done, pieces * total)


def _find_pieces(signal: FloatArray, rate: int) -> Iterator[tuple[int, int]]:
    """Yield where pieces of a voice begin and end: cut at the quietest moment of the second half of each 40 seconds.

    WORLD takes 27 MiB for a second; what is shorter stays whole.
    """
    longest, moment, start = round(_LONGEST_SECONDS * rate), max(1, round(_MOMENT_SECONDS * rate)), 0
    while len(signal) - start > longest:
        low, count = start + longest // 2, longest // 2 // moment
        power = (signal[low : low + count * moment].reshape(count, moment) ** 2).sum(axis=1)
        end = low + int(power.argmin()) * moment + moment // 2
        yield start, end
        start = end
    yield start, len(signal)


def _round_ends(piece: FloatArray, rate: int, begins: bool, ends: bool) -> None:
    """Fade a piece in and out over 5 ms where it was cut."""
    ramp = np.linspace(0, 1, min(len(piece), round(0.005 * rate)), dtype=np.float32)
    if begins:
        piece[: len(ramp)] *= ramp
    if ends:
        piece[len(piece) - len(ramp) :] *= ramp[::-1]


def _change_channel(
    signal: DoubleArray, rate: int, pitch: float, formants: float, speed: float, step: Step
) -> tuple[DoubleArray, DoubleArray]:
    import pyworld as world

    step(0, 4)
    pitches, times = world.harvest(signal, rate, f0_floor=_FLOOR, f0_ceil=_CEILING, frame_period=_FRAME_MILLISECONDS)
    step(1, 4)
    envelope = world.cheaptrick(signal, pitches, times, rate, f0_floor=_FLOOR)
    step(2, 4)
    noise = world.d4c(signal, pitches, times, rate, fft_size=(envelope.shape[1] - 1) * 2)
    step(3, 4)
    if formants != 1.0:
        envelope, noise = _move_formants(envelope, formants), _move_formants(noise, formants, floor=1e-3)
    made = world.synthesize(pitches * pitch, envelope, noise, rate, frame_period=_FRAME_MILLISECONDS / speed)
    return made, pitches[pitches > 0]


def _move_formants(rows: DoubleArray, factor: float, floor: float = 1e-16) -> DoubleArray:
    """Stretch rows along frequency; beyond the end their last value goes on."""
    at = np.minimum(np.arange(rows.shape[1]) / factor, rows.shape[1] - 1)
    left, share = np.minimum(at.astype(int), rows.shape[1] - 2), at - np.minimum(at.astype(int), rows.shape[1] - 2)
    logs = np.log(np.maximum(rows, floor))
    return np.ascontiguousarray(np.exp(logs[:, left] * (1 - share) + logs[:, left + 1] * share))
