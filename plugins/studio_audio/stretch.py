"""Time stretched and pitch shifted, block by block."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import numpy as np
from scipy import fft as fourier

from studio.api import Audio
from studio.api.audio_blocks import gather_blocks, regroup
from studio_audio.blocks import BLOCK, Reader, cut_blocks
from studio_audio.resample import resample_blocks
from studio_audio.separate import split_blocks
from studio_audio.stft import choose_window, create_window, take_direction

if TYPE_CHECKING:
    from studio_audio.bounds import FloatArray, Step
    from studio_audio.stft import ComplexArray

    Source = Callable[[], Iterator[FloatArray]]

_HOPS = 64  # that are put out at once


def stretch(samples: FloatArray, rate: int, factor: float, method: str, step: Step) -> FloatArray:
    """Make an array `factor` times as long, see `stretch_blocks`."""
    length, (_, channels) = round(len(samples) * factor), samples.shape
    blocks = stretch_blocks(lambda: cut_blocks(samples), samples.shape, rate, length, method, step)
    return gather_blocks(blocks, channels, length)


def stretch_audio(audio: Audio, length: int, method: str, step: Step) -> Audio:
    """Return audio stretched to a number of frames."""
    shape = (audio.frames, audio.channels)
    return Audio.from_blocks(
        lambda: stretch_blocks(lambda: audio.blocks(BLOCK), shape, audio.rate, length, method, step),
        rate=audio.rate,
        channels=audio.channels,
        frames=length,
    )


def stretch_blocks(
    source: Source, shape: tuple[int, ...], rate: int, length: int, method: str, step: Step
) -> Iterator[FloatArray]:
    """Yield a stream stretched to a number of frames.

    "music" splits it into what sings and what strikes, stretches the first with a phase vocoder and overlaps short
    pieces of the second (Driedger, Mueller and Ewert 2014); "tones" uses the phase vocoder alone.

    Args:
        source: Returns the blocks of the audio, from the first.
        shape: Its frames and channels.
        rate: Its sample rate in hertz.
        length: Frames that come out.
        method: One of the two.
        step: Called with work done and planned.
    """
    if length == shape[0] or not shape[0]:
        yield from source()
        return
    size = choose_window(rate, 0.09)
    if method == "tones":
        yield from stretch_tones(source(), shape, length, size, step)
        return
    first, second = itertools.tee(split_blocks(source, shape, rate, 1.0, lambda done, total: None))
    tones = stretch_tones((part for part, _ in first), shape, length, size, step)
    strikes = overlap((part for _, part in second), shape, length, choose_window(rate, 0.012))
    for one, other in zip(regroup(tones, BLOCK), regroup(strikes, BLOCK), strict=True):
        yield one + other


def stretch_tones(
    blocks: Iterator[FloatArray], shape: tuple[int, ...], length: int, size: int, step: Step
) -> Iterator[FloatArray]:
    """Yield a stream stretched to a length with a phase vocoder.

    The phase goes on from frame to frame as in Puckette (1995), peaks take their surroundings along (Laroche and
    Dolson 1999), and all channels turn alike, so that their differences in phase, and with them places, stay.
    """
    frames, channels = shape
    reader, window = Reader(blocks, channels), create_window(size)
    hop, half = size // 4, size // 2
    count = -(-length // hop) + 1
    before = np.zeros((half + 1, channels), np.complex64)

    def create_pieces() -> Iterator[FloatArray]:
        nonlocal before
        for index in range(count):
            if index % _HOPS == 0:
                step(index, count)
            begin = round(index * hop * (frames / max(length, 1))) - half
            span = reader.read(begin - hop, begin + size)
            earlier, now = _transform(span[:size], window), _transform(span[hop:], window)
            turn = _find_turn(before, earlier, now) if index else np.ones(len(now), np.complex64)
            before = now * turn[:, None]
            yield fourier.irfft(before, n=size, axis=0) * window[:, None]

    yield from _overlap_pieces(create_pieces(), window**2, hop, half, (length, channels))


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
    if level[0] > level[2]:  # an offset has no phase
        peaks, turn[0] = np.concatenate([[0], peaks]), 1
    if len(peaks):
        borders = (peaks[1:] + peaks[:-1] + 1) // 2
        turn = turn[peaks[np.searchsorted(borders, np.arange(len(level)), side="right")]]
    return take_direction(turn)


def overlap(blocks: Iterator[FloatArray], shape: tuple[int, ...], length: int, size: int) -> Iterator[FloatArray]:
    """Yield a stream stretched to a length by overlapping short pieces as they are: right for what strikes."""
    frames, channels = shape
    reader, window = Reader(blocks, channels), create_window(size)
    hop, half = size // 2, size // 2

    def create_pieces() -> Iterator[FloatArray]:
        for index in range(-(-length // hop) + 1):
            begin = round(index * hop * (frames / max(length, 1))) - half
            yield reader.read(begin, begin + size) * window[:, None]

    yield from _overlap_pieces(create_pieces(), None, hop, half, (length, channels))


def _overlap_pieces(
    pieces: Iterator[FloatArray], weight: FloatArray | None, hop: int, skip: int, shape: tuple[int, int]
) -> Iterator[FloatArray]:
    """Yield pieces added up, a hop apart, without the first `skip` frames; divided by the sum of their weights."""
    left, channels = shape
    held = weights = np.zeros((0, channels), np.float32)
    for some in iter(lambda: list(itertools.islice(pieces, _HOPS)), []):
        size, done = len(some[0]), len(some) * hop
        room = np.zeros((done - hop + size, channels), np.float32)
        sums = np.zeros((len(room), 1), np.float32)
        room[: len(held)] = held
        sums[: len(weights), 0] = weights[:, 0] if len(weights) else 0
        for index, piece in enumerate(some):
            room[index * hop : index * hop + size] += piece
            sums[index * hop : index * hop + size, 0] += 1 if weight is None else weight
        whole = room if weight is None else np.asarray(room / np.maximum(sums, 1e-3), np.float32)
        held, weights, rest = room[done:].copy(), sums[done:].copy(), whole[done:]
        made = whole[:done][skip:][:left]
        skip, left = max(0, skip - done), left - len(made)
        if len(made):
            yield made
    if left:
        yield rest[skip:][:left]


def change_pitch(audio: Audio, semitones: float, method: str, step: Step) -> Audio:
    """Return audio with another pitch and the same length: stretched, then resampled."""
    ratio = 2.0 ** (semitones / 12)
    if semitones == 0 or not audio.frames:
        return audio
    frames, shape = round(audio.frames * ratio), (audio.frames, audio.channels)

    def create_blocks() -> Iterator[FloatArray]:
        longer = stretch_blocks(lambda: audio.blocks(BLOCK), shape, audio.rate, frames, method, step)
        reader = Reader(resample_blocks(longer, frames, audio.rate * ratio, audio.rate, "HQ"), audio.channels)
        for start in range(0, audio.frames, BLOCK):
            yield reader.read(start, min(start + BLOCK, audio.frames))

    return Audio.from_blocks(create_blocks, rate=audio.rate, channels=audio.channels, frames=audio.frames)
