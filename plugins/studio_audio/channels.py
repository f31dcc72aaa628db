"""Channels mixed down, spread out, chosen and swapped."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from studio.api import MediaError

if TYPE_CHECKING:
    from studio_audio.bounds import FloatArray

_HALF = 0.7071
# rows: left and right out of the channels of a layout, ITU-R BS.775-3
_STEREO = {
    3: ([1, 0, _HALF], [0, 1, _HALF]),
    4: ([1, 0, _HALF, 0], [0, 1, 0, _HALF]),
    5: ([1, 0, _HALF, _HALF, 0], [0, 1, _HALF, 0, _HALF]),
    6: ([1, 0, _HALF, 0, _HALF, 0], [0, 1, _HALF, 0, 0, _HALF]),
    7: ([1, 0, _HALF, 0, 0.5, _HALF, 0], [0, 1, _HALF, 0, 0.5, 0, _HALF]),
    8: ([1, 0, _HALF, 0, _HALF, 0, _HALF, 0], [0, 1, _HALF, 0, 0, _HALF, 0, _HALF]),
}


def mix_to_mono(samples: FloatArray) -> FloatArray:
    """Return the mean of all channels: frames x 1."""
    mean: FloatArray = samples.mean(axis=1, keepdims=True, dtype=np.float32)
    return mean


def mix_to_stereo(samples: FloatArray) -> FloatArray:
    """Return two channels: mono twice, surround mixed down so that nothing clips that did not before."""
    count = samples.shape[1]
    if count == 1:
        return np.repeat(samples, 2, axis=1)
    if count == 2:
        return samples
    if count not in _STEREO:
        return np.concatenate([mix_to_mono(samples[:, side::2]) for side in (0, 1)], axis=1)
    matrix = np.array(_STEREO[count], np.float32)
    mixed: FloatArray = samples @ (matrix / matrix.sum(axis=1, keepdims=True)).T
    return mixed


def select_channels(samples: FloatArray, wanted: Sequence[int]) -> FloatArray:
    """Return these channels in this order, counted from 1; one may come several times."""
    return samples[:, [number - 1 for number in wanted]]


def check_channels(count: int, wanted: Sequence[int]) -> None:
    """Raise MediaError E641 for a channel that is not there."""
    for number in wanted:
        if not 1 <= number <= count:
            raise MediaError(
                "E641", f"unknown channel {number}: the audio has {count}", hint=f"count them from 1 to {count}"
            )


def match_channels(samples: FloatArray, count: int) -> FloatArray:
    """Bring audio to a number of channels: mono spreads to all, others are mixed down or filled with silence."""
    have = samples.shape[1]
    if have == count:
        return samples
    if have == 1:
        return np.repeat(samples, count, axis=1)
    if count == 1:
        return mix_to_mono(samples)
    if count == 2:
        return mix_to_stereo(samples)
    if have > count:
        raise MediaError(
            "E641", f"{have} channels do not go into {count}", hint="bring them to one layout with audio.remix_channels"
        )
    filled = np.zeros((len(samples), count), np.float32)
    filled[:, :have] = samples
    return filled
