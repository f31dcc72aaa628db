"""`Marks`: when each sentence and each word is said, and their form as JSON.

{"seconds": 3.2, "estimated": false, "sentences": [
  {"text": "It rains.", "start": 0.0, "end": 0.91, "words": [{"text": "It", "start": 0.0, "end": 0.12}, ...]}, ...]}
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Annotated, Any, TypeAlias

from studio.api import Grammar, JsonValue, StudioError


@dataclass(frozen=True)
class Word:
    """A word and when it is said, in seconds."""

    text: str
    start: float
    end: float


@dataclass(frozen=True)
class Sentence:
    """A sentence, when it is said, in seconds, and its words."""

    text: str
    start: float
    end: float
    words: tuple[Word, ...]


@dataclass(frozen=True)
class Marks:
    """When what is said.

    Attributes:
        seconds: Length of the audio.
        sentences: In order.
        estimated: Whether the times of words are spread evenly, for want of better ones.
    """

    seconds: float
    sentences: tuple[Sentence, ...]
    estimated: bool = False


def write_marks(marks: Marks) -> JsonValue:
    """Return marks as JSON; times to the millisecond."""
    return {
        "seconds": round(marks.seconds, 3),
        "estimated": marks.estimated,
        "sentences": [
            {
                "text": each.text,
                "start": round(each.start, 3),
                "end": round(each.end, 3),
                "words": [
                    {"text": word.text, "start": round(word.start, 3), "end": round(word.end, 3)} for word in each.words
                ],
            }
            for each in marks.sentences
        ],
    }


def parse_marks(value: JsonValue) -> Marks:
    """Read marks from JSON; words may be missing.

    Raises:
        StudioError: E666 with the place if it holds something else, or times that run backwards.
    """
    if not isinstance(value, dict) or not isinstance(value.get("sentences"), list):
        raise _refuse("", 'missing list "sentences"')
    sentences, before = [], 0.0
    listed: Any = value["sentences"]
    for index, entry in enumerate(listed):
        place = f"/sentences/{index}"
        text, start, end = _read_entry(entry, place, before)
        words = _read_words(entry.get("words") or [], f"{place}/words", start)
        sentences.append(Sentence(text, start, end, words))
        before = start
    last = max((each.end for each in sentences), default=0.0)
    seconds = value.get("seconds", last)
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not math.isfinite(seconds):
        raise _refuse("/seconds", f"invalid time {seconds!r}")
    return Marks(max(float(seconds), last), tuple(sentences), value.get("estimated") is True)


def _read_words(words: Any, place: str, earliest: float) -> tuple[Word, ...]:
    if not isinstance(words, list):
        raise _refuse(place, "this is not a list")
    read: list[Word] = []
    for number, word in enumerate(words):
        read.append(Word(*_read_entry(word, f"{place}/{number}", read[-1].start if read else earliest)))
    return tuple(read)


def _read_entry(entry: Any, place: str, earliest: float) -> tuple[str, float, float]:
    if not isinstance(entry, dict) or not isinstance(entry.get("text"), str):
        raise _refuse(place, 'missing "text"')
    times = []
    for name in ("start", "end"):
        time = entry.get(name)
        if isinstance(time, bool) or not isinstance(time, int | float) or not 0 <= time < 1e7:
            raise _refuse(f"{place}/{name}", f"invalid time {time!r}")
        times.append(float(time))
    if times[0] < earliest - 0.001 or times[1] < times[0]:
        raise _refuse(place, f"{entry['text'][:40]!r} runs backwards, from {times[0]:g} to {times[1]:g} s")
    return entry["text"], times[0], times[1]


def _refuse(place: str, message: str) -> StudioError:
    return StudioError(
        "E666",
        f"invalid marks: {message}",
        where=place,
        hint="take the output marks of speech.say or speech.to_text",
    )


MarksJson: TypeAlias = Annotated[JsonValue, Grammar("marks", parse_marks)]
"""Marks as JSON."""
