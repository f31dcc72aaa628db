"""From when to when somebody speaks in audio, as a voice detector hears it."""

from __future__ import annotations

from collections.abc import Sequence

from studio.api import Audio, ModelError

Span = tuple[int, int]
"""The first frame, and the one after the last."""

_LIKELY = 0.5
_PAUSE_SECONDS = 1.5
"""Longest pause in a span: a network hears better with what was said before."""
_MARGIN_SECONDS = 0.2
_SHORTEST_SECONDS = 0.1
"""Shorter noises are no speech."""


def find_speech(detector: object, audio: Audio) -> list[Span]:
    """Return the spans in which somebody speaks, with a margin on both sides.

    Args:
        detector: An opened voice detector: its `find_speech` returns a probability for each `seconds` of the audio.
        audio: Any length, rate and number of channels.

    Raises:
        ModelError: E648 if the opened model does something else.
    """
    listen, seconds = (getattr(detector, name, None) for name in ("find_speech", "seconds"))
    if not callable(listen) or not isinstance(seconds, float):
        raise ModelError("E648", "this model does not find speech", hint="studio models get silero-vad")
    part = seconds * audio.rate  # frames
    heard = [(index * part, (index + 1) * part) for index, each in enumerate(listen(audio)) if each >= _LIKELY]
    return _bridge(heard, audio.rate, audio.frames)


def _bridge(heard: Sequence[tuple[float, float]], rate: int, frames: int) -> list[Span]:
    """Join parts over short pauses, leave out what is too short, and add margins that do not overlap."""
    joined: list[tuple[float, float]] = []
    for start, end in heard:
        if joined and start - joined[-1][1] <= _PAUSE_SECONDS * rate:
            start = joined.pop()[0]
        joined.append((start, end))
    margin = _MARGIN_SECONDS * rate
    return [
        (max(0, round(start - margin)), min(frames, round(end + margin)))
        for start, end in joined
        if end - start >= _SHORTEST_SECONDS * rate
    ]
