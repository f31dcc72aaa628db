"""Audio split into frequency bands that add up to it again."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from studio.api import Audio
from studio.api.audio_blocks import regroup
from studio_audio.blocks import BLOCK, change_audio, surround

if TYPE_CHECKING:
    from studio_audio.bounds import FloatArray

_CYCLES = 4  # of the corner frequency in half of the filter


def create_low_pass(frequency: float, rate: int) -> FloatArray:
    """Return a windowed sinc of odd length and gain 1 at 0 hertz, -6 dB at the corner."""
    half = min(BLOCK, round(_CYCLES * rate / frequency))
    at = np.arange(-half, half + 1)
    taps = np.sinc(2 * frequency / rate * at) * np.blackman(2 * half + 3)[1:-1]
    return np.asarray(taps / taps.sum(), np.float64)


def filter_low(audio: Audio, frequency: float) -> Audio:
    """Return what lies below a frequency, without delay."""
    from scipy.signal import oaconvolve

    taps = create_low_pass(frequency, audio.rate)
    half = len(taps) // 2

    def change(blocks: Iterator[FloatArray]) -> Iterator[FloatArray]:
        for piece, own in surround(regroup(blocks, BLOCK), half):
            low = oaconvolve(piece.astype(np.float64), taps[:, None], mode="full", axes=0)
            yield low[half : half + len(piece)][own].astype(np.float32)

    return change_audio(audio, change)


def subtract(audio: Audio, part: Audio) -> Audio:
    """Return audio less a part of it."""

    def create_blocks() -> Iterator[FloatArray]:
        for one, other in zip(audio.blocks(BLOCK), part.blocks(BLOCK), strict=True):
            yield one - other

    return Audio.from_blocks(create_blocks, rate=audio.rate, channels=audio.channels, frames=audio.frames)


def split_bands(audio: Audio, low: float, high: float) -> tuple[Audio, Audio, Audio]:
    """Return what lies below one frequency, between two, and above the other; their sum is the audio."""
    bass, under = filter_low(audio, low), filter_low(audio, high)
    return bass, subtract(under, bass), subtract(audio, under)
