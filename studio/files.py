"""Writes a file whole or not at all, and tells whether an error means that the disk is full."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import secrets
import shutil
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO, Literal, TypeVar

RECORDS_FOLDER = ".studio"
"""Name of the folder in an output folder that holds manifests, ledger and logs."""

Sync = Literal["none", "content", "name"]
"""What lasts when the power fails.

"none": the file is whole for other processes, and after a power failure it may be empty.
"content": afterwards the old or the new content is there, whole.
"name": once written, the new content is there.
"""

_Parsed = TypeVar("_Parsed")
_FULL = (errno.ENOSPC, errno.EDQUOT)
_NO_ROOM_BYTES = 2**16
_SNDFILE_SYSTEM_ERROR = 2
_NO_FOLDER_SYNC = (errno.EINVAL, errno.ENOTSUP, errno.EACCES, errno.EPERM)
_LONGEST_SUFFIX = 20


@contextlib.contextmanager
def replace_file(
    path: Path, *, sync: Sync = "name", temporary: Path | None = None, exclusive: bool = False
) -> Iterator[Path]:
    """Yield a temporary path to write to, and rename it to `path` when the block ends without an exception.

    Other processes see the old file or the new one, and never a part of it. After an exception the old file is as it
    was, nothing new is left, and the exception speaks of `path`.

    Args:
        path: File to write; its folder exists. The temporary name has the same extension.
        sync: What lasts when the power fails.
        temporary: Temporary path on the same disk; a name in the folder of `path` if None.
        exclusive: Leave a file that exists as it is and raise FileExistsError, where the disk has hard links.
    """
    temporary = temporary or create_temporary_path(path)
    try:
        yield temporary
        if sync != "none":
            sync_file(temporary)
        if exclusive:
            _link_file(temporary, path)
        else:
            os.replace(temporary, path)
    except BaseException as error:
        _mark_disk_full(error, path.parent)
        with contextlib.suppress(OSError, ValueError):
            temporary.unlink(missing_ok=True)
        _restore_name(error, temporary, path)
        raise
    if sync == "name":
        sync_folder(path.parent)


def write_remakeable(path: Path, data: bytes) -> None:
    """Write a file that can be made again, whole or not at all; its folder is made, and nothing waits for the disk."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with replace_file(path, sync="none") as temporary:
        temporary.write_bytes(data)


def load_remakeable(path: Path, form: int, parse: Callable[[dict[str, Any]], _Parsed]) -> _Parsed | None:
    """Return what is in a file of JSON that can be made again; None if it is missing, damaged or of another format.

    Args:
        path: A file that `write_remakeable` wrote.
        form: The number of its format, which is its entry "format".
        parse: Makes something of the whole; it may fail on whatever it does not expect.
    """
    try:
        found = json.loads(read_regular_file(path))
        return parse(found) if found["format"] == form else None
    except (OSError, ValueError, TypeError, LookupError, AttributeError, OverflowError, RecursionError):
        return None


@contextlib.contextmanager
def replace_files(folder: Path) -> Iterator[Path]:
    """Yield a temporary folder, and move its files into `folder` when the block ends without an exception.

    Each file appears whole, and none appears before the last one is written.
    """
    temporary = folder / f".{secrets.token_hex(6)}-partial"
    try:
        temporary.mkdir()
        yield temporary
        for written in sorted(temporary.iterdir()):
            sync_file(written)
            os.replace(written, folder / written.name)
    except BaseException as error:
        _mark_disk_full(error, folder)
        _restore_name(error, temporary, folder)
        raise
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    sync_folder(folder)


def open_regular_file(path: Path) -> BinaryIO:
    """Open a file to read it. Anything but a regular file is an OSError, so that no pipe lets a reader wait."""
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.EINVAL, "not a regular file", str(path))
    return os.fdopen(descriptor, "rb")


def read_regular_file(path: Path) -> bytes:
    """Return what a regular file contains; see `open_regular_file`."""
    with open_regular_file(path) as file:
        return file.read()


def create_temporary_path(path: Path) -> Path:
    """Return a fresh path in the folder of `path` with the same extension, which chooses the format of media."""
    suffix = path.suffix if len(os.fsencode(path.suffix)) <= _LONGEST_SUFFIX else ""
    return path.with_name(f".{secrets.token_hex(6)}-partial{suffix}")


def is_temporary_name(name: str) -> bool:
    """Tell whether a process that was killed while it wrote a file left a file of this name."""
    return name.startswith(".") and "-partial" in name


def sync_file(path: Path) -> None:
    """Wait until the content of a file is on the disk."""
    descriptor = os.open(path, os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_folder(folder: Path) -> None:
    """Wait until the names in a folder are on the disk, where the file system can do that."""
    try:
        descriptor = os.open(folder, os.O_RDONLY | getattr(os, "O_DIRECTORY", 0))
    except PermissionError:  # a folder to write into that cannot be listed, or Windows
        return
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in _NO_FOLDER_SYNC:
            raise
    finally:
        os.close(descriptor)


def is_disk_full(error: BaseException, folder: Path | None = None) -> bool:
    """Tell whether an error, or one that led to it, means that a disk is full or a quota is used up.

    Args:
        error: An error of the operating system, FFmpeg, libsndfile or SQLite, or one that was marked `disk_full`.
        folder: Where the file is that could not be written. libsndfile does not tell why a write failed; ask before
            the unfinished file is removed.
    """
    seen: set[int] = set()
    link: BaseException | None = error
    while link is not None and id(link) not in seen:
        seen.add(id(link))
        if _means_disk_full(link, folder):
            return True
        link = link.__cause__ or link.__context__
    return False


def _link_file(temporary: Path, path: Path) -> None:
    try:
        os.link(temporary, path)
    except FileExistsError:
        raise
    except OSError:  # a file system without links
        os.replace(temporary, path)
    else:
        temporary.unlink()


def _means_disk_full(error: BaseException, folder: Path | None) -> bool:
    if getattr(error, "disk_full", False) or getattr(error, "errno", None) in _FULL:  # FFmpeg's errors have an errno
        return True
    if getattr(error, "sqlite_errorname", None) == "SQLITE_FULL":  # sqlite3 itself need not be loaded for this
        return True
    if type(error).__name__ == "LibsndfileError":
        return getattr(error, "code", None) == _SNDFILE_SYSTEM_ERROR and folder is not None and _has_no_room(folder)
    return False


def _has_no_room(folder: Path) -> bool:
    with contextlib.suppress(OSError):
        return shutil.disk_usage(folder).free < _NO_ROOM_BYTES
    return False


def _mark_disk_full(error: BaseException, folder: Path) -> None:
    """Note on an error that the disk is full, while the unfinished file still fills it."""
    if is_disk_full(error, folder):
        with contextlib.suppress(AttributeError):
            error.disk_full = True  # type: ignore[attr-defined]  # read by `is_disk_full`


def _restore_name(error: BaseException, temporary: Path, path: Path) -> None:
    """Put the name that the user knows in the place of the temporary one, wherever the error has it."""

    def restore(value: Any) -> Any:
        if not isinstance(value, str):
            return value
        return value.replace(str(temporary), str(path)).replace(temporary.name, path.name)

    error.args = tuple(map(restore, error.args))
    for name, value in list(vars(error).items()):
        setattr(error, name, restore(value))
    if isinstance(error, OSError):
        for name in ("filename", "filename2"):
            value = getattr(error, name)
            if value is not None:
                setattr(error, name, restore(os.fsdecode(value)))


def resolve_path(path: Path) -> Path:
    """Return an absolute path without links. A link in a circle stays as it is; using it is an OSError."""
    return Path(os.path.realpath(path))  # Path.resolve raises RuntimeError for it before Python 3.13
