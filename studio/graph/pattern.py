"""Patterns that name several files in one folder: `frames/*.png`, `frames/%05d.png`, or the folder alone."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

_WILD = re.compile(r"(\*|\?|%0?\d*d)")
_NUMBER = re.compile(r"(\d+)")
_NO_NAME_HAS = 1000
"""More digits than the name of a file can have."""


def split_pattern(base: Path, pattern: str) -> tuple[str, str]:
    """Return the folder that a pattern looks into, and what a name in it must look like."""
    folder, name = os.path.split(pattern)
    if os.path.isdir(base / pattern):
        return pattern, "*"
    return folder, name or "*"


def find_names(base: Path, pattern: str, known: Iterable[str] | None = None) -> list[str]:
    """Return the files that fit a pattern, in natural order: 9 before 10.

    Args:
        base: Folder that the pattern is relative to.
        pattern: Folder and name; in the name `*` means any letters, `?` for one, `%d` and `%05d` for a number.
        known: Choose among these instead of what is on disk.
    """
    if known is not None:
        return _choose_known(pattern, known)
    folder, name = split_pattern(base, pattern)
    try:
        with os.scandir(base / folder) as entries:
            names = [entry.name for entry in entries if not entry.name.startswith(".") and os.path.isfile(entry.path)]
    except (OSError, ValueError):
        return []
    fits = _compile(name)
    return [str(PurePosixPath(folder, name)) for name in sort_naturally(names) if fits.fullmatch(name)]


def _choose_known(pattern: str, known: Iterable[str]) -> list[str]:
    """Return those of the paths that fit; a pattern without wild cards is a folder or a file."""
    paths = {str(PurePosixPath(path)) for path in known}
    folder, name = os.path.split(pattern)
    if name and not _WILD.search(name) and str(PurePosixPath(pattern)) not in paths:
        folder, name = pattern, "*"
    within, fits = PurePosixPath(folder), _compile(name or "*")
    found = [path for path in map(PurePosixPath, paths) if path.parent == within and fits.fullmatch(path.name)]
    return [str(within / name) for name in sort_naturally(path.name for path in found)]


def sort_naturally(names: Iterable[str]) -> list[str]:
    """Return names in order, with numbers in them by value."""

    def key(name: str) -> tuple[list[tuple[int, int, str]], str]:
        parts = _NUMBER.split(name)
        return [(1, int(p), "") if p.isdecimal() else (0, 0, p.lower()) for p in parts], name

    return sorted(names, key=key)


def _compile(name: str) -> re.Pattern[str]:
    return re.compile("".join(_translate(part) for part in _WILD.split(name)), re.DOTALL)


def _translate(part: str) -> str:
    if part.startswith("%"):
        return rf"\d{{{_count_digits(part)},}}" if _WILD.fullmatch(part) else re.escape(part)
    return {"*": ".*", "?": "."}.get(part, re.escape(part))


def _count_digits(part: str) -> int:
    written = part[1:-1].lstrip("0")
    return int(written or 1) if len(written) < 4 else _NO_NAME_HAS
