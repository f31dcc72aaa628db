"""Opens media files: regular files within the limits, whatever has the name."""

from __future__ import annotations

import os
import stat
from pathlib import PurePath
from typing import TYPE_CHECKING, BinaryIO

from studio.errors import MediaError
from studio.files import is_disk_full

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from studio.settings import MediaLimits

GENERATOR = "Studio"
"""What written files name as the software that made them."""
MARK = "studio-provenance:"
"""Begins the provenance in formats that have free comments only, to recognise it among others."""

_SPECIAL = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0) | getattr(os, "O_BINARY", 0)


def open_media(path: Path, limits: MediaLimits) -> BinaryIO:
    """Open a regular, non-empty file that is within the size limit; MediaError E511 otherwise.

    It does not wait for a FIFO, and does not read a device.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | _SPECIAL)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise refuse(path, f"cannot open the file: {reason.lower()}", hint="check the name of the file") from None
    status = os.fstat(descriptor)
    problem, hint = _find_problem(status, limits)
    if problem:
        os.close(descriptor)
        raise refuse(path, problem, hint=hint)
    return os.fdopen(descriptor, "rb")


def check_media(path: Path, limits: MediaLimits) -> None:
    """Raise MediaError E511 unless `open_media` could open the file."""
    open_media(path, limits).close()


def refuse(path: Path, message: str, *, hint: str) -> MediaError:
    """Return the error that says why a file is not read."""
    return MediaError("E511", message, where=str(path), hint=hint)


def refuse_writing(path: Path, message: str, *, hint: str = "", error: BaseException | None = None) -> MediaError:
    """Return the error that says why a file is not written.

    Args:
        path: The file.
        message: What is wrong.
        hint: What to do; by default to look at the disk and the folder.
        error: What was raised. Call this before the unfinished file is removed, so that a full disk is recognised.
    """
    hint = hint or "check the free space on the disk and the rights of the folder"
    refused = MediaError("E512", message, where=str(path), hint=hint)
    refused.disk_full = error is not None and is_disk_full(error, path.parent)
    return refused


def check_extension(path: Path | str, extensions: Iterable[str], noun: str) -> None:
    """Raise MediaError E512 unless a file name has one of these extensions.

    A node type that saves files calls it, and so does its `check=`.

    Args:
        path: The file, or its name.
        extensions: The extensions, without the dot, such as `ImageType.extensions`.
        noun: What the file contains, such as "image".
    """
    known, suffix = list(extensions), PurePath(path).suffix
    if suffix.lower().lstrip(".") not in known:
        message = f"unsupported {noun} file extension {suffix!r}"
        raise MediaError("E512", message, where=str(path), hint=f"use one of: {', '.join(known)}")


def write_bytes(path: Path, *parts: bytes) -> None:
    """Write the parts to a file, one after the other; MediaError E512 if that fails; the file is removed."""
    try:
        with path.open("wb") as file:
            for part in parts:
                file.write(part)
    except OSError as error:
        message = f"cannot write the file: {(error.strerror or str(error)).lower()}"
        refused = refuse_writing(path, message, error=error)
        path.unlink(missing_ok=True)
        raise refused from None


def encode_text(text: str) -> bytes:
    """Return JSON text as UTF-8; lone surrogates become the JSON escapes that mean the same."""
    return text.encode("utf-8", "backslashreplace")


def _find_problem(status: os.stat_result, limits: MediaLimits) -> tuple[str, str]:
    if stat.S_ISDIR(status.st_mode):
        return "this is a folder, not a file", "name a file inside it"
    if not stat.S_ISREG(status.st_mode):
        return "this is not a regular file", "name a file on disk, not a pipe or a device"
    if status.st_size == 0:
        return "the file is empty", "it has 0 bytes: make it again"
    if status.st_size > limits.max_file_bytes:
        found = f"the file has {status.st_size} bytes, more than the {limits.max_file_bytes} allowed"
        return found, "raise media.max_file_bytes in config.toml if you trust the file"
    return "", ""
