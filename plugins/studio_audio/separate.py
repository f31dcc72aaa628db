"""Audio split into what sings and what strikes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import numpy as np
from scipy import fft as fourier

from studio.api import Audio
from studio_audio.blocks import BLOCK, Reader, change_audio, surround
from studio_audio.stft import choose_window, count_frames, create_window, overlap_add

if TYPE_CHECKING:
    from studio_audio.blocks import Keep
    from studio_audio.bounds import FloatArray, Step
    from studio_audio.stft import ComplexArray

_ALONG_SECONDS, _ACROSS_HERTZ = 0.2, 500.0
_PART = 256


def split_audio(audio: Audio, margin: float, keep: Keep, step: Step) -> tuple[Audio, Audio, Audio]:
    """Return harmonic, percussive and remaining parts, which add up to the audio; see `split_blocks`."""
    channels, shape = audio.channels, (audio.frames, audio.channels)

    def create_both() -> Iterator[FloatArray]:
        for parts in split_blocks(lambda: audio.blocks(BLOCK), shape, audio.rate, margin, step):
            yield np.concatenate(parts, axis=1)

    both = keep(Audio.from_blocks(create_both, rate=audio.rate, channels=2 * channels, frames=audio.frames))

    def create_rest() -> Iterator[FloatArray]:
        for whole, parts in zip(audio.blocks(BLOCK), both.blocks(BLOCK), strict=True):
            yield np.zeros_like(whole) if margin <= 1.0 else whole - parts[:, :channels] - parts[:, channels:]

    return (
        change_audio(both, lambda blocks: (block[:, :channels] for block in blocks), channels=channels),
        change_audio(both, lambda blocks: (block[:, channels:] for block in blocks), channels=channels),
        Audio.from_blocks(create_rest, rate=audio.rate, channels=channels, frames=audio.frames),
    )


def split_blocks(
    source: Callable[[], Iterator[FloatArray]], shape: tuple[int, ...], rate: int, margin: float, step: Step
) -> Iterator[tuple[FloatArray, FloatArray]]:
    """Yield the harmonic and the percussive part of a stream, block by block.

    Medians along time and along frequency (Fitzgerald 2010) as soft masks; a margin above 1 leaves what is neither
    (Driedger, Mueller and Disch 2014), otherwise the parts add up to the audio, to the last bit.

    Args:
        source: Returns the blocks, from the first; called twice.
        shape: Frames and channels of the audio.
        rate: Sample rate in hertz.
        margin: How clearly something must sing or strike.
        step: Called with frames of the spectrum done and planned.
    """
    size = choose_window(rate, 0.046)
    hop, (length, channels) = size // 4, shape
    if not length:
        return
    frames = count_frames(length, hop)
    wholes = transform_blocks(source(), channels, size, hop, frames)
    masked = _mask_parts(wholes, rate, size, margin, lambda done: step(done, frames))
    originals = Reader(source(), channels)
    at = 0
    for both in overlap_add(masked, size, hop, frames, length):
        tones, strikes = both[:, :channels], both[:, channels:]
        if margin <= 1.0:
            tones = originals.read(at, at + len(both)) - strikes
        at += len(both)
        yield tones, strikes


def transform_blocks(
    blocks: Iterator[FloatArray], channels: int, size: int, hop: int, frames: int
) -> Iterator[ComplexArray]:
    """Yield spectra: frames x channels x bins; frame k is centred on sample k * hop."""
    reader, window = Reader(blocks, channels), create_window(size)
    for start in range(0, frames, _PART):
        count, first = min(_PART, frames - start), start * hop - size // 2
        piece = reader.read(first, first + (count - 1) * hop + size)
        rows = np.lib.stride_tricks.sliding_window_view(piece, size, axis=0)[::hop] * window
        yield fourier.rfft(rows, axis=2).astype(np.complex64, copy=False)


def _mask_parts(
    spectra: Iterator[ComplexArray], rate: int, size: int, margin: float, step: Callable[[int], None]
) -> Iterator[ComplexArray]:
    """Yield the spectra of both parts, the harmonic channels first."""
    from scipy.ndimage import median_filter

    along = 2 * max(1, round(_ALONG_SECONDS * rate / (size // 4) / 2)) + 1
    across = 2 * max(1, round(_ACROSS_HERTZ * size / rate / 2)) + 1
    done = 0
    for around, own in surround(spectra, along // 2):
        step(done)
        done += own.stop - own.start
        masked = np.empty((own.stop - own.start, 2 * around.shape[1], around.shape[2]), np.complex64)
        for channel in range(around.shape[1]):
            levels = np.abs(around[:, channel])
            tones = median_filter(levels, size=(along, 1), mode="reflect")[own]
            strikes = median_filter(levels[own], size=(1, across), mode="reflect")
            middle = around[own, channel]
            masked[:, channel] = middle * compute_mask(tones, strikes * margin)
            masked[:, around.shape[1] + channel] = middle * compute_mask(strikes, tones * margin)
        yield masked


def compute_mask(wanted: FloatArray, other: FloatArray) -> FloatArray:
    """Return the share of the wanted power, between 0 and 1; a half where there is none."""
    scale = np.maximum(np.maximum(wanted, other), 1e-20)
    first, second = (wanted / scale) ** 2, (other / scale) ** 2
    total = first + second
    mask: FloatArray = np.where(total > 0, first / np.maximum(total, 1e-20), 0.5).astype(np.float32)
    return mask
