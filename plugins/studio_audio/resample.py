"""Sample rates changed with soxr."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from studio.api.audio_blocks import gather_blocks, regroup
from studio_audio.blocks import change_audio, cut_blocks

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from studio.api import Audio
    from studio_audio.bounds import FloatArray

_BLOCK = 1 << 18


def resample(samples: FloatArray, source: float, target: float, quality: str = "VHQ") -> FloatArray:
    """Resample frames x channels; the result has round(frames * target / source) frames."""
    if source == target:
        return samples
    frames, channels = samples.shape
    length = round(frames * target / source)
    return gather_blocks(
        resample_blocks(cut_blocks(samples, _BLOCK), frames, source, target, quality), channels, length
    )


def resample_blocks(
    blocks: Iterable[FloatArray], frames: int, source: float, target: float, quality: str = "VHQ"
) -> Iterator[FloatArray]:
    """Resample a stream of so many frames; round(frames * target / source) frames come out."""
    import soxr

    if source == target:
        yield from blocks
        return
    left, stream, taken = round(frames * target / source), None, 0
    for block in regroup(blocks, _BLOCK):
        channels = block.shape[1]
        if stream is None:
            stream = soxr.ResampleStream(source, target, channels, dtype="float32", quality=quality)
        taken += len(block)
        made = stream.resample_chunk(np.ascontiguousarray(block), last=taken >= frames)[:left]
        left -= len(made)
        if len(made):
            yield made.reshape(-1, channels)
    if left and stream is not None:
        yield np.zeros((left, channels), np.float32)


def resample_stream(audio: Audio, rate: int, quality: str = "VHQ") -> Audio:
    """Return audio at another rate."""
    if rate == audio.rate:
        return audio
    frames = round(audio.frames * rate / audio.rate)
    return change_audio(
        audio, lambda blocks: resample_blocks(blocks, audio.frames, audio.rate, rate, quality), rate=rate, frames=frames
    )
