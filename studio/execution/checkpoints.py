"""`Checkpoints`: folders in which calls leave how far they got, so that a call that was ended goes on."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from studio.disk_error import explain_disk_error

_STALE_SECONDS = 30 * 24 * 3600.0


@dataclass(frozen=True)
class CheckpointRow:
    """What a call left.

    Attributes:
        fingerprint: Names the result that it was making.
        bytes: Size of its files.
        changed: When the newest of them was written, in seconds since 1970.
    """

    fingerprint: str
    bytes: int
    changed: float


class Checkpoints:
    """Folders by the fingerprint of what is being made; the call that has claimed a fingerprint has its folder.

    Args:
        folder: Where they lie.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def open(self, fingerprint: str) -> Path:
        """Return the folder for a fingerprint; it is made if it is missing.

        Raises:
            CacheError: E402 if the disk is full, E401 if it cannot be made.
        """
        path = self._folder / fingerprint
        try:
            path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise explain_disk_error(error, self._folder) from error
        return path

    def remove(self, fingerprint: str) -> None:
        """Remove the folder of what is made now; a missing one is no error."""
        shutil.rmtree(self._folder / fingerprint, ignore_errors=True)

    def list_rows(self) -> list[CheckpointRow]:
        """Return what calls left."""
        rows = []
        for folder in sorted(self._folder.iterdir()) if self._folder.is_dir() else ():
            try:
                files = [path.stat() for path in folder.rglob("*") if path.is_file()]
                newest = max((file.st_mtime for file in files), default=folder.stat().st_mtime)
            except OSError:  # its call has just ended
                continue
            rows.append(CheckpointRow(folder.name, sum(file.st_size for file in files), newest))
        return rows

    def remove_stale(
        self, is_running: Callable[[str], bool], older_than_seconds: float = _STALE_SECONDS
    ) -> tuple[int, int]:
        """Remove what no call resumed for so long.

        Args:
            is_running: Says whether a result is being made now, by its fingerprint; its checkpoint stays.
            older_than_seconds: The time.

        Returns:
            How many were removed, and their bytes.
        """
        old = [row for row in self.list_rows() if time.time() - row.changed >= older_than_seconds]
        stale = [row for row in old if not is_running(row.fingerprint)]
        for row in stale:
            self.remove(row.fingerprint)
        return len(stale), sum(row.bytes for row in stale)
