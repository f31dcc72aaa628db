"""Items from files: those that match a pattern, and those that a batch or a run wrote."""

from __future__ import annotations

import fnmatch
import os
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

from studio.batch.groups import Group, Row
from studio.batch.item import ItemState
from studio.batch.ledger import LEDGER_NAME, Ledger
from studio.errors import UsageError
from studio.files import resolve_path
from studio.graph.frames import FramesProblem
from studio.graph.paths import hint_separator
from studio.graph.pattern import compile_name, find_names, has_frames, parse_pattern

_WILDCARDS = frozenset("*?[")


def find_files(name: str, pattern: str, *, limit: int | None = None) -> Group:
    """Return a row for each file that matches a pattern such as `photos/**/*.jpg`; `**` matches folders of any depth.

    Each row is named by the file's path below the part of the pattern that has no wildcards. A name without wildcards
    may have a number, as in `shot.####.png`, and frames, as in `shot.####.png 1001-1100`; see `studio.graph.pattern`.
    Among wildcards there are numbers, too, but no frames.

    Args:
        name: The input that takes the files.
        pattern: The pattern.
        limit: Most files.

    Raises:
        UsageError: E740 if no file matches, or frames are written wrong or missing.
    """
    if has_frames(pattern) and not _WILDCARDS & set(pattern):
        return _find_frames(name, pattern, limit)
    _refuse_frames(pattern)
    root, parts = _split_pattern(pattern)

    def rows() -> Iterator[Row]:
        for path in islice(_walk(root, parts), limit):
            yield _create_row(name, path, root)

    if next(_walk(root, parts), None) is None:
        hint = hint_separator(pattern) or "quote the pattern; ** goes into folders"
        raise UsageError("E740", f"no file matches {pattern!r}", hint=hint)
    return rows


def _find_frames(name: str, pattern: str, limit: int | None) -> Group:
    root = Path(pattern).parent
    try:
        paths = [Path(found) for found in find_names(Path(), pattern)]
    except FramesProblem as problem:
        raise UsageError("E740", problem.message, where="--files", hint=problem.hint) from None
    if not paths:
        raise UsageError("E740", f"no file matches {pattern!r}", hint="#### is a number of four digits or more")
    return lambda: (_create_row(name, path, root) for path in paths[:limit])


def _refuse_frames(pattern: str) -> None:
    """Refuse frames behind wildcards, where nobody knows in which folder or under which name they are missed."""
    try:
        frames = parse_pattern(pattern, is_name=os.path.lexists(pattern)).frames
    except FramesProblem as problem:
        raise UsageError("E740", problem.message, where="--files", hint=problem.hint) from None
    if frames is not None:
        message = f"frames go with one folder and one name, and {pattern!r} has wildcards"
        raise UsageError("E740", message, where="--files", hint="leave out the frames, or write --files for one folder")


def _split_pattern(pattern: str) -> tuple[Path, tuple[str, ...]]:
    """Return the folder that a pattern starts at, and its parts from the first with a wildcard on."""
    parts = Path(pattern).parts
    fixed = next((place for place, part in enumerate(parts) if _WILDCARDS & set(part)), len(parts))
    root = Path(*parts[:fixed])
    if fixed < len(parts):
        return root, parts[fixed:]
    return (root, ("*",)) if root.is_dir() else (root.parent, parts[-1:])


def _create_row(name: str, path: Path, root: Path) -> Row:
    return Row({name: str(path)}, path.relative_to(root).with_suffix("").as_posix(), str(path), Path.cwd())


def _walk(folder: Path, pattern: Sequence[str]) -> Iterator[Path]:
    """Yield the files below a folder that match the parts of a pattern, in order, one folder in memory at a time."""
    head, rest = pattern[0], pattern[1:]
    if head == "**":
        yield from _walk_deep(folder, rest)
        return
    for entry in _list_entries(folder, hidden=head.startswith(".")):
        if not _fits(entry.name, head):
            continue
        if rest and os.path.isdir(entry.path):
            yield from _walk(folder / entry.name, rest)
        elif not rest and os.path.isfile(entry.path):
            yield folder / entry.name


def _fits(name: str, pattern: str) -> bool:
    if has_frames(pattern) and "[" not in pattern:
        return compile_name(pattern).fullmatch(name) is not None
    return fnmatch.fnmatchcase(name, pattern)


def _walk_deep(folder: Path, rest: Sequence[str]) -> Iterator[Path]:
    """Yield the files that match in a folder and in all folders below it, but not below links."""
    if rest:
        yield from _walk(folder, rest)
    for entry in _list_entries(folder, hidden=False):
        if entry.is_dir(follow_symlinks=False):
            yield from _walk_deep(folder / entry.name, rest)
        elif not rest and os.path.isfile(entry.path):
            yield folder / entry.name


def _list_entries(folder: Path, *, hidden: bool) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as found:
            entries = [entry for entry in found if hidden or not entry.name.startswith(".")]
    except OSError:
        return []
    return sorted(entries, key=lambda entry: entry.name)


def find_outputs(name: str, folder: Path, *, output: str = "", extensions: Sequence[str] = ()) -> Group:
    """Return a row for each file that a batch or a run wrote into a folder.

    Args:
        name: The input that takes the files.
        folder: The folder.
        output: Only files of this output; "" for all.
        extensions: Extensions that the input reads.

    Raises:
        UsageError: E740 if there is no such folder.
    """
    if not folder.is_dir():
        raise UsageError("E740", f"there is no folder {str(folder)!r}", hint="name the folder of a batch or a run")
    if (folder / LEDGER_NAME).is_file():
        return lambda: _list_ledger_outputs(name, folder, output, extensions)
    return lambda: _list_folder_outputs(name, folder, output, extensions)


def _list_ledger_outputs(name: str, folder: Path, output: str, extensions: Sequence[str]) -> Iterator[Row]:
    with Ledger(folder) as ledger:
        for item in ledger.items(states=(ItemState.DONE,)):
            for made in item.outputs:
                suitable = not extensions or made.path.rpartition(".")[2].lower() in extensions
                if suitable and output in ("", made.output):
                    label = str(Path(made.path).with_suffix(""))
                    yield Row({name: str(resolve_path(folder) / made.path)}, label, item.source, folder)


def _list_folder_outputs(name: str, folder: Path, output: str, extensions: Sequence[str]) -> Iterator[Row]:
    for path in _walk(folder, ("**",)):
        if path.suffix.lower().lstrip(".") in extensions and path.stem.endswith(output):
            yield _create_row(name, path, folder)
