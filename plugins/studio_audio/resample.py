"""Sample rates changed with soxr."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from studio_audio.bounds import FloatArray

_BLOCK = 1 << 18


def resample(samples: FloatArray, source: float, target: float, quality: str = "VHQ") -> FloatArray:
    """Resample frames x channels; the result has round(frames * target / source) frames.

    Done in blocks, so that beside the two sounds little memory is needed.
    """
    import soxr

    if source == target:
        return samples
    frames, channels = samples.shape
    result = np.zeros((round(frames * target / source), channels), np.float32)
    if not frames:
        return result
    stream = soxr.ResampleStream(source, target, channels, dtype="float32", quality=quality)
    at = 0
    for start in range(0, frames, _BLOCK):
        block = np.ascontiguousarray(samples[start : start + _BLOCK])
        made = stream.resample_chunk(block, last=start + _BLOCK >= frames)[: len(result) - at]
        result[at : at + len(made)] = made.reshape(len(made), channels)
        at += len(made)
    return result
