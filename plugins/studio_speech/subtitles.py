"""Subtitles from marks: cues of one or two lines, as SubRip (.srt) and WebVTT (W3C) text."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from studio_speech.marks import Marks, Sentence, Word

_SOFT = ",;:—–、，；：،"


@dataclass(frozen=True)
class Cue:
    """A subtitle: from when to when, in seconds, and its lines."""

    start: float
    end: float
    lines: tuple[str, ...]


@dataclass(frozen=True)
class Layout:
    """How cues are made.

    Attributes:
        line_width: Most columns in a line; wide characters count two.
        lines: Most lines in a cue.
        shortest: Least time that a cue stands, where the next one leaves room, in seconds.
        longest: Most time that a cue stands, in seconds; a word that lasts longer leaves the screen before it ends.
        gap: Time between two cues where they would touch, in seconds.
    """

    line_width: int
    lines: int
    shortest: float
    longest: float
    gap: float


def make_cues(marks: Marks, layout: Layout) -> list[Cue]:
    """Return the cues of marks, in order, none overlapping another, whatever times the marks have."""
    cues: list[Cue] = []
    for sentence in marks.sentences:
        pieces = [piece for piece in _find_pieces(sentence) if piece.text.strip()]
        for group in _group(pieces, layout):
            lines = tuple(_wrap([piece.text for piece in group], layout))
            cues.append(Cue(group[0].start, max(piece.end for piece in group), lines))
    cues.sort(key=lambda cue: cue.start)
    return list(_settle(cues, marks.seconds, layout))


def write_srt(cues: Sequence[Cue]) -> str:
    """Return SubRip text: a number, the times, the lines, an empty line."""
    blocks = []
    for number, cue in enumerate(cues, 1):
        times = f"{_write_time(cue.start, ',')} --> {_write_time(cue.end, ',')}"
        blocks.append("\n".join([str(number), times, *(_guard(line) for line in cue.lines)]) + "\n")
    return "\n".join(blocks)


def write_vtt(cues: Sequence[Cue]) -> str:
    """Return WebVTT text, with &, < and > escaped as the standard wants."""
    blocks = ["WEBVTT\n"]
    for cue in cues:
        times = f"{_write_time(cue.start, '.')} --> {_write_time(cue.end, '.')}"
        lines = (line.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;") for line in cue.lines)
        blocks.append("\n".join([times, *lines]) + "\n")
    return "\n".join(blocks)


def measure_columns(text: str) -> int:
    """Return how many columns a text takes: none for marks on letters, two for wide characters."""
    return sum(
        0 if unicodedata.combining(letter) else 2 if unicodedata.east_asian_width(letter) in "WF" else 1
        for letter in text
    )


def _find_pieces(sentence: Sentence) -> list[Word]:
    """Return the words with the spaces that follow them in the sentence; without words, the sentence spread evenly."""
    if not sentence.words:
        texts = [each + " " for each in sentence.text.split()]
        total, run = max(sum(map(len, texts)), 1), 0
        span, spread = sentence.end - sentence.start, []
        for text in texts:
            start = sentence.start + span * run / total
            run += len(text)
            spread.append(Word(text, start, sentence.start + span * run / total))
        return spread
    pieces, at = [], 0
    for index, word in enumerate(sentence.words):
        found = sentence.text.find(word.text, at)
        at = at if found < 0 else found + len(word.text)
        spaced = found < 0 or sentence.text[at : at + 1].isspace()
        pieces.append(replace(word, text=" ".join(word.text.split()) + (" " if spaced else "")))
        if index == len(sentence.words) - 1 and found >= 0:
            pieces[-1] = replace(pieces[-1], text=pieces[-1].text + " ".join(sentence.text[at:].split()))
    return pieces


def _group(pieces: Sequence[Word], layout: Layout) -> Iterator[list[Word]]:
    """Cut the words of a sentence into cues that fit; rather at punctuation than elsewhere."""
    pieces = [part for piece in pieces for part in _cut_wide(piece, layout.line_width)]
    while pieces:
        count = 1
        while count < len(pieces) and _fits(pieces[: count + 1], layout):
            count += 1
        if count < len(pieces):
            count = _find_break(pieces, count, layout)
        yield list(pieces[:count])
        pieces = pieces[count:]


def _cut_wide(word: Word, width: int) -> Iterator[Word]:
    """Cut a word that is wider than a line."""
    if measure_columns(word.text.rstrip()) <= width:
        yield word
        return
    parts = [""]
    for letter in word.text:
        if parts[-1] and measure_columns((parts[-1] + letter).rstrip()) > width:
            parts.append("")
        parts[-1] += letter
    span = (word.end - word.start) / len(parts)
    for index, part in enumerate(parts):
        yield Word(part, word.start + index * span, word.start + (index + 1) * span)


def _fits(pieces: Sequence[Word], layout: Layout) -> bool:
    if pieces[-1].end - pieces[0].start > layout.longest:
        return False
    return len(_fill([piece.text for piece in pieces], layout.line_width)) <= layout.lines


def _find_break(pieces: Sequence[Word], most: int, layout: Layout) -> int:
    """Return after how many words a cue ends best: at punctuation, if that is not early, else leaving no crumb."""
    for count in range(most, max(2 * most // 5, 1) - 1, -1):
        if pieces[count - 1].text.strip()[-1:] in _SOFT and pieces[count - 1].text.strip():
            return count
    if len(pieces) < 1.5 * most and _fits(pieces[most:], layout):
        return max((len(pieces) + 1) // 2, 1)
    return most


def _fill(texts: Sequence[str], width: int) -> list[str]:
    lines = [""]
    for text in texts:
        if lines[-1] and measure_columns((lines[-1] + text).rstrip()) > width:
            lines.append("")
        lines[-1] += text
    return [line.strip() for line in lines]


def _wrap(texts: Sequence[str], layout: Layout) -> list[str]:
    """Lay words out in as few lines as they need, of even width."""
    lines = _fill(texts, layout.line_width)
    if len(lines) == 1:
        return lines
    for width in range(max(measure_columns(text.rstrip()) for text in texts), layout.line_width):
        even = _fill(texts, width)
        if len(even) <= len(lines):
            return even
    return lines


def _settle(cues: Sequence[Cue], seconds: float, layout: Layout) -> Iterator[Cue]:
    """Let short cues stand longer where there is room, end long ones, and keep cues apart; in whole milliseconds."""
    starts = _spread_starts([round(1000 * cue.start) for cue in cues], layout)
    shortest, longest, gap = (round(1000 * each) for each in (layout.shortest, layout.longest, layout.gap))
    for index, (cue, start) in enumerate(zip(cues, starts, strict=True)):
        end = round(1000 * cue.end)
        if index + 1 < len(cues):
            following = starts[index + 1]
            limit = following - gap if following - gap > start else following
        else:
            limit = max(round(1000 * seconds), end)
            limit = limit if limit > start else start + longest
        yield replace(
            cue, start=start / 1000, end=min(max(end, start + max(shortest, 1)), start + longest, limit) / 1000
        )


def _spread_starts(times: Sequence[int], layout: Layout) -> list[int]:
    """Return times, in milliseconds, that rise: those that coincide share the time until the next one."""
    starts: list[int] = []
    index = 0
    while index < len(times):
        count = next((i for i, time in enumerate(times[index:]) if time > times[index]), len(times) - index)
        room = count * round(1000 * layout.shortest)
        if index + count < len(times):
            room = min(room, times[index + count] - times[index])
        starts += [times[index] + room * i // count for i in range(count)]
        index += count
    for index in range(1, len(starts)):
        starts[index] = max(starts[index], starts[index - 1] + 1)
    return starts


def _write_time(seconds: float, point: str) -> str:
    whole = round(seconds * 1000)
    return f"{whole // 3_600_000:02d}:{whole // 60_000 % 60:02d}:{whole // 1000 % 60:02d}{point}{whole % 1000:03d}"


def _guard(line: str) -> str:
    return line.replace("-->", "→")
