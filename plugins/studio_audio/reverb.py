"""Rooms: impulse responses made from decaying noise, and convolution with them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import numpy as np

from studio.api.audio_blocks import regroup
from studio_audio.blocks import BLOCK
from studio_audio.filters import create_biquad, filter_samples

if TYPE_CHECKING:
    from studio_audio.bounds import FloatArray

_BANDS = (250.0, 1000.0, 4000.0)


def create_room(
    rate: int, channels: int, seconds: float, delay: float, damping: float, rng: np.random.Generator
) -> FloatArray:
    """Return the impulse response of a room: noise that decays, the treble sooner (Moorer 1979).

    Each channel has noise of its own, which is what makes a room wide. Its energy is 1 per channel.

    Args:
        rate: Sample rate in hertz.
        channels: Channels of the response.
        seconds: Reverberation time: 60 dB down, in the bass.
        delay: Seconds before the first reflection.
        damping: 0 for equal times, 1 for a treble that decays ten times as fast.
        rng: Where the noise comes from.
    """
    frames, wait = max(2, round(seconds * rate)), round(delay * rate)
    noise = rng.standard_normal((frames, channels)).astype(np.float32)
    time = np.arange(frames, dtype=np.float32)[:, None] / rate
    response, rest = np.zeros_like(noise), noise
    edges = [edge for edge in _BANDS if edge < 0.45 * rate]
    for index in range(len(edges) + 1):
        if index < len(edges):
            low = filter_samples(rest, [create_biquad("low_pass", rate, edges[index])])
            band, rest = low, rest - low
        else:
            band = rest
        share = index / max(len(edges), 1)
        response += band * 10 ** (-3 * time / (seconds * (1 - 0.9 * damping * share)))
    response *= np.minimum(1.0, time / 0.004)  # no click where it sets in
    response /= np.maximum(np.sqrt((response.astype(np.float64) ** 2).sum(axis=0)), 1e-12).astype(np.float32)
    return np.concatenate([np.zeros((wait, channels), np.float32), response])


def convolve(samples: FloatArray, response: FloatArray) -> FloatArray:
    """Return every channel convolved with its response (a single one serves all): longer by the response less 1."""
    from scipy.signal import oaconvolve

    result = np.zeros((len(samples) + len(response) - 1, samples.shape[1]), np.float32)
    for index in range(samples.shape[1]):
        impulse = response[:, index % response.shape[1]]
        result[:, index] = oaconvolve(samples[:, index], impulse)
    return result


def convolve_blocks(
    blocks: Iterable[FloatArray], response: FloatArray, mix: float, frames: int
) -> Iterator[FloatArray]:
    """Yield a stream and, as the share `mix`, the room that it rings in; so many frames."""
    tail: FloatArray | None = None
    for block in regroup(blocks, max(BLOCK, len(response))):
        room = convolve(block, response) * np.float32(mix)
        room[: len(block)] += block * np.float32(1 - mix)
        if tail is not None:
            room[: len(tail)] += tail
        tail = room[len(block) :]
        yield room[: min(len(block), frames)]
        frames -= min(len(block), frames)
    if tail is not None and frames:
        yield tail[:frames]
