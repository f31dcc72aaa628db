"""What is to be said, and how: `Span`, `Pause` and `Boundary`, which a text or SSML is read into."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

LONGEST_TEXT = 200_000
"""Characters that are taken in one call, markup included: about four hours of speech."""
LONGEST_SPEECH_SECONDS = 6 * 3600.0

_JOINERS = "\u200c\u200d"  # these change how Persian, Indic scripts and emoji are read


@dataclass(frozen=True)
class Delivery:
    """How a stretch of text is said, relative to the whole.

    Attributes:
        rate: Speed as a factor.
        pitch: Shift in semitones.
        range: Liveliness of the melody as a factor; 0 is monotone.
        volume: Gain in decibels.
        language: Language tag in lower case; "" for that of the whole.
        voice: Names of speakers, the preferred first, with spaces between; "" for that of the whole.
    """

    rate: float = 1.0
    pitch: float = 0.0
    range: float = 1.0
    volume: float = 0.0
    language: str = ""
    voice: str = ""


@dataclass(frozen=True)
class Span:
    """A stretch of text said one way.

    Attributes:
        text: As it is written; what marks and subtitles show.
        delivery: How it is said.
        spoken: What is said in its place; None for the text itself.
        spelled: Whether it is said letter by letter.
    """

    text: str
    delivery: Delivery = Delivery()
    spoken: str | None = None
    spelled: bool = False


@dataclass(frozen=True)
class Pause:
    """Silence that was asked for."""

    seconds: float


@dataclass(frozen=True)
class Boundary:
    """The end of a sentence, or of a paragraph."""

    paragraph: bool = False


Script = list[Span | Pause | Boundary]


def parse_text(text: str) -> Script:
    """Read plain text: an empty line ends a paragraph, a single line break is a space."""
    script: Script = []
    lines: list[str] = []
    for line in [*text.splitlines(), ""]:
        if line.strip():
            lines.append(line.strip())
        elif lines:
            script += [Span(" ".join(lines)), Boundary(paragraph=True)]
            lines = []
    return script


def clean_text(text: str) -> str:
    """Take out what is not text: control characters but tabs and line breaks, marks of direction, lone surrogates."""
    if text.isascii() and text.isprintable():
        return text
    kept = []
    for character in text.replace("\u2028", "\n").replace("\u2029", "\n\n").replace("\x85", "\n"):
        kind = unicodedata.category(character)
        if kind == "Cc":
            kept.append(character if character in "\t\n\r" else " ")
        elif kind not in ("Cf", "Cs", "Co", "Cn") or character in _JOINERS:
            kept.append(character)
    return "".join(kept)


def is_speakable(text: str) -> bool:
    """Say whether a text holds anything that is said aloud: a letter, a digit or a symbol, not punctuation alone."""
    return any(unicodedata.category(character)[0] in "LNS" for character in text)
