"""The tier on disk: the action table and the blobs, written behind the run's back and shared between processes."""

from __future__ import annotations

import contextlib
import queue
import threading
import time
import weakref
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from blake3 import blake3

from studio.api import StreamType
from studio.cache.actions import Action, ActionTable, BlobRow, explain_disk_error
from studio.cache.blobs import BlobFolder
from studio.cache.codec import Codecs
from studio.cache.digest import hash_file
from studio.cache.locks import FingerprintLocks
from studio.errors import CacheError

INLINE_BYTES = 16 * 1024  # smaller blobs live in the table: a file and an fsync each would cost more than they hold
_PENDING_BYTES = 256 * 2**20  # what may wait to be written before `record` waits itself
MISSING = object()
"""What `load` returns for a value that is not there or is damaged."""


@dataclass
class _Write:
    action: Action
    values: Mapping[str, Any]
    done: Callable[[], None]
    size: int


class DiskTier:
    """One cache folder."""

    def __init__(self, folder: Path, limit_bytes: int, codecs: Codecs, digest: Callable[[Any], str]) -> None:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self.blobs = BlobFolder(folder)
            self.locks = FingerprintLocks(folder / "locks")
        except OSError as error:
            raise explain_disk_error(error, folder) from error
        self.folder = folder
        self.limit_bytes = limit_bytes
        self.table = ActionTable(folder / "index.sqlite")
        self._errors: dict[str, CacheError] = {}
        self._codecs = codecs
        self._digest = digest
        self._pending: dict[str, _Write] = {}
        self._unwritten: dict[str, Any] = {}
        self._writes = 0
        self._used: dict[str, float] = {}
        self._guard = threading.Lock()
        self._room = threading.Condition()
        self._waiting_bytes = 0
        self._size = self.table.measure()[2]
        self._commits: queue.SimpleQueue[tuple[_Write, list[BlobRow]] | Future[None] | None] = queue.SimpleQueue()
        self._writers = ThreadPoolExecutor(2, thread_name_prefix="studio-cache-write")
        self._committer = threading.Thread(target=self._commit_all, name="studio-cache-commit", daemon=True)
        self._committer.start()
        with contextlib.suppress(OSError):
            self.blobs.remove_leftovers()

    # -- reading ---------------------------------------------------------------------------------------

    def find(self, fingerprint: str) -> Action | None:
        """Return the action with this fingerprint, or None."""
        write = self._pending.get(fingerprint)
        if write is not None:
            return write.action
        try:
            return self.table.find(fingerprint)
        except CacheError as error:  # what cannot be read is made again
            self._report(error)
            return None

    def has(self, digest: str) -> bool:
        """Say whether a blob is there, or will be soon."""
        return digest in self._unwritten or self._find_row(digest) is not None

    def load(self, digest: str) -> Any:
        """Return a value by its digest, or MISSING. A damaged blob is dropped and counts as missing."""
        value = self._unwritten.get(digest, MISSING)
        row = self._find_row(digest) if value is MISSING else None
        if row is None:
            return value
        try:
            value = self._read(row)
        except Exception:  # whatever a decoder raises, the blob is no use
            value = MISSING
        if value is MISSING:
            self._drop([row])
        else:
            self._touch(digest)
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

    def _touch(self, digest: str) -> None:
        with self._guard:
            self._used[digest] = time.time()

    def _take_used(self) -> dict[str, float]:
        with self._guard:
            used, self._used = self._used, {}
        return used

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
        """Write an action and its values soon; `done` is called when both are there, or could not be written.

        Args:
            action: What to write.
            values: The values of its outputs, by digest.
            size: Their memory in bytes; many bytes that wait make the caller wait.
            done: Called from another thread.
        """
        with self._room:
            while self._waiting_bytes > _PENDING_BYTES:
                self._room.wait(1.0)
            self._waiting_bytes += size
            self._writes += 1
        write = _Write(action, values, done, size)
        with self._guard:
            self._unwritten.update(values)
            self._pending[action.fingerprint] = write
        if size <= INLINE_BYTES and not any(self._codecs.find_stream(value) for value in values.values()):
            self._write_values(write)  # nothing but rows: no need for another thread
        else:
            self._writers.submit(self._write_values, write)

    def _write_values(self, write: _Write) -> None:
        rows: list[BlobRow] = []
        try:
            for digest, value in write.values.items():
                self._write_value(digest, value, rows)
        except (OSError, CacheError) as error:
            self._fail(write, rows, error)
        except Exception as error:  # a codec of a plugin may raise anything; the result stays in memory
            told = CacheError("E405", f"a result of {write.action.node_type} cannot be stored: {error}")
            self._fail(write, rows, told)
        else:
            self._commits.put((write, rows))

    def _write_value(self, digest: str, value: Any, rows: list[BlobRow]) -> None:
        if self.table.find_blob(digest) is not None:
            self._touch(digest)
            return
        stream = self._codecs.find_stream(value)
        if stream is not None:
            if stream.find_origin(value) is None:  # else it is read again from the user's own file
                rows.append(self._write_stream(digest, value, stream))
            return
        encoded = self._codecs.encode(value, self._digest)
        if encoded is None:
            raise CacheError("E405", f"a {type(value).__name__} has no codec")
        for entry in encoded.entries:
            self._write_value(self._digest(entry), entry, rows)
        data = encoded.data
        if len(data) <= INLINE_BYTES:
            rows.append(BlobRow(digest, encoded.codec, encoded.extension, len(data), blake3(data).hexdigest(), data))
        else:
            checksum = self.blobs.write(digest, encoded.extension, data)
            rows.append(BlobRow(digest, encoded.codec, encoded.extension, len(data), checksum))

    def adopt(self, row: BlobRow, data: bytes, path: Path | None = None) -> None:
        """Take in a blob that came from elsewhere: its bytes, or a temporary file in this folder that holds them."""
        try:
            if path is not None:
                self.blobs.adopt(path, row.digest, row.extension)
            elif len(data) <= INLINE_BYTES:
                row = replace(row, data=data)
            else:
                self.blobs.write(row.digest, row.extension, data)
            self.table.write(blobs=[row])
            self._size += row.size
        except (OSError, CacheError) as error:
            self._report(error if isinstance(error, CacheError) else explain_disk_error(error, self.folder))

    def keep_action(self, action: Action) -> None:
        """Take in an action that came from elsewhere."""
        try:
            self.table.write(actions=[action])
        except CacheError as error:
            self._report(error)

    def _write_stream(self, digest: str, value: Any, stream: StreamType[Any]) -> BlobRow:
        source = stream.find_source(value)
        if source is None:
            raise CacheError("E405", f"a {stream.name} that is not settled cannot be stored")
        extension = stream.stored_extension
        self.blobs.adopt(source, digest, extension)
        return BlobRow(digest, f"stream:{stream.name}", extension, source.stat().st_size, hash_file(source).hex())

    def _fail(self, write: _Write, rows: Iterable[BlobRow], error: Exception) -> None:
        self._report(error if isinstance(error, CacheError) else explain_disk_error(error, self.folder))
        self._remove_unknown(rows)
        self._finish(write)

    def _remove_unknown(self, rows: Iterable[BlobRow]) -> None:
        """Remove the files of blobs whose rows were not written: on a full disk they would only fill it."""
        with contextlib.suppress(CacheError, OSError):
            for row in rows:
                if row.data is None and self.table.find_blob(row.digest) is None:
                    self.blobs.remove(row.digest, row.extension)

    def _finish(self, write: _Write) -> None:
        with self._guard:
            if self._pending.get(write.action.fingerprint) is write:
                del self._pending[write.action.fingerprint]
            for digest in write.values:
                self._unwritten.pop(digest, None)
        write.done()
        with self._room:
            self._waiting_bytes -= write.size
            self._writes -= 1
            self._room.notify_all()

    def _commit_all(self) -> None:
        while True:
            jobs = [self._commits.get()]
            with contextlib.suppress(queue.Empty):
                while len(jobs) < 2000:
                    jobs.append(self._commits.get_nowait())
            self._commit([job for job in jobs if isinstance(job, tuple)])
            for job in jobs:
                if isinstance(job, Future):
                    job.set_result(None)
            if None in jobs:
                return

    def _commit(self, jobs: list[tuple[_Write, list[BlobRow]]]) -> None:
        used = self._take_used()
        if not jobs and not used:
            return
        rows = [row for _, blobs in jobs for row in blobs]
        try:
            self.table.write(actions=[write.action for write, _ in jobs], blobs=rows, used=used)
            self._size += sum(row.size for row in rows)
        except Exception as error:  # this thread must live: everybody waits for it
            self._report(error if isinstance(error, CacheError) else explain_disk_error(error, self.folder))
            self._remove_unknown(rows)
        for write, _ in jobs:
            self._finish(write)
        if self._size > self.limit_bytes:
            try:
                self._prune(int(self.limit_bytes * 0.9))
            except CacheError as error:
                self._report(error)

    def remember_file(self, path: str, size: int, mtime_ns: int, inode: int, digest: str) -> None:
        """Keep the digest of a file; losing it costs only the time to take it again."""
        with contextlib.suppress(CacheError):
            self.table.write(files=[(path, size, mtime_ns, inode, digest)])

    # -- housekeeping ----------------------------------------------------------------------------------

    def flush(self) -> None:
        """Wait until everything recorded so far is written."""
        if not self._committer.is_alive():
            return  # closed
        with self._room:
            while self._writes:
                self._room.wait(0.5)
        waiter: Future[None] = Future()
        self._commits.put(waiter)
        waiter.result()

    def prune(self, limit_bytes: int) -> tuple[int, int]:
        """Evict the least recently used blobs until `limit_bytes` hold the rest; return (blobs, bytes) evicted."""
        self.flush()
        return self._prune(limit_bytes)

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

    def remove_orphans(self, older_than_seconds: float = 600.0) -> int:
        """Remove blob files that no row knows and leftovers of killed processes; return how many."""
        removed = self.blobs.remove_leftovers()
        for path in list(self.blobs.iterate()):
            with contextlib.suppress(OSError):
                young = time.time() - path.stat().st_mtime < older_than_seconds
                if not young and self.table.find_blob(path.stem) is None:
                    path.unlink()
                    removed += 1
        return removed

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
        """Write what waits, then let go of the folder; a second time nothing happens."""
        if not self._committer.is_alive():
            return
        self.flush()
        self._commits.put(None)
        self._committer.join()
        self._writers.shutdown()
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
