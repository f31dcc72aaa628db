"""Audio placed between left and right, and the width of stereo."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from studio.api import Audio
from studio_audio.blocks import change_audio

if TYPE_CHECKING:
    from studio_audio.bounds import FloatArray


def create_pan(pan: float, width: float, channels: int) -> FloatArray:
    """Return the matrix from one or two channels to left and right.

    Mono gets the gains cos and sin of a quarter turn, so that the power is the same everywhere. Of stereo, the channel
    that the pan leaves falls with a quarter cosine, and the other one stays.
    """
    if channels == 1:
        angle = (pan + 1) * math.pi / 4
        return np.array([[math.cos(angle), math.sin(angle)]], np.float32)
    side = np.array([[1 + width, 1 - width], [1 - width, 1 + width]]) / 2
    left, right = (math.cos(max(0.0, sign * pan) * math.pi / 2) for sign in (1, -1))
    return np.asarray(side * [left, right], np.float32)


def pan_audio(audio: Audio, pan: float, width: float) -> Audio:
    """Return mono or stereo at a place from -1 (left) to 1 (right); `width` scales the difference of both channels."""
    matrix = create_pan(pan, width, audio.channels)
    return change_audio(audio, lambda blocks: (block @ matrix for block in blocks), channels=2)
