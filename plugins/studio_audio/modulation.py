"""Audio whose level or delay swings: tremolo, vibrato, chorus and flanger (Dattorro 1997), block by block."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from studio.api import Audio
from studio_audio.blocks import change_audio

if TYPE_CHECKING:
    import numpy.typing as npt

    from studio_audio.bounds import FloatArray

    DoubleArray = npt.NDArray[np.float64]

_LEAST_SAMPLES = 2.0  # an interpolation looks one sample ahead


@dataclass(frozen=True)
class Swing:
    """A delay that swings.

    Attributes:
        seconds: Shortest delay.
        width: Greatest delay beyond it, at a depth of 1.
        voices: Copies, whose swings are spread evenly over a period.
    """

    seconds: float
    width: float
    voices: int = 1


SWINGS = {"vibrato": Swing(0.001, 0.006), "chorus": Swing(0.015, 0.015, 3), "flanger": Swing(0.0005, 0.005)}


def shake_level(audio: Audio, rate_hertz: float, depth: float) -> Audio:
    """Return audio whose gain swings from 1 down to 1 - depth, as a cosine."""

    def change(blocks: Iterator[FloatArray]) -> Iterator[FloatArray]:
        at = 0
        for block in blocks:
            angle = 2 * math.pi * rate_hertz / audio.rate * np.arange(at, at + len(block))
            yield block * (1 - depth / 2 + depth / 2 * np.cos(angle)).astype(np.float32)[:, None]
            at += len(block)

    return change_audio(audio, change)


def shake_delay(audio: Audio, swing: Swing, rate_hertz: float, depth: float, mix: float) -> Audio:
    """Return audio mixed with copies of a swinging delay; before the beginning lies silence, and the length stays."""
    longest = math.ceil((swing.seconds + swing.width) * audio.rate + _LEAST_SAMPLES) + 3

    def change(blocks: Iterator[FloatArray]) -> Iterator[FloatArray]:
        tail = np.zeros((longest, audio.channels), np.float32)
        at = 0
        for block in blocks:
            around = np.concatenate([tail, block])
            time = np.arange(at, at + len(block))
            wet = np.zeros_like(block)
            for voice in range(swing.voices):
                delay = find_delay(time, audio.rate, swing, rate_hertz, depth, voice)
                wet += read_between(around, np.arange(longest, len(around)) - delay)
            yield block * np.float32(1 - mix) + wet * np.float32(mix / swing.voices)
            tail, at = around[-longest:], at + len(block)

    return change_audio(audio, change)


def find_delay(
    time: npt.NDArray[np.intp], rate: int, swing: Swing, rate_hertz: float, depth: float, voice: int
) -> DoubleArray:
    """Return the delay of a voice at each frame, in frames."""
    angle = 2 * math.pi * (rate_hertz / rate * time + voice / swing.voices)
    share = 0.5 - 0.5 * np.cos(angle)
    delay: DoubleArray = np.maximum((swing.seconds + swing.width * depth * share) * rate, _LEAST_SAMPLES)
    return delay


def read_between(samples: FloatArray, places: DoubleArray) -> FloatArray:
    """Return samples at places between frames, by cubic interpolation (Catmull and Rom 1974)."""
    whole = np.floor(places).astype(np.intp)
    t = (places - whole).astype(np.float32)[:, None]
    a, b, c, d = (samples[whole + step] for step in (-1, 0, 1, 2))
    made: FloatArray = b + 0.5 * t * (c - a + t * (2 * a - 5 * b + 4 * c - d + t * (3 * (b - c) + d - a)))
    return made
