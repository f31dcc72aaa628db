"""`KeptWeights`: weights that runs made, by the digest of their content, in a folder with a limit."""

from __future__ import annotations

import os
import secrets
import shutil
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from studio.disk_error import explain_disk_error
from studio.errors import ModelError
from studio.files import sync_file, sync_folder
from studio.runtime.model_records import ModelRecords
from studio.runtime.weights import Inspector, digest_files, find_files, hash_bytes

_FOLDER_NAME = "weights"
_TEMPORARY = "tmp-"
_IN_USE_SECONDS = 3600.0
_STALE_SECONDS = 24 * 3600.0
_SECONDS_BETWEEN_TOUCHES = 60.0


@dataclass(frozen=True)
class KeptRow:
    """Weights that are kept.

    Attributes:
        digest: Digest of their content.
        path: The file or folder.
        bytes: Their size.
        used: When they were last used, in seconds since 1970.
    """

    digest: str
    path: Path
    bytes: int
    used: float


class KeptWeights:
    """Weights that runs made.

    Each lie in a folder that is named by their digest, under the name that they were given. They are written whole or
    not at all, and many processes may share the folder. Those that were used least recently go first; what was used
    in the last hour stays, as a run may be about to open it.

    Args:
        folder: Where they lie.
        limit_bytes: What they may take.
        records: Names that were added; weights with a name are never removed for want of room.
    """

    def __init__(self, folder: Path, limit_bytes: int, records: ModelRecords) -> None:
        self.folder = folder
        self.limit_bytes = limit_bytes
        self._records = records
        self._inspector = Inspector()
        self._touched: dict[str, float] = {}
        self._guard = threading.Lock()
        self._size: int | None = None

    @property
    def size(self) -> int:
        """Bytes that they take, as far as this process knows."""
        size = self._size
        if size is None:
            size = self._size = sum(row.bytes for row in self.list_rows())
        return size

    def find(self, digest: str) -> Path | None:
        """Return where weights are, or None; that counts as a use."""
        path = self._find_entry(self.folder / digest)
        now = time.monotonic()
        if path is not None and now - self._touched.get(digest, -_SECONDS_BETWEEN_TOUCHES) >= _SECONDS_BETWEEN_TOUCHES:
            self._touched[digest] = now
            _touch(path.parent)
        return path

    def keep(self, path: Path) -> str:
        """Copy weights that a run made; return the digest of their content.

        Args:
            path: A file, or a folder with the files that matter.

        Raises:
            ModelError: E604 for a pickle, E605 if they are damaged or there are none.
            CacheError: E402 if the disk is full, E401 if the folder cannot be written.
        """
        if not path.exists():
            raise ModelError("E605", f"there are no weights at {path.name!r}, so nothing can be kept")
        self._inspector.check(path)
        try:
            return self._keep(path)
        except OSError as error:
            hint = "check the folder's rights, or choose another --cache-dir"
            raise explain_disk_error(error, self.folder, failed="weights cannot be kept", hint=hint) from error

    def _keep(self, path: Path) -> str:
        self.folder.mkdir(parents=True, exist_ok=True)
        temporary = self._create_temporary()
        try:
            copy = _copy_weights(path, temporary)
            digest = digest_weights(copy)
            with self._guard:
                self._adopt(temporary, digest)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
        self._size = None
        self.evict()
        return digest

    def _adopt(self, temporary: Path, digest: str) -> None:
        """Move a filled folder to its place, unless sound weights of another process are there."""
        target = self.folder / digest
        for _ in range(2):
            there = self._find_entry(target)
            if there is not None and digest_weights(there) == digest:
                _touch(target)
                return
            shutil.rmtree(target, ignore_errors=True)
            try:
                temporary.rename(target)
                sync_folder(self.folder)
                return
            except OSError as error:  # another process was faster
                failure = error
        raise failure

    def evict(self, limit_bytes: int | None = None, *, spare_seconds: float = _IN_USE_SECONDS) -> tuple[int, int]:
        """Remove those that were used least recently until the rest take no more than the limit.

        Args:
            limit_bytes: The limit; None for that of these weights.
            spare_seconds: What was used in this time stays.

        Returns:
            How many were removed, and their bytes.
        """
        limit = self.limit_bytes if limit_bytes is None else limit_bytes
        rows, pinned = self.list_rows(), self.list_names()
        size, removed, freed = sum(row.bytes for row in rows), 0, 0
        for row in sorted(rows, key=lambda row: row.used):
            if size <= limit:
                break
            if row.digest in pinned or time.time() - self._find_used(row) < spare_seconds:
                continue
            self.remove(row.digest)
            size, removed, freed = size - row.bytes, removed + 1, freed + row.bytes
        self._size = size
        return removed, freed

    def remove(self, digest: str) -> None:
        """Remove weights, at once for all that look for them; missing ones are no error."""
        gone = self._create_temporary()
        try:
            (self.folder / digest).rename(gone)
        except OSError:  # another process was faster
            return
        shutil.rmtree(gone, ignore_errors=True)
        self._size = None

    def remove_leftovers(self) -> int:
        """Remove what killed processes left half written; return how many."""
        removed = 0
        for path in self.folder.glob(f"{_TEMPORARY}*"):
            try:
                is_stale = time.time() - path.stat().st_mtime > _STALE_SECONDS
            except OSError:  # its process has removed it
                continue
            if is_stale:
                shutil.rmtree(path, ignore_errors=True)
                removed += 1
        return removed

    def verify(self) -> list[str]:
        """Read all weights; remove those that are damaged, and return their digests."""
        damaged = [row.digest for row in self.list_rows() if not _is_whole(row)]
        for digest in damaged:
            self.remove(digest)
        return damaged

    def list_rows(self) -> list[KeptRow]:
        """Return all that are kept, by digest."""
        rows = []
        for folder in self._list_folders():
            path = None if folder.name.startswith(_TEMPORARY) else self._find_entry(folder)
            if path is not None:
                try:
                    size = sum(file.stat().st_size for file in find_files(path).values())
                    rows.append(KeptRow(folder.name, path, size, folder.stat().st_mtime))
                except (OSError, ModelError):  # another process removes it
                    continue
        return rows

    def _list_folders(self) -> list[Path]:
        try:
            return sorted(self.folder.iterdir())
        except OSError:  # nothing was kept, or it may not be looked into
            return []

    def _create_temporary(self) -> Path:
        return self.folder / f"{_TEMPORARY}{os.getpid()}-{secrets.token_hex(8)}"

    def _find_used(self, row: KeptRow) -> float:
        """Return when weights were last used: perhaps a moment ago, since they were listed."""
        try:
            return (self.folder / row.digest).stat().st_mtime
        except OSError:
            return row.used

    def list_names(self) -> dict[str, list[str]]:
        """Return the names, `local:NAME`, of those that have one, by digest."""
        names: dict[str, list[str]] = {}
        for name in self._records.list_names("added"):
            try:
                path = (self._records.read("added", name) or {}).get("path")
            except ModelError:  # a damaged record
                continue
            folder = Path(path).parent if isinstance(path, str) else self.folder
            if folder.parent == self.folder:
                names.setdefault(folder.name, []).append(f"local:{name}")
        return names

    def _find_entry(self, folder: Path) -> Path | None:
        try:
            entries = [Path(entry.path) for entry in os.scandir(folder)]
        except OSError:
            return None
        return entries[0] if len(entries) == 1 else None


def digest_weights(path: Path) -> str:
    """Return the digest of weights by names and bytes, read now."""
    return hash_bytes(path) if path.is_file() else digest_files(find_files(path), hash_bytes)


def _is_whole(row: KeptRow) -> bool:
    """Return whether weights are what their name says; those that are removed meanwhile are."""
    try:
        return digest_weights(row.path) == row.digest
    except (OSError, ModelError):
        return not row.path.exists()


def _copy_weights(path: Path, folder: Path) -> Path:
    """Copy the files that matter into a fresh folder, onto the disk; return the copy."""
    copy = folder / (path.name if path.is_file() else _FOLDER_NAME)
    for name, file in find_files(path).items():
        target = copy if path.is_file() else copy / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, target)
        sync_file(target)
    return copy


def _touch(folder: Path) -> None:
    try:
        os.utime(folder)
    except OSError:  # a read-only cache
        return
