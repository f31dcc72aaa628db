"""Marks that tests make, and subtitles read back."""

from __future__ import annotations

import re
from typing import Any

from studio_speech.marks import Marks, Sentence, Word, write_marks


def make_marks(*texts: str, pace: float = 0.3, start: float = 0.0) -> Any:
    """Return marks in which every word takes the same time."""
    sentences, at = [], start
    for text in texts:
        words = []
        for word in text.split():
            words.append(Word(word, at, at + pace))
            at += pace
        sentences.append(Sentence(text, words[0].start, at, tuple(words)))
    return write_marks(Marks(at, tuple(sentences)))


def read_srt(text: str) -> list[tuple[float, float, list[str]]]:
    cues = []
    for number, block in enumerate(text.strip("\n").split("\n\n"), 1):
        head, times, *lines = block.split("\n")
        assert head == str(number)
        found = re.fullmatch(r"(\d\d):(\d\d):(\d\d),(\d{3}) --> (\d\d):(\d\d):(\d\d),(\d{3})", times)
        assert found
        parts = [int(part) for part in found.groups()]
        start, end = (h * 3600 + m * 60 + s + ms / 1000 for h, m, s, ms in (parts[:4], parts[4:]))
        cues.append((start, end, lines))
    return cues
