"""Frames as studios write them: `1001-1100`, `1001-1100x2`, `1-10,20-30`, and backwards `10-1`.

    FRAMES = PART {"," PART}
    PART   = NUMBER ["-" NUMBER ["x" STEP]]

Numbers may be negative. A frame that is named twice counts once. Deadline, Nuke and fileseq have this in common.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

MAX_FRAMES = 1_000_000
_PART = re.compile(r"\s*(-?\d+)(?:\s*-\s*(-?\d+)(?:\s*x\s*(\d+))?)?\s*(,|$)", re.ASCII)
_STEPS = tuple(
    (re.compile(pattern, re.ASCII), after)
    for pattern, after in (
        (r"\s*-?\d+", "'-' or ','"),
        (r"\s*-", "a number"),
        (r"\s*-?\d+", "'x' or ','"),
        (r"\s*x", "a step"),
        (r"\s*\d+", "','"),
    )
)
"""The parts of a range, each with what may follow it."""
_LONGEST = 4000
_MOST_SHOWN = 20
_HINT = "write 1001, 1001-1100, 1001-1100x2 for every second, or several of these: 1-10,20-30"
FORM = r"-?\d+-(?:-?\d+)(?:x\d+)?(?:,-?\d+(?:-(?:-?\d+)(?:x\d+)?)?)*"
"""Regular expression of frames without spaces that begin with a range."""


class FramesProblem(Exception):
    """Frames that are written wrong, or that have no files.

    Attributes:
        message: What is wrong, and where in the text.
        hint: What to write.
        missing: Whether the frames are written well and have no files.
    """

    def __init__(self, message: str, hint: str = _HINT, *, missing: bool = False) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.missing = missing


def parse_frames(text: str) -> list[int]:
    """Return the numbers of the frames, in the order in which they are written.

    Raises:
        FramesProblem: The text is written otherwise, or names more than a million frames.
    """
    frames: dict[int, None] = {}
    place, ends = 0, False
    if len(text) > _LONGEST:
        raise FramesProblem(f"invalid frames of {len(text)} characters: more than {_LONGEST}")
    while not ends:
        found = _PART.match(text, place)
        if found is None:
            raise _locate(text, place)
        first, last, step, comma = found.groups()
        span = _count(int(first), int(last or first), int(step or 1), text)
        frames.update(dict.fromkeys(span))
        if len(frames) > MAX_FRAMES:
            raise _refuse_many(text)
        place, ends = found.end(), not comma
    return list(frames)


def find_frames_fault(text: str) -> str:
    """Return what is wrong with a text that should be frames, or "" if it is well written."""
    try:
        parse_frames(text)
    except FramesProblem as problem:
        return f"{problem.message}; {problem.hint}"
    return ""


def _count(first: int, last: int, step: int, text: str) -> range:
    if not step:
        raise FramesProblem(f"invalid frames {text!r}: the step is 0")
    if abs(last - first) // step >= MAX_FRAMES:
        raise _refuse_many(text)
    return range(first, last + 1, step) if last >= first else range(first, last - 1, -step)


def _refuse_many(text: str) -> FramesProblem:
    return FramesProblem(f"invalid frames {text!r}: more than {MAX_FRAMES}")


def _locate(text: str, start: int) -> FramesProblem:
    """Return the error for text that is wrong, with the place of its first wrong letter, counted from 1."""
    place, wanted = start, "a number"
    for pattern, after in _STEPS:
        found = pattern.match(text, place)
        if found is None:
            break
        place, wanted = found.end(), after
    rest = text[place:]
    place += len(rest) - len(rest.lstrip())
    got = f"found {text[place]!r}" if place < len(text) else "the text ends"
    return FramesProblem(f"invalid frames {text!r}: expected {wanted} at character {place + 1}, {got}")


def format_frames(frames: Iterable[int]) -> str:
    """Return frames in order, neighbours as a range: "3, 5-9"; after many parts "and 70 more"."""
    runs = list(_join_runs(sorted(set(frames))))
    more = f" and {len(runs) - _MOST_SHOWN} more" if len(runs) > _MOST_SHOWN else ""
    return ", ".join(runs[:_MOST_SHOWN]) + more


def _join_runs(frames: list[int]) -> Iterator[str]:
    start = 0
    for place in range(1, len(frames) + 1):
        if place == len(frames) or frames[place] != frames[place - 1] + 1:
            first, last = frames[start], frames[place - 1]
            yield str(first) if first == last else f"{first}-{last}"
            start = place
