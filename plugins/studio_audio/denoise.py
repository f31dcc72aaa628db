"""Noise taken out by spectral gating, block by block."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from studio.api import Audio
from studio_audio.blocks import BLOCK, Reader, change_audio, cut_blocks, surround
from studio_audio.separate import transform_blocks
from studio_audio.stft import choose_window, count_frames, overlap_add

if TYPE_CHECKING:
    from studio_audio.bounds import FloatArray, Step
    from studio_audio.stft import ComplexArray

_QUIET, _MOST_FRAMES = 0.2, 4096
_SPREAD = 0.8  # decibels that the gate takes from closed to open, half
_REACH = 7 // 2 + 5 // 2  # frames on both sides that the gain of one depends on


@dataclass(frozen=True)
class Gate:
    """When noise is turned down, and how much.

    Attributes:
        reduction: Decibels by which noise is turned down.
        threshold: Decibels over the noise's mean power from which a bin is sound.
    """

    reduction: float
    threshold: float


def reduce_noise(audio: Audio, noise: FloatArray | None, gate: Gate, step: Step) -> Audio:
    """Turn down what is not clearly over the noise, in each bin of the spectrum.

    Spectral gating (Sainburg and Gentner 2021, after Boll 1979): the gate opens where the power, smoothed over
    time and frequency, is over the noise's by the threshold.

    Args:
        audio: Audio.
        noise: The noise alone, of the same rate and channels; None takes, bin by bin, the quietest fifth.
        gate: When it opens, and how far it closes.
        step: Called with work done and planned.
    """
    size, shape = choose_window(audio.rate, 0.046), (audio.frames, audio.channels)
    if noise is None:
        profiles = _measure_noise(audio.blocks(BLOCK), shape, size, alone=False)
    else:
        profiles = _measure_noise(cut_blocks(noise), noise.shape, size, alone=True)
    quiet = ~profiles.any(axis=1)  # channels in which there is no noise stay as they are
    if quiet.all():
        return audio

    def create_blocks(blocks: Iterator[FloatArray]) -> Iterator[FloatArray]:
        originals, at = Reader(audio.blocks(BLOCK), audio.channels), 0
        for block in _denoise_blocks(blocks, shape, size, profiles, gate, step):
            if quiet.any():
                block[:, quiet] = originals.read(at, at + len(block))[:, quiet]
            at += len(block)
            yield block

    return change_audio(audio, create_blocks)


def find_removed(audio: Audio, clean: Audio) -> Audio:
    """Return what the audio had and a cleaner copy has not."""
    return change_audio(
        audio, lambda blocks: (block - other for block, other in zip(blocks, clean.blocks(BLOCK), strict=True))
    )


def _denoise_blocks(
    blocks: Iterator[FloatArray], shape: tuple[int, int], size: int, profiles: FloatArray, gate: Gate, step: Step
) -> Iterator[FloatArray]:
    (length, channels), hop = shape, size // 4
    frames = count_frames(length, hop)

    def create_gated() -> Iterator[ComplexArray]:
        done = 0
        for around, own in surround(transform_blocks(blocks, channels, size, hop, frames), _REACH):
            step(done, frames)
            done += own.stop - own.start
            yield around[own] * _find_gain(np.abs(around) ** 2, profiles, gate)[own]

    yield from overlap_add(create_gated(), size, hop, frames, length)


def _measure_noise(blocks: Iterator[FloatArray], shape: tuple[int, ...], size: int, *, alone: bool) -> FloatArray:
    """Return the mean power of the noise: channels x bins, from some thousand moments of long audio."""
    length, channels = shape
    frames = count_frames(length, size // 4)
    stride, at, powers = max(1, -(-frames // _MOST_FRAMES)), 0, [np.zeros((0, channels, size // 2 + 1), np.float32)]
    for part in transform_blocks(blocks, channels, size, size // 4, frames):
        powers.append(np.abs(part[-at % stride :: stride]) ** 2)
        at += len(part)
    power = np.concatenate(powers)
    return np.stack([_measure_channel(power[:, channel], alone) for channel in range(channels)])


def _measure_channel(power: FloatArray, alone: bool) -> FloatArray:
    from scipy.ndimage import uniform_filter1d

    if alone and len(power):
        return np.asarray(power.mean(axis=0), np.float32)
    audible = power[power.max(axis=1) > 0]
    if not len(audible):
        return np.zeros(power.shape[1], np.float32)
    smooth = np.sort(uniform_filter1d(audible, 9, axis=0, mode="nearest"), axis=0)
    quiet = smooth[: max(1, round(_QUIET * len(smooth)))]
    return np.asarray(quiet.mean(axis=0) * 1.3, np.float32)  # the quietest fifth of noise alone is 1.1 dB low


def _find_gain(power: FloatArray, profiles: FloatArray, gate: Gate) -> FloatArray:
    """Return gains for powers: both are frames x channels x bins."""
    from scipy.ndimage import uniform_filter

    smooth = uniform_filter(power, (7, 1, 3), mode="nearest")
    over = 10 * np.log10(np.maximum(smooth, 1e-20) / np.maximum(profiles, 1e-20)) - gate.threshold
    opened = uniform_filter(1 / (1 + np.exp(-np.clip(over / _SPREAD, -30, 30))), (5, 1, 3), mode="nearest")
    closed = 10 ** (-gate.reduction / 20)
    gain: FloatArray = (closed + (1 - closed) * opened).astype(np.float32)
    return gain
