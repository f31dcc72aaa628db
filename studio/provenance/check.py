"""Checks the files of an output folder against what was recorded when they were written."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path, PurePath
from typing import Any

from studio.cache.digest import hash_file
from studio.files import RECORDS_FOLDER, is_temporary_name, resolve_path
from studio.provenance.credentials.formats import SIDECAR, is_beside
from studio.provenance.folder_links import is_inside
from studio.provenance.manifest import find_manifests, read_manifest
from studio.provenance.record import FileRecord


class FileState(StrEnum):
    """What a check finds of a file."""

    SOUND = "sound"
    """It is as it was written."""
    CHANGED = "changed"
    MISSING = "missing"
    EXTRA = "extra"
    """It is recorded nowhere."""
    LEFTOVER = "leftover"
    """A process was killed while it wrote this."""
    STALE = "stale"
    """It is as it was written, and cannot be made again: something that it was made from has changed."""
    UNREADABLE = "unreadable"
    """It is a record, and cannot be read; or it is recorded outside of the folder."""


@dataclass(frozen=True)
class CheckedFile:
    """What a check finds of a file: its name in the folder, its state, and why."""

    name: str
    state: FileState
    detail: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return it as plain JSON."""
        return {"name": self.name, "standing": self.state, "detail": self.detail}


@dataclass
class Records:
    """What an output folder records.

    Attributes:
        files: The newest record of each file, by the file's name in the folder.
        problems: Records that cannot be read.
        open: Names of files whose items are still to be done, or are no longer in the table.
    """

    files: dict[str, FileRecord] = field(default_factory=dict)
    problems: list[CheckedFile] = field(default_factory=list)
    open: set[str] = field(default_factory=set)


ReadRecords = Callable[[Path, Records], None]
"""Adds what one kind of record in a folder says; later readers win."""


def read_records(folder: Path, readers: Sequence[ReadRecords] = ()) -> Records:
    """Return the files that an output folder records.

    Args:
        folder: The output folder.
        readers: Readers of records other than manifests, such as a batch's ledger.
    """
    records = Records()
    for read in (_read_manifests, *readers):
        read(folder, records)
    return records


def find_record(path: Path, readers: Sequence[ReadRecords] = ()) -> tuple[Path, FileRecord] | None:
    """Return the output folder that records a file, and the record; None if no folder above it records the file."""
    place = path.absolute()
    for folder in place.parents:
        if (folder / RECORDS_FOLDER).is_dir():
            record = read_records(folder, readers).files.get(place.relative_to(folder).as_posix())
            return None if record is None else (folder, record)
    return None


def check_files(folder: Path, recorded: Mapping[str, FileRecord], ignored: Iterable[str] = ()) -> Iterator[CheckedFile]:
    """Yield the state of each file of a folder, the recorded ones first.

    Args:
        folder: The output folder.
        recorded: The records, by the files' names in the folder.
        ignored: Names of files and folders in it that are no outputs.
    """
    root = resolve_path(folder)
    for name, record in sorted(recorded.items()):
        yield _check_file(root, name, record)
    for name in _find_names(root, set(ignored)):
        if name not in recorded:
            yield _describe_stranger(name)


def _read_manifests(folder: Path, records: Records) -> None:
    for path in find_manifests(folder):
        try:
            records.files |= read_manifest(path, folder)
        except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            reason = f"{type(error).__name__}: {error}"
            records.problems.append(CheckedFile(f"{RECORDS_FOLDER}/{path.name}", FileState.UNREADABLE, reason))


def _describe_stranger(name: str) -> CheckedFile:
    if is_temporary_name(PurePath(name).name):
        return CheckedFile(name, FileState.LEFTOVER, "a process was killed while it wrote this")
    return CheckedFile(name, FileState.EXTRA, "recorded nowhere")


def _check_file(root: Path, name: str, record: FileRecord) -> CheckedFile:
    path = root / name
    if PurePath(name).is_absolute() or not is_inside(root, name):
        return CheckedFile(name, FileState.UNREADABLE, f"{record.recorded_in} records it outside of the folder")
    try:
        change = _find_change(path, record)
    except FileNotFoundError:
        return CheckedFile(name, FileState.MISSING, f"recorded in {record.recorded_in}")
    except OSError as error:
        change = f"cannot be read: {error.strerror}"
    return CheckedFile(name, FileState.CHANGED if change else FileState.SOUND, change)


def _find_change(path: Path, record: FileRecord) -> str:
    """Return how a file differs from its record, or ""."""
    size = path.stat().st_size
    if not path.is_file():
        return "no plain file"
    if size != record.size:
        return f"{size} bytes, {record.size} were written"
    return "" if hash_file(path).hex() == record.digest else "other bytes than were written"


def _find_names(root: Path, ignored: set[str]) -> Iterator[str]:
    """Yield the files below a folder, without those of output folders inside it."""
    for base, folders, files in os.walk(root):
        here = Path(base)
        if here != root and RECORDS_FOLDER in folders:
            folders.clear()
            continue
        skipped = ignored if here == root else set()
        folders[:] = sorted(name for name in folders if name != RECORDS_FOLDER and name not in skipped)
        beside = {f"{Path(file).stem}{SIDECAR}" for file in files if is_beside(Path(file))}
        yield from (
            (here / file).relative_to(root).as_posix() for file in sorted(files) if file not in skipped | beside
        )
