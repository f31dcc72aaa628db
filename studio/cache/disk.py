"""The tier on disk: the action table and the blobs in one folder, which processes share."""

from __future__ import annotations

import contextlib
import threading
import time
import weakref
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from blake3 import blake3

from studio.cache.actions import Action, ActionTable, BlobRow
from studio.cache.blobs import BlobFolder
from studio.cache.codec import Codecs
from studio.cache.digest import hash_file
from studio.cache.listings import Listings
from studio.cache.locks import FingerprintLocks
from studio.cache.write_behind import INLINE_BYTES, WriteBehind
from studio.disk_error import explain_disk_error
from studio.errors import CacheError

_PRUNED_SHARE = 0.9  # of its limit is what a full cache keeps
_ORPHAN_SECONDS = 600.0  # a younger file may still get its row
MISSING = object()
"""What `load` returns for a value that is not there or is damaged."""


class DiskTier:
    """One cache folder."""

    def __init__(
        self,
        folder: Path,
        limit_bytes: int,
        codecs: Codecs,
        digest: Callable[[Any], str],
        beside: Callable[[], int] = lambda: 0,
    ) -> None:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self.blobs = BlobFolder(folder)
            self.locks = FingerprintLocks(folder / "locks")
        except OSError as error:
            raise explain_disk_error(error, folder) from error
        self.folder = folder
        self.limit_bytes = limit_bytes
        self.table = ActionTable(folder / "index.sqlite")
        self.listings = Listings(folder / "sources")
        self._errors: dict[str, CacheError] = {}
        self._codecs = codecs
        self._beside = beside
        self._guard = threading.Lock()
        self._size = self.table.measure()[2]
        self._writing = WriteBehind(
            folder, self.table, self.blobs, codecs, digest, on_error=self._report, on_commit=self._grow
        )
        with contextlib.suppress(OSError):
            self.blobs.remove_leftovers()

    # -- reading ---------------------------------------------------------------------------------------

    def find(self, fingerprint: str) -> Action | None:
        """Return the action with this fingerprint, or None."""
        action = self._writing.find(fingerprint)
        if action is not None:
            return action
        try:
            return self.table.find(fingerprint)
        except CacheError as error:  # what cannot be read is made again
            self._report(error)
            return None

    def has(self, digest: str) -> bool:
        """Say whether a blob is there, or will be soon."""
        return self._writing.get(digest, MISSING) is not MISSING or self._find_row(digest) is not None

    def load(self, digest: str) -> Any:
        """Return a value by its digest, or MISSING. A damaged blob is dropped and counts as missing."""
        value = self._writing.get(digest, MISSING)
        row = self._find_row(digest) if value is MISSING else None
        if row is None:
            return value
        try:
            value = self._read(row)
        except Exception:  # whatever a decoder raises, the blob is unusable
            value = MISSING
        if value is MISSING:
            self._drop([row])
        else:
            self._writing.touch(digest)
        return value

    def find_entries(self, digest: str) -> list[str] | None:
        """Return the digests of the entries of a list of media, or None if the value is no such list."""
        row = self._find_row(digest)
        if row is None or row.codec != "list":
            return None
        try:
            return self._read_entries(row)
        except (CacheError, TypeError):
            return None

    def take_errors(self) -> list[CacheError]:
        """Return what went wrong since the last call: the first error of each code."""
        with self._guard:
            errors, self._errors = list(self._errors.values()), {}
        return errors

    def _report(self, error: CacheError) -> None:
        with self._guard:
            self._errors.setdefault(error.code, error)

    def _find_row(self, digest: str) -> BlobRow | None:
        try:
            return self.table.find_blob(digest)
        except CacheError as error:
            self._report(error)
            return None

    def _read(self, row: BlobRow) -> Any:
        kind = row.codec.partition(":")[0]
        if kind == "stream":
            return self._read_stream(row)
        if kind == "list":
            digests = self._read_entries(row)
            if digests is None:
                return MISSING
            entries = [self.load(digest) for digest in digests]
            return MISSING if any(entry is MISSING for entry in entries) else entries
        data = self._read_bytes(row)
        return MISSING if data is None else self._codecs.decode(row.codec, data)

    def _read_entries(self, row: BlobRow) -> list[str] | None:
        data = self._read_bytes(row)
        digests = None if data is None else self._codecs.decode("json", data)
        return digests if isinstance(digests, list) else None

    def _read_bytes(self, row: BlobRow) -> bytes | None:
        if row.data is None:
            return self.blobs.read(row.digest, row.extension, row.checksum)
        return row.data if blake3(row.data).hexdigest() == row.checksum else None

    def _read_stream(self, row: BlobRow) -> Any:
        """Open a link of the blob's own for the value, so that eviction by any process cannot take it away."""
        path = self.blobs.find_path(row.digest, row.extension)
        try:
            link = self.blobs.link_temporary(path, row.extension)
        except OSError:
            return MISSING
        try:
            if hash_file(link).hex() == row.checksum:
                return keep_file(self._codecs.open_stream(row.codec, link), link)
        except BaseException:
            link.unlink(missing_ok=True)
            raise
        link.unlink(missing_ok=True)
        return MISSING

    # -- writing ---------------------------------------------------------------------------------------

    def record(self, action: Action, values: Mapping[str, Any], size: int, done: Callable[[], None]) -> None:
        """Write an action and its values soon; see `WriteBehind.record`."""
        self._writing.record(action, values, size, done)

    def adopt(self, row: BlobRow, data: bytes, path: Path | None = None) -> None:
        """Import a blob from elsewhere: its bytes, or a temporary file in this folder that contains them."""
        try:
            if path is not None:
                self.blobs.adopt(path, row.digest, row.extension)
            elif len(data) <= INLINE_BYTES:
                row = row._replace(data=data)
            else:
                self.blobs.write(row.digest, row.extension, data)
            self.table.write(blobs=[row])
            self._size += row.size
        except (OSError, CacheError) as error:
            self._report(error if isinstance(error, CacheError) else explain_disk_error(error, self.folder))

    def keep_actions(self, actions: Sequence[Action]) -> None:
        """Import actions from elsewhere."""
        try:
            self.table.write(actions=actions)
        except CacheError as error:
            self._report(error)

    def remember_file(self, path: str, size: int, mtime_ns: int, inode: int, digest: str) -> None:
        """Keep the digest of a file; losing it costs only the time to take it again."""
        with contextlib.suppress(CacheError):
            self.table.write(files=[(path, size, mtime_ns, inode, digest)])

    # -- housekeeping ----------------------------------------------------------------------------------

    def flush(self) -> None:
        """Wait until everything recorded so far is written."""
        self._writing.flush()

    def prune(self, limit_bytes: int) -> tuple[int, int]:
        """Evict the least recently used blobs until `limit_bytes` hold the rest and what lies beside them.

        Half of them is for blobs in any case.

        Returns:
            Blobs and bytes that were evicted.
        """
        self.flush()
        return self._prune(self._find_room(limit_bytes))

    def _find_room(self, limit_bytes: int) -> int:
        """Return what blobs may take: what lies beside them leaves them at least half."""
        return max(limit_bytes - self._beside(), limit_bytes // 2)

    def _grow(self, size: int) -> None:
        """Count blobs that were committed, and evict others if they are too many now."""
        self._size += size
        limit_bytes = self._find_room(self.limit_bytes)
        if self._size > limit_bytes:
            try:
                self._prune(int(limit_bytes * _PRUNED_SHARE))
            except CacheError as error:
                self._report(error)

    def _prune(self, limit_bytes: int) -> tuple[int, int]:
        evicted = freed = 0
        size = self.table.measure()[2]
        while size > limit_bytes:
            batch = []
            for digest, extension, blob_size in self.table.find_oldest_blobs(200):
                if size <= limit_bytes:
                    break
                batch.append(BlobRow(digest, "", extension, blob_size, ""))
                size -= blob_size
            if not batch:
                break
            self._drop(batch)
            evicted += len(batch)
            freed += sum(row.size for row in batch)
        self._size = size
        return evicted, freed

    def verify(self) -> list[str]:
        """Check every blob against its checksum; drop the damaged ones and return their digests.

        Files that no row knows (of a process that was killed before its row was written) are removed silently.
        """
        damaged = self.table.check()
        if damaged:
            raise CacheError(
                "E403",
                f"the action table is damaged: {damaged}",
                where=str(self.folder),
                hint="run `studio cache clear`; results are made again when they are wanted",
            )
        bad = [row for row in self.table.iterate_blobs() if not self._is_sound(row)]
        self._drop(bad)
        self.remove_orphans()
        return [row.digest for row in bad]

    def remove_orphans(self, older_than_seconds: float = _ORPHAN_SECONDS) -> int:
        """Remove blob files that no row knows and leftovers of killed processes; return how many."""
        removed = self.blobs.remove_leftovers()
        for path in list(self.blobs.iterate()):
            with contextlib.suppress(OSError):
                young = time.time() - path.stat().st_mtime < older_than_seconds
                if not young and self.table.find_blob(path.stem) is None:
                    path.unlink()
                    removed += 1
        return removed

    def is_claimed(self, fingerprint: str) -> bool:
        """Return whether a process makes the result with this fingerprint now."""
        if not self.locks.try_lock(fingerprint):
            return True
        self.locks.unlock(fingerprint)
        return False

    def discard(self, fingerprints: Iterable[str], digests: Iterable[str]) -> None:
        """Drop actions and blobs."""
        self.flush()
        with contextlib.suppress(CacheError):
            self.table.drop_actions(fingerprints)
        self._drop(row for digest in digests if (row := self._find_row(digest)) is not None)

    def clear(self) -> None:
        """Remove everything."""
        self.flush()
        self.table.clear()
        for path in list(self.blobs.iterate()):
            path.unlink(missing_ok=True)
        self._size = 0

    def close(self) -> None:
        """Write what waits, then release the folder; a second call does nothing."""
        if not self._writing.is_open:
            return
        self._writing.close()
        self.table.close()
        self.locks.close()

    def _is_sound(self, row: BlobRow) -> bool:
        if row.data is not None:
            return blake3(row.data).hexdigest() == row.checksum
        try:
            return hash_file(self.blobs.find_path(row.digest, row.extension)).hex() == row.checksum
        except OSError:
            return False

    def _drop(self, rows: Iterable[BlobRow]) -> None:
        rows = list(rows)
        with contextlib.suppress(CacheError):
            self.table.drop_blobs(row.digest for row in rows)
        for row in rows:
            with contextlib.suppress(OSError):
                self.blobs.remove(row.digest, row.extension)


def keep_file(value: Any, path: Path) -> Any:
    """Remove a file when the value that reads from it is gone."""
    weakref.finalize(value, path.unlink, missing_ok=True)
    return value
