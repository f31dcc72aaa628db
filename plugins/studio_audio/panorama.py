"""Audio placed between left and right, and the width of stereo."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from studio.api import Audio, MediaError
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
    """Return mono or stereo at a place from -1 (left) to 1 (right); `width` scales the difference of both channels.

    Raises:
        MediaError: E641 for more than two channels.
    """
    if audio.channels > 2:
        raise MediaError(
            "E641", f"audio of {audio.channels} channels has no pan", hint="mix it down with audio.remix_channels"
        )
    matrix = create_pan(pan, width, audio.channels)
    return change_audio(audio, lambda blocks: (block @ matrix for block in blocks), channels=2)


def pan_all(clips: Sequence[Audio], pans: Sequence[float]) -> list[Audio]:
    """Return each clip at its place; MediaError E641 as `pan_audio`."""
    return [pan_audio(audio, pan, 1.0) for audio, pan in zip(clips, pans, strict=True)]
