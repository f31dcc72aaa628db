"""Takes named files out of wheels and tarballs: only those asked for, checked while they are read."""

from __future__ import annotations

import hashlib
import re
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

from studio.errors import ModelError
from studio.runtime.catalog.entry import Part

_LICENCE = re.compile(r"(licen[sc]e|copying|notice)([.-][\w.-]*)?", re.IGNORECASE)
_MAX_LICENCE_BYTES = 1 << 20
_CHUNK = 1 << 20
_DAMAGED = (zipfile.BadZipFile, tarfile.TarError, EOFError, OSError, ValueError, NotImplementedError, RuntimeError)


@dataclass(frozen=True)
class _Member:
    """A file in an archive: its path without the folder that all packages of npm have, its size, what opens it."""

    path: str
    size_bytes: int
    open: Callable[[], IO[bytes]]


class Archive:
    """A wheel or a tarball that is open.

    Args:
        path: The file.
        members: Its regular files.
    """

    def __init__(self, path: Path, members: list[_Member]) -> None:
        self._path = path
        self._members = {member.path: member for member in members}

    def append(self, part: Part, target: Path) -> str:
        """Append a file of the archive to a file; return its SHA-256.

        Raises:
            ModelError: E605 if it is missing, damaged, or not the file that the part pins.
        """
        member = self._members.get(part.path)
        if member is None:
            raise _refuse(self._path, f"has no file {part.path!r}")
        if part.bytes and member.size_bytes != part.bytes:
            raise _refuse(self._path, f"has {part.path!r} with {member.size_bytes} bytes, and not {part.bytes}")
        with member.open() as file:
            digest = append_file(file, target, member.size_bytes)
        check_digest(part, digest, self._path)
        return digest

    def list_licenses(self) -> Iterator[tuple[str, bytes]]:
        """Yield name and content of the licenses in the archive."""
        for member in self._members.values():
            if _LICENCE.fullmatch(PurePosixPath(member.path).name) and member.size_bytes <= _MAX_LICENCE_BYTES:
                with member.open() as file:
                    yield PurePosixPath(member.path).name, file.read(_MAX_LICENCE_BYTES)


@contextmanager
def open_archive(path: Path) -> Iterator[Archive]:
    """Open a wheel or a tarball of npm.

    Raises:
        ModelError: E605 if it is damaged, or a name in it leads out of it.
    """
    try:
        if path.suffix == ".whl":
            with zipfile.ZipFile(path) as wheel:
                yield Archive(path, _list_wheel(path, wheel))
        else:
            with tarfile.open(path, "r:*") as tarball:
                yield Archive(path, _list_tarball(path, tarball))
    except ModelError:
        raise
    except OSError as error:
        if error.errno is not None:
            raise
        raise _refuse(path, f"is damaged: {error}") from None
    except _DAMAGED as error:
        raise _refuse(path, f"is damaged: {error}") from None


def append_file(file: IO[bytes], target: Path, limit: int) -> str:
    """Append what a file contains, at most `limit` bytes, to a file; return the SHA-256 of that."""
    hasher = hashlib.sha256()
    with target.open("ab") as out:
        left = limit
        while left > 0 and (chunk := file.read(min(_CHUNK, left))):
            hasher.update(chunk)
            out.write(chunk)
            left -= len(chunk)
    return hasher.hexdigest()


def check_digest(part: Part, digest: str, path: Path) -> None:
    """Raise ModelError E605 if a digest is not the one that a part pins."""
    if part.sha256 and digest != part.sha256:
        raise ModelError(
            "E605",
            f"{part.path!r} has the SHA-256 {digest}, and the catalog says {part.sha256}",
            where=path.name,
            hint="it is not the file that was tested; do not use it, and tell who made the entry",
        )


def hash_file(path: Path) -> str:
    """Return the SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _list_wheel(path: Path, wheel: zipfile.ZipFile) -> list[_Member]:
    found = []
    for info in wheel.infolist():
        _check_name(path, info.filename)
        if not info.is_dir() and not info.flag_bits & 1:
            found.append(_Member(info.filename, info.file_size, lambda info=info: wheel.open(info)))  # type: ignore[misc]
    return found


def _list_tarball(path: Path, tarball: tarfile.TarFile) -> list[_Member]:
    found = []
    for info in tarball:
        _check_name(path, info.name)
        if info.isfile():
            inner = info.name.partition("/")[2]
            found.append(_Member(inner, info.size, lambda info=info: _open_member(tarball, info)))  # type: ignore[misc]
    return found


def _open_member(tarball: tarfile.TarFile, info: tarfile.TarInfo) -> IO[bytes]:
    file = tarball.extractfile(info)
    assert file is not None  # a regular file
    return file


def _check_name(path: Path, name: str) -> None:
    """Refuse an archive with a name that leads out of it, even if nobody asked for that file."""
    parts = name.replace("\\", "/").split("/")
    if ".." in parts or name.startswith(("/", "\\")) or ":" in parts[0]:
        raise _refuse(path, f"has a file {name!r}, which leads out of it")


def _refuse(path: Path, what: str) -> ModelError:
    return ModelError("E605", f"{path.name!r} {what}", hint="do not use it; the package is not what was tested")
