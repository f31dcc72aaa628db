"""Speech freed of noise by DeepFilterNet 3 (Schröter et al. 2023), in constant memory.

The network sees the energy of 32 bands (ERB) and the spectrum below 4.8 kHz. It returns a gain for each band, and for
the lower bins a filter over five frames. Analysis, features and synthesis follow the published method; the networks
are ONNX files.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

import numpy as np
from scipy.signal import lfilter

from studio.api import Audio, MediaError
from studio_audio.blocks import BLOCK, Reader, change_audio
from studio_audio.resample import resample_stream

if TYPE_CHECKING:
    from studio_audio.bounds import FloatArray, Step
    from studio_audio.stft import ComplexArray

RATE, SIZE, HOP = 48_000, 960, 480
BANDS, FILTERED, ORDER, AHEAD = 32, 96, 5, 2
"""Bands, bins with a filter, frames of a filter, and frames that the network looks ahead."""
_LEAST_BINS = 2
_FORGET = 0.99  # a time constant of a second, in frames of 10 ms
_FRAMES, _WARM_UP = 1000, 150
"""Frames at once, and frames before them that put the network into the state it would have."""
_FIRST_LEVELS, _FIRST_POWERS = (-60.0, -90.0), (0.001, 0.0001)
_LEVEL_SCALE = 40.0


@runtime_checkable
class DeepFilter(Protocol):
    """The networks of DeepFilterNet."""

    def filter_frames(self, levels: FloatArray, spectrum: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return gains (frames x 32) and filters (frames x 96 x 5 x 2).

        Args:
            levels: Frames x 32.
            spectrum: 2 x frames x 96, real and imaginary parts.
        """
        ...


def denoise_speech(audio: Audio, network: DeepFilter, reduction: float, step: Step) -> Audio:
    """Take what is not speech out of audio.

    Args:
        audio: Audio of any rate; it is processed at 48 kHz, each channel by itself.
        network: The networks.
        reduction: Decibels by which noise is reduced at most.
        step: Called with frames done and in all.
    """
    if not audio.frames:
        return audio
    wide = resample_stream(audio, RATE)
    kept = np.float32(10 ** (-reduction / 20))

    def create_blocks(blocks: Iterator[FloatArray]) -> Iterator[FloatArray]:
        originals = Reader(wide.blocks(BLOCK), wide.channels)
        at = 0
        for block in _Stream(Reader(blocks, wide.channels), wide.frames, wide.channels, network).run(step):
            yield block + kept * (originals.read(at, at + len(block)) - block)
            at += len(block)

    clean = resample_stream(change_audio(wide, create_blocks), audio.rate)
    return change_audio(clean, lambda blocks: _fit(blocks, audio.frames), frames=audio.frames)


def _fit(blocks: Iterator[FloatArray], frames: int) -> Iterator[FloatArray]:
    """Yield so many frames: two changes of the rate may give one more or less."""
    for block in blocks:
        yield block[:frames]
        frames -= min(frames, len(block))
        last = block[-1:]
    if frames:
        yield np.repeat(last, frames, axis=0)


def find_bands() -> list[int]:
    """Return how many bins each band has: equal steps of equivalent rectangular bandwidth, two bins at least."""
    top = 9.265 * np.log1p(RATE / 2 / (24.7 * 9.265))
    edges = 24.7 * 9.265 * np.expm1(np.arange(1, BANDS + 1) * top / BANDS / 9.265)
    widths, before, over = list[int](), 0, 0
    for edge in np.floor(edges * SIZE / RATE + 0.5).astype(int):
        wanted = int(edge) - before - over
        over = max(0, _LEAST_BINS - wanted)
        widths.append(max(wanted, _LEAST_BINS))
        before = int(edge)
    widths[-1] += 1 + min(0, SIZE // 2 - sum(widths))
    return widths


@dataclass
class _Frames:
    """Frames that are held: their spectra and features, channels first, from a number on."""

    spectra: ComplexArray
    levels: FloatArray
    units: ComplexArray


class _Stream:
    def __init__(self, reader: Reader, length: int, channels: int, network: DeepFilter) -> None:
        self._reader, self._length, self._channels, self._network = reader, length, channels, network
        self._count = -(-length // HOP) + 1
        self._window = np.sin(np.pi / 2 * np.sin(np.pi * (np.arange(SIZE) + 0.5) / SIZE) ** 2).astype(np.float32)
        self._widths = find_bands()
        self._starts = np.cumsum([0, *self._widths[:-1]])
        shape = (channels, 0)
        self._held = _Frames(
            np.zeros((*shape, SIZE // 2 + 1), np.complex64),
            np.zeros((*shape, BANDS), np.float32),
            np.zeros((*shape, FILTERED), np.complex64),
        )
        self._first = self._last = 0
        self._level_state = np.tile(np.linspace(*_FIRST_LEVELS, BANDS) * _FORGET, (channels, 1))[:, None]
        self._power_state = np.tile(np.linspace(*_FIRST_POWERS, FILTERED) * _FORGET, (channels, 1))[:, None]

    def run(self, step: Step) -> Iterator[FloatArray]:
        """Yield the audio without noise."""
        tail = np.zeros((self._channels, HOP), np.float32)
        left = self._length
        for start in range(0, self._count, _FRAMES):
            end = min(start + _FRAMES, self._count)
            step(start, self._count)
            self._fill(max(0, start - _WARM_UP - AHEAD), end + AHEAD)
            made = np.stack([self._clean(channel, start, end) for channel in range(self._channels)])
            pieces = np.fft.irfft(made * SIZE, SIZE, axis=-1).astype(np.float32) * self._window
            joined = pieces[:, :, :HOP].copy()
            joined[:, 1:] += pieces[:, :-1, HOP:]
            joined[:, 0] += tail
            tail = pieces[:, -1, HOP:]
            block = joined.reshape(self._channels, -1)[:, HOP if start == 0 else 0 :].T[:left]
            left -= len(block)
            if not np.isfinite(block).all():
                raise MediaError("E649", "the network returned NaN", hint="check the audio, or leave out the model")
            yield np.ascontiguousarray(block)

    def _fill(self, first: int, last: int) -> None:
        """Hold the frames from one to before another; beyond the end they are zero."""
        begin, end = self._last, min(last, self._count)
        held, drop = self._held, first - self._first
        spectra, levels, units = held.spectra[:, drop:], held.levels[:, drop:], held.units[:, drop:]
        if end > begin:
            samples = self._reader.read((begin - 1) * HOP, end * HOP).T
            pieces = np.lib.stride_tricks.sliding_window_view(samples, SIZE, axis=1)[:, ::HOP]
            new = (np.fft.rfft(pieces * self._window, axis=-1) / SIZE).astype(np.complex64)
            spectra = np.concatenate([spectra, new], axis=1)
            levels = np.concatenate([levels, self._find_levels(new)], axis=1)
            units = np.concatenate([units, self._find_units(new)], axis=1)
        self._held, self._first, self._last = _Frames(spectra, levels, units), first, end

    def _find_levels(self, spectra: ComplexArray) -> FloatArray:
        power = spectra.real.astype(np.float64) ** 2 + spectra.imag.astype(np.float64) ** 2
        means = np.add.reduceat(power, self._starts, axis=-1) / self._widths
        levels = 10 * np.log10(means + 1e-10)
        smooth, self._level_state = lfilter([1 - _FORGET], [1, -_FORGET], levels, axis=1, zi=self._level_state)
        found: FloatArray = ((levels - smooth) / _LEVEL_SCALE).astype(np.float32)
        return found

    def _find_units(self, spectra: ComplexArray) -> ComplexArray:
        low = spectra[..., :FILTERED]
        smooth, self._power_state = lfilter(
            [1 - _FORGET], [1, -_FORGET], np.abs(low).astype(np.float64), axis=1, zi=self._power_state
        )
        found: ComplexArray = (low / np.sqrt(smooth)).astype(np.complex64)
        return found

    def _clean(self, channel: int, start: int, end: int) -> ComplexArray:
        """Return the spectra of frames without noise."""
        begin = max(0, start - _WARM_UP)
        levels = _cut(self._held.levels[channel], begin + AHEAD - self._first, end - begin)
        units = _cut(self._held.units[channel], begin + AHEAD - self._first, end - begin)
        found = self._network.filter_frames(levels, np.stack([units.real, units.imag]).astype(np.float32))
        gains, filters = (each[start - begin :] for each in found)
        spectra = _cut(self._held.spectra[channel], start - self._first, end - start)
        made: ComplexArray = spectra * np.repeat(gains, self._widths, axis=1)
        made[:, :FILTERED] = 0
        for place in range(ORDER):
            shift = place - (ORDER - 1 - AHEAD)
            around = _cut(self._held.spectra[channel], start + shift - self._first, end - start)[:, :FILTERED]
            made[:, :FILTERED] += around * (filters[:, :, place, 0] + 1j * filters[:, :, place, 1])
        return made


def _cut(frames: Any, start: int, count: int) -> Any:
    """Return so many frames from one on; zeros lie before and behind those that are held."""
    found = np.zeros((count, *frames.shape[1:]), frames.dtype)
    low, high = max(start, 0), min(start + count, len(frames))
    if high > low:
        found[low - start : high - start] = frames[low:high]
    return found
