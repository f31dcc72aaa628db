"""Sounds laid one after the other or over one another, with fades."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from studio.api import Audio
from studio_audio.bounds import check_length
from studio_audio.channels import match_channels
from studio_audio.resample import resample

if TYPE_CHECKING:
    from studio_audio.bounds import FloatArray


def match_sounds(sounds: Sequence[Audio]) -> tuple[list[FloatArray], int]:
    """Bring sounds to the highest rate and the most channels among them; return samples and rate."""
    rate, channels = max(sound.rate for sound in sounds), max(sound.channels for sound in sounds)
    check_length(sum(sound.frames * rate / sound.rate for sound in sounds), channels, rate)
    return [match_channels(resample(sound.samples, sound.rate, rate), channels) for sound in sounds], rate


def create_ramp(frames: int, shape: str) -> FloatArray:
    """Return a fade-in from 0 to 1, `frames` long; turned around it is the fade-out that goes with it.

    "linear" keeps the amplitude of equal sounds in a crossfade, "equal_power" (a quarter sine) the power of
    different ones, "smooth" is a raised cosine, "exponential" rises by 60 dB evenly.
    """
    at = (np.arange(frames) + 0.5) / max(frames, 1)
    curve = {
        "linear": lambda: at,
        "equal_power": lambda: np.sin(at * np.pi / 2),
        "smooth": lambda: 0.5 - 0.5 * np.cos(at * np.pi),
        "exponential": lambda: 10.0 ** (3.0 * (at - 1.0)),
    }[shape]()
    return np.asarray(curve, np.float32)


def fade(samples: FloatArray, frames_in: int, frames_out: int, shape: str) -> FloatArray:
    """Fade in at the start and out at the end; fades longer than the sound are cut to it."""
    faded = samples.copy()
    frames_in, frames_out = min(frames_in, len(samples)), min(frames_out, len(samples))
    faded[:frames_in] *= create_ramp(frames_in, shape)[:, None]
    if frames_out:
        faded[-frames_out:] *= create_ramp(frames_out, shape)[::-1, None]
    return faded


def join(parts: Sequence[FloatArray], overlaps: Sequence[int], shape: str) -> FloatArray:
    """Lay parts one after the other; each overlaps the one before by so many frames, crossfaded."""
    length = sum(len(part) for part in parts) - sum(overlaps)
    result = np.zeros((length, parts[0].shape[1]), np.float32)
    at = 0
    for index, part in enumerate(parts):
        before = overlaps[index - 1] if index else 0
        after = overlaps[index] if index < len(overlaps) else 0
        at -= before
        result[at : at + len(part)] += fade(part, before, after, shape) if before or after else part
        at += len(part)
    return result


def mix(parts: Sequence[FloatArray], gains: Sequence[float], offsets: Sequence[int]) -> FloatArray:
    """Add parts up, each with a factor and the frame at which it starts."""
    length = max(offset + len(part) for part, offset in zip(parts, offsets, strict=True))
    result = np.zeros((length, parts[0].shape[1]), np.float32)
    for part, gain, offset in zip(parts, gains, offsets, strict=True):
        result[offset : offset + len(part)] += part * np.float32(gain)
    return result


def find_sound(samples: FloatArray, threshold: float, window: int) -> tuple[int, int]:
    """Return where the sound begins and ends: outside, no window's RMS reaches the threshold. (0, 0) for silence."""
    loud = np.zeros(-(-len(samples) // window), bool)
    for index in range(0, len(loud), 1024):
        block = samples[index * window : (index + 1024) * window]
        padded = np.zeros((-(-len(block) // window) * window, samples.shape[1]), np.float32)
        padded[: len(block)] = block
        power = (padded.astype(np.float64) ** 2).mean(axis=1).reshape(-1, window).mean(axis=1)
        loud[index : index + len(power)] = power > threshold**2
    found = np.flatnonzero(loud)
    if not len(found):
        return 0, 0
    return int(found[0]) * window, min(len(samples), (int(found[-1]) + 1) * window)
