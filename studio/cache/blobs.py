"""Blobs in files: written to a temporary name, fsynced, renamed; checked whenever they are read."""

from __future__ import annotations

import os
import secrets
import shutil
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from blake3 import blake3

from studio.cache.digest import hash_file
from studio.files import read_regular_file, replace_file

_STALE_SECONDS = 24 * 3600.0


class BlobFolder:
    """Files by digest, two levels deep, and a folder for what is being written."""

    def __init__(self, folder: Path) -> None:
        self._blobs = folder / "blobs"
        self._temporary = folder / "tmp"
        self._blobs.mkdir(parents=True, exist_ok=True)
        self._temporary.mkdir(exist_ok=True)

    def find_path(self, digest: str, extension: str) -> Path:
        """Return where the blob is or would be."""
        return self._blobs / digest[:2] / f"{digest}.{extension}"

    def read(self, digest: str, extension: str, checksum: str) -> bytes | None:
        """Return the bytes, or None if they are missing or damaged."""
        try:
            data = read_regular_file(self.find_path(digest, extension))
        except OSError:
            return None
        return data if blake3(data).hexdigest() == checksum else None

    def write(self, digest: str, extension: str, data: bytes) -> str:
        """Write a blob and return the checksum of its bytes."""
        target = self.find_path(digest, extension)
        target.parent.mkdir(exist_ok=True)
        with replace_file(target, sync="content", temporary=self.create_temporary(extension)) as temporary:
            temporary.write_bytes(data)
        return blake3(data).hexdigest()

    def write_stream(self, fill: Callable[[Path], None], extension: str) -> tuple[Path, str]:
        """Have a temporary file filled; return it and the checksum of its bytes. Then `adopt` or remove it."""
        temporary = self.create_temporary(extension)
        try:
            fill(temporary)
            return temporary, hash_file(temporary).hex()
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise

    def adopt(self, temporary: Path, digest: str, extension: str) -> None:
        """Link a filled temporary file into the blobs; the temporary name stays until its owner removes it."""
        target = self.find_path(digest, extension)
        link = self.link_temporary(temporary, extension)
        target.parent.mkdir(exist_ok=True)
        with replace_file(target, sync="content", temporary=link):
            pass  # it is filled

    def link_temporary(self, path: Path, extension: str) -> Path:
        """Return a temporary name for the same content; a copy where the file system has no links."""
        link = self.create_temporary(extension)
        try:
            os.link(path, link)
        except FileNotFoundError:
            raise
        except OSError:
            shutil.copyfile(path, link)
        return link

    def create_temporary(self, extension: str) -> Path:
        """Return a fresh name in the temporary folder; it says which process owns it."""
        host = socket.gethostname().replace("-", "_")[:32]
        return self._temporary / f"{host}-{os.getpid()}-{secrets.token_hex(8)}.{extension}"

    def remove(self, digest: str, extension: str) -> None:
        """Remove a blob; a missing one is no error."""
        self.find_path(digest, extension).unlink(missing_ok=True)

    def iterate(self) -> Iterator[Path]:
        """Yield every blob file."""
        for folder in sorted(self._blobs.iterdir()):
            if folder.is_dir():
                yield from sorted(folder.iterdir())

    def remove_leftovers(self) -> int:
        """Remove temporary files of processes that are gone; return how many."""
        removed = 0
        host = socket.gethostname().replace("-", "_")[:32]
        for path in self._temporary.iterdir():
            name = path.name.split("-")
            mine = len(name) == 3 and name[0] == host and name[1].isdigit()
            gone = mine and not _is_alive(int(name[1]))
            try:
                if gone or (not mine and time.time() - path.stat().st_mtime > _STALE_SECONDS):
                    path.unlink()
                    removed += 1
            except OSError:
                continue  # another process removed it first
        return removed


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
