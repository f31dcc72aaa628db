"""Patterns that name several files in one folder: `frames/*.png`, `frames/%05d.png`, `frames/####.exr 1001-1100`.

A number in a name is written `%d`, `%04d`, or as a run of `#` or `@`, one for each digit, as Nuke, RV and fileseq read
it. A single `#` or `@` is a number of any length; before a letter or a digit, as in `icon@2x.png`, it is a plain sign.
Frames follow after a space, or stand before the signs: `shot.1001-1100####.exr`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from studio.graph.frames import FORM, FramesProblem, format_frames, parse_frames

_SIGNS = r"#{2,}|@{2,}|[#@](?![#@\w])"
_WILD = re.compile(rf"(\*|\?|%0?\d*d|{_SIGNS})")
_FRAME = re.compile(rf"%0?\d*d|{_SIGNS}")
_INNER = re.compile(rf"(?<![\w-])({FORM})(?={_SIGNS})", re.ASCII)
_AFTER = re.compile(r"\s+(-?\d[^/]*)\Z", re.ASCII)
_NUMBER = re.compile(r"(\d+)")
_NO_NAME_HAS = 1000
"""More digits than the name of a file can have."""


@dataclass(frozen=True)
class FilePattern:
    """A pattern, taken apart.

    Attributes:
        folder: The folder that it looks into.
        name: What a name in it must look like.
        frames: The frames that must be there, in order; None for all that are.
    """

    folder: str
    name: str
    frames: Sequence[int] | None = None


def parse_pattern(pattern: str, *, is_name: bool = False) -> FilePattern:
    """Take a pattern apart.

    Args:
        pattern: Folder and name.
        is_name: Whether it is the name of one file or folder, whatever signs are in it.

    Raises:
        FramesProblem: Its frames are written wrong, or its name has no place for their number.
    """
    folder, name = os.path.split(pattern)
    if is_name:
        return FilePattern(folder, name)
    inner, after = _INNER.search(name), _AFTER.search(name)
    if after is not None and not _FRAME.search(name[: after.start()]):
        after = None  # a name with spaces and numbers in it
    if after is None and inner is None:
        return FilePattern(folder, name)
    if after is not None and inner is not None:
        raise FramesProblem(f"frames are named twice in {pattern!r}", "name them in one place")
    if inner is not None:
        frames, name = inner.group(), name[: inner.start()] + name[inner.end() :]
    else:
        assert after is not None
        frames, name = after.group(1), name[: after.start()]
    if len(_FRAME.findall(name)) > 1:
        message = f"frames go with one number in a name, and {name!r} has {len(_FRAME.findall(name))}"
        raise FramesProblem(message, "write the other numbers as they are, or as *")
    return FilePattern(folder, name, parse_frames(frames))


def has_frames(pattern: str) -> bool:
    """Say whether the last part of a path has a number in it."""
    return _FRAME.search(os.path.basename(pattern)) is not None


def split_pattern(base: Path, pattern: str) -> tuple[str, str]:
    """Return the folder that a pattern looks into, and what a name in it must look like; `FramesProblem` as above."""
    if os.path.isdir(base / pattern):
        return pattern, "*"
    found = parse_pattern(pattern, is_name=os.path.lexists(base / pattern))
    return found.folder, found.name or "*"


def find_names(base: Path, pattern: str, known: Iterable[str] | None = None) -> list[str]:
    """Return the files that fit a pattern, in natural order, 9 before 10, or in that of the frames that it names.

    Args:
        base: Folder that the pattern is relative to.
        pattern: Folder and name; in the name `*` means any letters, `?` for one, `%d`, `%05d`, `#####` for a number.
        known: Choose among these instead of what is on disk.

    Raises:
        FramesProblem: Its frames are written wrong, or some of them have no file.
    """
    if known is not None:
        return _choose_known(pattern, known)
    folder, name = split_pattern(base, pattern)
    is_name = name != "*" and os.path.lexists(base / pattern)
    try:
        with os.scandir(base / folder) as entries:
            names = [entry.name for entry in entries if not entry.name.startswith(".") and os.path.isfile(entry.path)]
    except (OSError, ValueError):
        names = []
    chosen = [name] if is_name and name in names else _choose(names, parse_pattern(pattern), name)
    return [str(PurePosixPath(folder, name)) for name in chosen]


def _choose_known(pattern: str, known: Iterable[str]) -> list[str]:
    """Return those of the paths that fit; a pattern without wild cards is a folder or a file."""
    paths = {str(PurePosixPath(path)) for path in known}
    is_name = str(PurePosixPath(pattern)) in paths
    found = parse_pattern(pattern, is_name=is_name)
    folder, name = found.folder, found.name
    if name and not _WILD.search(name) and not is_name:
        folder, name = pattern, "*"
    within = PurePosixPath(folder)
    names = [path.name for path in map(PurePosixPath, paths) if path.parent == within]
    chosen = [name] if is_name else _choose(names, found, name or "*")
    return [str(within / name) for name in chosen]


def _choose(names: Iterable[str], pattern: FilePattern, name: str) -> list[str]:
    """Return the names that fit, in order; those of frames if the pattern names some."""
    if pattern.frames is None:
        fits = compile_name(name)
        return [found for found in sort_naturally(names) if fits.fullmatch(found)]
    before, _, after = name.partition(sign := _find_sign(name))
    frame = re.compile(f"{compile_name(before).pattern}(-?{_translate(sign)}){compile_name(after).pattern}", re.DOTALL)
    files: dict[int, list[str]] = {}
    for found in map(frame.fullmatch, sort_naturally(names)):
        if found is not None:
            files.setdefault(int(found.group(1)), []).append(found.group())
    _check_frames(files, pattern)
    return [files[number][0] for number in pattern.frames]


def _find_sign(name: str) -> str:
    found = _FRAME.search(name)
    assert found is not None
    return found.group()


def _check_frames(files: dict[int, list[str]], pattern: FilePattern) -> None:
    wanted = pattern.frames or ()
    place = str(PurePosixPath(pattern.folder, pattern.name))
    if missing := [number for number in wanted if number not in files]:
        few = f"{len(missing)} of {len(wanted)} frames of {place!r} are missing: {format_frames(missing)}"
        hint = "make them, or leave them out of the frames" if files else f"no file fits {place!r}: check the path"
        raise FramesProblem(few, hint, missing=True)
    if double := [number for number in wanted if len(files[number]) > 1]:
        both = " and ".join(map(repr, files[double[0]][:2]))
        raise FramesProblem(f"frame {double[0]} of {place!r} has several files: {both}", "write the number of digits")


def sort_naturally(names: Iterable[str]) -> list[str]:
    """Return names in order, with numbers in them by value."""

    def key(name: str) -> tuple[list[tuple[int, int, str]], str]:
        parts = _NUMBER.split(name)
        return [(1, int(p), "") if p.isdecimal() else (0, 0, p.lower()) for p in parts], name

    return sorted(names, key=key)


def compile_name(name: str) -> re.Pattern[str]:
    """Return what the names look like that fit the last part of a pattern."""
    return re.compile("".join(_translate(part) for part in _WILD.split(name)), re.DOTALL)


def _translate(part: str) -> str:
    if part and _FRAME.fullmatch(part):
        return rf"\d{{{_count_digits(part)},}}"
    return {"*": ".*", "?": "."}.get(part, re.escape(part))


def _count_digits(part: str) -> int:
    if part[0] in "#@":
        return min(len(part), _NO_NAME_HAS)
    written = part[1:-1].lstrip("0")
    return int(written or 1) if len(written) < 4 else _NO_NAME_HAS
