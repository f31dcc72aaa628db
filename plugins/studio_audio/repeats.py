"""Audio repeated: echoes, and loops of a length."""

from __future__ import annotations

import math
from dataclasses import dataclass

from studio.api import Audio, MediaError
from studio_audio.join import cut, join, mix

_MOST_ECHOES = 400
MOST_LOOPS = 10_000


@dataclass(frozen=True)
class Echo:
    """Echoes: seconds between them, what each keeps of the one before, and the gain of the first."""

    seconds: float
    feedback: float
    mix: float


def count_echoes(feedback: float) -> int:
    """Return how many echoes there are until they are 60 dB softer than the first."""
    return 1 if feedback <= 0.001 else min(_MOST_ECHOES, 1 + math.ceil(math.log(0.001) / math.log(feedback)))


def add_echoes(audio: Audio, echo: Echo, keep_tail: bool) -> Audio:
    """Add echoes to audio, for as long as they sound or as long as the audio is."""
    distance = max(1, round(echo.seconds * audio.rate))
    count = count_echoes(echo.feedback)
    if not keep_tail:
        count = min(count, audio.frames // distance)
    gains = [1.0, *(echo.mix * echo.feedback**number for number in range(count))]
    made = mix([audio] * (count + 1), gains, [number * distance for number in range(count + 1)])
    return made if keep_tail else cut(made, 0, audio.frames)


def loop(audio: Audio, frames: int, overlap: int) -> Audio:
    """Repeat audio until it has so many frames; each repetition overlaps the one before, crossfaded.

    Raises:
        MediaError: E642 for audio without samples, E640 for more repetitions than there may be.
    """
    overlap = min(overlap, audio.frames // 2)
    new = audio.frames - overlap
    if not new:
        raise MediaError("E642", "audio without samples cannot be repeated", hint="give audio that has some")
    count = max(1, math.ceil((frames - overlap) / new))
    if count > MOST_LOOPS:
        raise MediaError("E640", f"that takes {count} repetitions, over the limit of {MOST_LOOPS}", hint="ask for less")
    return cut(join([audio] * count, [overlap] * (count - 1), "equal_power"), 0, frames)
