"""`DefaultFiles`: files that graphs of the server read by default, kept among the server's files to be shown."""

from __future__ import annotations

import threading
from pathlib import Path

from studio.errors import StudioError, UsageError
from studio.server.file_store import FileStore

_PART_BYTES = 2**20
_MOST_BYTES = 256 * 2**20


class DefaultFiles:
    """Copies files of graphs to the server's files. Its method may be called from any thread.

    Args:
        files: The server's files.
    """

    def __init__(self, files: FileStore) -> None:
        self._files = files
        self._known: dict[Path, tuple[tuple[int, int], str]] = {}
        self._guard = threading.Lock()

    def find(self, path: Path) -> str | None:
        """Return how clients name a file, or None for one that is not there or too large, or has no room here."""
        try:
            status = path.stat()
        except OSError:
            return None
        if status.st_size > _MOST_BYTES or not path.is_file():
            return None
        stamp = (status.st_mtime_ns, status.st_size)
        with self._guard:
            known = self._known.get(path)
            if known is not None and known[0] == stamp and self._is_kept(known[1]):
                return known[1]
            try:
                self._files.make_room(status.st_size)
                name = self._copy(path)
            except (OSError, StudioError):
                return None
            self._known[path] = (stamp, name)
            return name

    def _is_kept(self, name: str) -> bool:
        try:
            self._files.find(name)
        except UsageError:
            return False
        return True

    def _copy(self, path: Path) -> str:
        upload = self._files.open_upload()
        try:
            with path.open("rb") as stream:
                while part := stream.read(_PART_BYTES):
                    upload.write(part)
            return upload.finish(name=path.name).name
        finally:
            upload.close()
