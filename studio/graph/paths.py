"""`Paths`: which files a graph or a caller may name, and where relative paths start."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePath

from studio.files import resolve_path
from studio.graph.pattern import find_names, split_pattern

_LONGEST = 4000
_LONGEST_OUTPUT = 1000
_LONGEST_NAME = 255  # bytes that file systems allow for one name


@dataclass(frozen=True)
class InputFile:
    """A file that the caller names for a graph's input; unlike a path in a graph it may lie anywhere.

    Attributes:
        path: Where it is.
        name: How it is recorded; "" for its path as the graph would write it.
    """

    path: Path
    name: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "path", Path(self.path))


@dataclass(frozen=True)
class InputPattern:
    """Files that the caller names by a pattern, seen from the current folder; they may lie anywhere."""

    pattern: str


@dataclass(frozen=True)
class Paths:
    """Finds the files that a value names.

    Attributes:
        base: Folder that relative paths start from.
        roots: Folders that files must lie in; None for anywhere.
        digests: For what a media file carries: digests of the files it reads, by how they are written.
        by_caller: Whether a caller names the files, and not a graph.
    """

    base: Path
    roots: tuple[Path, ...] | None = None
    digests: Mapping[str, str] | None = None
    by_caller: bool = False

    def find(self, written: str) -> Path | None:
        """Return the absolute path of a valid path that lies inside a root, else None; links are followed first."""
        if self.roots is None:
            return Path(os.path.normpath(self.base / written)) if is_path(written) else None
        path = self.resolve(written)
        return path if path is not None and any(path.is_relative_to(root) for root in self.roots) else None

    def resolve(self, written: str) -> Path | None:
        """Return the absolute path, wherever it lies, or None if the path is invalid; links are followed."""
        if not is_path(written):
            return None
        try:
            return resolve_path(self.base / written)
        except (OSError, RuntimeError, ValueError):
            return None

    def describe(self, written: str, path: Path) -> str:
        """Return how a file is recorded: as a graph in the base folder would write it."""
        return written if self.roots is not None else name_file(path, self.base)

    def is_known(self, written: str) -> bool:
        """Say whether a digest of a file is known, so that the file itself may be gone."""
        return written in (self.digests or ())

    def find_names(self, pattern: str) -> list[str] | None:
        """Return the files that fit a pattern, in its order; None if its folder may not be read.

        Raises:
            FramesProblem: Its frames are written wrong, or some of them have no file.
        """
        if self.digests is None and self.find(split_pattern(self.base, pattern)[0]) is None:
            return None
        return find_names(self.base, pattern, self.digests)


def is_path(written: str) -> bool:
    """Say whether a text can be a path at all."""
    return not find_path_fault(written)


def find_path_fault(written: str, longest: int = _LONGEST) -> str:
    """Return what to change in a text that cannot be a path, or "" for one that can be."""
    if "\0" in written:
        return "remove the zero byte"
    if len(written) > longest:
        return f"shorten it to {longest} characters"
    try:
        os.fsencode(written)
    except UnicodeEncodeError:
        return "remove the lone surrogates"
    return ""


def find_output_fault(written: str) -> tuple[str, str] | None:
    """Return the message and hint for a text that can be no file's name in the output folder, else None."""
    path = PurePath(written)
    fault = find_path_fault(written, _LONGEST_OUTPUT) or _find_name_fault(path) if written else "name a file"
    if fault:
        return f"invalid path {written[:80]!r}", fault
    if path.is_absolute() or ".." in path.parts:
        return f"{written[:80]!r} leaves the output folder", ""
    if not path.parts or written.endswith(("/", "/.")):
        return f"{written[:80]!r} is a folder", "name a file inside it"
    return None


def _find_name_fault(path: PurePath) -> str:
    if any(unicodedata.category(letter) == "Cc" for letter in str(path)):
        return "remove the control characters"
    is_long = any(len(os.fsencode(part)) > _LONGEST_NAME for part in path.parts)
    return f"shorten each name in it to {_LONGEST_NAME} bytes" if is_long else ""


def hint_separator(written: str) -> str:
    """Return what to write instead of a path with backslashes, which are letters of names here, or ""."""
    if "\\" not in written or os.sep == "\\":
        return ""
    return f"write {written.replace(chr(92), '/')[:80]!r}: / separates folders"


def is_existing_file(path: Path) -> bool:
    """Say whether a path is an existing file; False for a name that no file can have."""
    return os.path.isfile(path)


def name_file(path: Path, base: Path) -> str:
    """Return how a graph in a folder would write a path."""
    try:
        return os.path.relpath(resolve_path(path.parent) / path.name, base)
    except (OSError, RuntimeError, ValueError):  # another drive, or a name that no file can have
        return str(path)
