"""The audible sign of audio: a spoken one, or three rising tones, before or after it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from studio.api import Audio
from studio_provenance.sign_words import Moment

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt

    FloatArray = npt.NDArray[np.float32]

_PAUSE_SECONDS = 0.3
_TONES = (660.0, 880.0, 1320.0)  # hertz
_TONE_SECONDS = 0.18
_LEVEL = 0.25


def add_sign(audio: Audio, sign: Audio | None, moment: Moment) -> Audio:
    """Return audio with a sign before it, after it, or both, and a pause between.

    Args:
        audio: The audio; long audio stays a stream.
        sign: The sign; None for three tones.
        moment: When it is heard.
    """
    samples = _fit(play_tones(audio.rate) if sign is None else sign, audio)
    pause = np.zeros((round(_PAUSE_SECONDS * audio.rate), audio.channels), np.float32)

    def join() -> Iterator[FloatArray]:
        if moment != "end":
            yield samples
            yield pause
        yield from audio.blocks()
        if moment != "start":
            yield pause
            yield samples

    more = (len(samples) + len(pause)) * (2 if moment == "both" else 1)
    return Audio.from_blocks(join, rate=audio.rate, channels=audio.channels, frames=audio.frames + more)


def play_tones(rate: int) -> Audio:
    """Return three rising tones."""
    time = np.arange(round(_TONE_SECONDS * rate)) / rate
    fade = np.minimum(1, np.minimum(time, time[::-1]) / 0.01)
    return Audio(np.concatenate([_LEVEL * np.sin(2 * np.pi * hertz * time) * fade for hertz in _TONES]), rate)


def _fit(sign: Audio, audio: Audio) -> FloatArray:
    """Return a sign with the rate and the channels of other audio."""
    import soxr

    samples = sign.samples.mean(axis=1)
    if sign.rate != audio.rate:
        samples = soxr.resample(np.ascontiguousarray(samples), sign.rate, audio.rate)
    return np.repeat(samples[:, None], audio.channels, axis=1).astype(np.float32)
