"""Subtitles read from SubRip and WebVTT text."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from typing import Annotated, TypeAlias

from studio.api import Field, Grammar, MediaError

_TIME = r"(?:(\d+):)?(\d{1,2}):(\d{1,2})[.,](\d{1,3})"
_TIMES = re.compile(rf"^\s*{_TIME}\s*-->\s*{_TIME}")
_TAG = re.compile(r"</?[A-Za-z][^<>]{0,200}>|</?\d[\d:.]{0,20}>|\{\\[^{}]{0,200}\}")
_MOST_CUES = 100_000


@dataclass(frozen=True)
class Cue:
    """A subtitle: from when to when, in seconds, and its lines."""

    start: float
    end: float
    lines: tuple[str, ...]


def parse_subtitles(text: str) -> list[Cue]:
    """Return the cues of SubRip or WebVTT text, by time; marks of style in it are dropped.

    Raises:
        MediaError: E703 if it contains no cue, or one that ends before it begins; where is the line.
    """
    cues: list[Cue] = []
    lines = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n").split("\n")
    index = 0
    while index < len(lines):
        found = _TIMES.match(lines[index])
        index += 1
        if found is None:
            continue
        start, end = _read_time(found.groups()[:4]), _read_time(found.groups()[4:])
        if end <= start:
            message = f"a subtitle from {start:g} to {end:g} seconds ends before it begins"
            raise MediaError("E703", message, where=f"line {index}", hint="correct the times")
        shown = []
        while index < len(lines) and lines[index].strip():
            shown.append(html.unescape(_TAG.sub("", lines[index])).strip())
            index += 1
        if any(shown):
            cues.append(Cue(start, end, tuple(line for line in shown if line)))
        if len(cues) > _MOST_CUES:
            raise MediaError("E703", f"more than {_MOST_CUES} subtitles", hint="cut the file in parts")
    if not cues:
        raise MediaError("E703", "the text contains no subtitle", hint="give SubRip (.srt) or WebVTT (.vtt) text")
    return sorted(cues, key=lambda cue: (cue.start, cue.end))


def _read_time(parts: tuple[str | None, ...]) -> float:
    hours, minutes, seconds, thousandths = (part or "0" for part in parts)
    return int(hours) * 3600 + int(minutes) * 60 + int(seconds) + int(thousandths.ljust(3, "0")) / 1000


Subtitles: TypeAlias = Annotated[
    str, Field(min_length=1, max_length=20_000_000), Grammar("SubRip or WebVTT text", parse_subtitles)
]
"""SubRip or WebVTT text."""
