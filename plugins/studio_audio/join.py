"""Audio clips joined end to end or mixed, with fades."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from studio.api import Audio
from studio_audio.blocks import BLOCK, Reader, change_audio
from studio_audio.bounds import check_length
from studio_audio.channels import match_channels
from studio_audio.resample import resample_stream

if TYPE_CHECKING:
    import numpy.typing as npt

    from studio_audio.bounds import FloatArray


def match_all(clips: Sequence[Audio]) -> list[Audio]:
    """Bring audio clips to the highest rate and the most channels among them."""
    rate, channels = max(audio.rate for audio in clips), max(audio.channels for audio in clips)
    check_length(sum(audio.frames * rate / audio.rate for audio in clips), channels, rate)
    return [match_audio(resample_stream(audio, rate), channels) for audio in clips]


def match_audio(audio: Audio, channels: int) -> Audio:
    """Return audio with another number of channels, see `match_channels`."""
    if audio.channels == channels:
        return audio
    match_channels(np.zeros((0, audio.channels), np.float32), channels)  # refuses at once what does not go
    return change_audio(audio, lambda blocks: (match_channels(block, channels) for block in blocks), channels=channels)


def create_ramp(frames: int, shape: str, start: int = 0, stop: int | None = None) -> FloatArray:
    """Return a fade-in from 0 to 1, `frames` long; turned around it is the fade-out that goes with it.

    "linear" keeps the amplitude of equal clips in a crossfade, "equal_power" (a quarter sine) the power of
    different ones, "smooth" is a raised cosine, "exponential" rises by 60 dB evenly. With `start` and `stop` only
    that part of it.
    """
    at = (np.arange(start, frames if stop is None else stop) + 0.5) / max(frames, 1)
    curves: dict[str, Callable[[], npt.NDArray[np.float64]]] = {
        "linear": lambda: at,
        "equal_power": lambda: np.sin(at * np.pi / 2),
        "smooth": lambda: 0.5 - 0.5 * np.cos(at * np.pi),
        "exponential": lambda: 10.0 ** (3.0 * (at - 1.0)),
    }
    return np.asarray(curves[shape](), np.float32)


def cut(audio: Audio, first: int, last: int) -> Audio:
    """Return a span of audio, filled with silence after its end."""

    def create_blocks() -> Iterator[FloatArray]:
        yield from audio.blocks(BLOCK, first, last)
        yield from create_silence(last - max(first, audio.frames), audio.channels)

    return Audio.from_blocks(create_blocks, rate=audio.rate, channels=audio.channels, frames=last - first)


def pad_start(audio: Audio, frames: int) -> Audio:
    """Return audio after so many frames of silence."""

    def create_blocks() -> Iterator[FloatArray]:
        yield from create_silence(frames, audio.channels)
        yield from audio.blocks(BLOCK)

    return _create([audio], create_blocks, frames + audio.frames)


def reverse(audio: Audio) -> Audio:
    """Return audio backwards."""

    def create_blocks() -> Iterator[FloatArray]:
        for stop in range(audio.frames, 0, -BLOCK):
            yield from (block[::-1] for block in audio.blocks(BLOCK, max(0, stop - BLOCK), stop))

    return Audio.from_blocks(create_blocks, rate=audio.rate, channels=audio.channels, frames=audio.frames)


def fade(audio: Audio, frames_in: int, frames_out: int, shape: str) -> Audio:
    """Fade in at the start and out at the end; fades longer than the audio are cut to it."""
    first, last = min(frames_in, audio.frames), min(frames_out, audio.frames)

    def change(blocks: Iterator[FloatArray]) -> Iterator[FloatArray]:
        at = 0
        for block in blocks:
            yield fade_part(block, at, audio.frames, first, last, shape)
            at += len(block)

    return change_audio(audio, change)


def fade_part(part: FloatArray, at: int, length: int, frames_in: int, frames_out: int, shape: str) -> FloatArray:
    """Fade the part of audio that begins at a frame; the fades are those of the whole, `length` frames long."""
    end = at + len(part)
    before, after = max(0, min(frames_in, end) - at), max(0, end - max(length - frames_out, at))
    if not before and not after:
        return part
    faded = part.copy()
    if before:
        faded[:before] *= create_ramp(frames_in, shape, at, at + before)[:, None]
    if after:
        low = length - end  # counted from the end
        faded[len(part) - after :] *= create_ramp(frames_out, shape, low, low + after)[::-1, None]
    return faded


def join(clips: Sequence[Audio], overlaps: Sequence[int], shape: str) -> Audio:
    """Join audio clips of one kind end to end; each overlaps the one before by so many frames, crossfaded."""
    before, after = [0, *overlaps], [*overlaps, 0]

    def create_faded(index: int, start: int, stop: int) -> Iterator[FloatArray]:
        at = start
        for block in clips[index].blocks(BLOCK, start, stop):
            yield fade_part(block, at, clips[index].frames, before[index], after[index], shape)
            at += len(block)

    def create_blocks() -> Iterator[FloatArray]:
        for index, audio in enumerate(clips):
            alone = audio.frames - after[index]
            yield from create_faded(index, before[index], alone)
            if index + 1 < len(clips):
                leaving, coming = (
                    create_faded(index, alone, audio.frames),
                    create_faded(index + 1, 0, after[index]),
                )
                for one, other in zip(leaving, coming, strict=True):
                    yield one + other

    return _create(clips, create_blocks, sum(audio.frames for audio in clips) - sum(overlaps))


def concatenate(clips: Sequence[Audio], gap: int) -> Audio:
    """Join audio clips of one kind end to end, with so many frames of silence between them."""

    def create_blocks() -> Iterator[FloatArray]:
        for index, audio in enumerate(clips):
            if index:
                yield from create_silence(gap, audio.channels)
            yield from audio.blocks(BLOCK)

    return _create(clips, create_blocks, sum(audio.frames for audio in clips) + gap * (len(clips) - 1))


def create_silence(frames: int, channels: int) -> Iterator[FloatArray]:
    """Yield so many frames of silence."""
    for start in range(0, frames, BLOCK):
        yield np.zeros((min(BLOCK, frames - start), channels), np.float32)


def mix(clips: Sequence[Audio], gains: Sequence[float], offsets: Sequence[int]) -> Audio:
    """Add audio clips of one kind up, each with a factor and the frame at which it starts."""
    length = max(offset + audio.frames for audio, offset in zip(clips, offsets, strict=True))

    def create_blocks() -> Iterator[FloatArray]:
        readers = [Reader(audio.blocks(BLOCK), audio.channels) for audio in clips]
        for start in range(0, length, BLOCK):
            stop = min(start + BLOCK, length)
            total = np.zeros((stop - start, clips[0].channels), np.float32)
            for audio, reader, gain, offset in zip(clips, readers, gains, offsets, strict=True):
                if start < offset + audio.frames and stop > offset:
                    total += reader.read(start - offset, stop - offset) * np.float32(gain)
            yield total

    return _create(clips, create_blocks, length)


def _create(clips: Sequence[Audio], blocks: Callable[[], Iterator[FloatArray]], frames: int) -> Audio:
    return Audio.from_blocks(blocks, rate=clips[0].rate, channels=clips[0].channels, frames=frames)


def find_audible(audio: Audio, threshold: float, window: int) -> tuple[int, int]:
    """Return where the audio begins and ends: outside, no window's RMS reaches the threshold. (0, 0) for silence."""
    loud = []
    for block in audio.blocks(window * 1024):
        padded = np.zeros((-(-len(block) // window) * window, audio.channels), np.float32)
        padded[: len(block)] = block
        power = (padded.astype(np.float64) ** 2).mean(axis=1).reshape(-1, window).mean(axis=1)
        loud.append(power > threshold**2)
    found = np.flatnonzero(np.concatenate(loud)) if loud else np.zeros(0, np.int64)
    if not len(found):
        return 0, 0
    return int(found[0]) * window, min(audio.frames, (int(found[-1]) + 1) * window)
