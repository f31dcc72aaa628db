"""Writes results to a cache folder behind the run's back: encoded in threads, committed many at a time."""

from __future__ import annotations

import contextlib
import queue
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from blake3 import blake3

from studio.api import StreamType
from studio.cache.actions import Action, ActionTable, BlobRow
from studio.cache.blobs import BlobFolder
from studio.cache.codec import Codecs, dump_json, is_scalar
from studio.cache.digest import hash_file
from studio.disk_error import explain_disk_error
from studio.errors import CacheError, find_text

INLINE_BYTES = 16 * 1024  # smaller blobs live in the table: a file and an fsync each would cost more than they hold
_PENDING_BYTES = 256 * 2**20  # results of more bytes may not wait at once
_MOST_COMMITS = 2000
_GATHER_SECONDS = 0.05  # between two transactions: each costs as much as a dozen rows, and a switch of threads
_WRITERS = 2


@dataclass
class _Write:
    action: Action
    values: Mapping[str, Any]
    done: Callable[[], None]
    size: int


_Commit = tuple[_Write, list[BlobRow]]


class WriteBehind:
    """Results on their way to a cache folder; they can be found from the moment that they are recorded.

    Args:
        folder: The cache folder.
        table: Its action table.
        blobs: Its blobs.
        codecs: Codecs of the values.
        digest: Function from a value to its digest.
        on_error: Called with what goes wrong, from any thread; the run goes on.
        on_commit: Called with the bytes of the blobs that were committed, from the thread that commits.
    """

    def __init__(
        self,
        folder: Path,
        table: ActionTable,
        blobs: BlobFolder,
        codecs: Codecs,
        digest: Callable[[Any], str],
        *,
        on_error: Callable[[CacheError], None],
        on_commit: Callable[[int], None],
    ) -> None:
        self._folder = folder
        self._table = table
        self._blobs = blobs
        self._codecs = codecs
        self._digest = digest
        self._on_error = on_error
        self._on_commit = on_commit
        self._pending: dict[str, _Write] = {}
        self._unwritten: dict[str, Any] = {}
        self._used: dict[str, float] = {}
        self._guard = threading.Lock()
        self._writes = 0
        self._flushing = 0
        self._waiting_bytes = 0
        self._room = threading.Condition()
        self._commits: queue.SimpleQueue[_Commit | Future[None] | None] = queue.SimpleQueue()
        self._hurry = threading.Event()
        self._writers = ThreadPoolExecutor(_WRITERS, thread_name_prefix="studio-cache-write")
        self._committer = threading.Thread(target=self._commit_all, name="studio-cache-commit", daemon=True)
        self._committer.start()

    @property
    def is_open(self) -> bool:
        """Whether `close` was not called yet."""
        return self._committer.is_alive()

    def find(self, fingerprint: str) -> Action | None:
        """Return an action that is not written yet, or None."""
        write = self._pending.get(fingerprint)
        return write.action if write is not None else None

    def get(self, digest: str, default: Any = None) -> Any:
        """Return a value that is not written yet, or the default."""
        return self._unwritten.get(digest, default)

    def record(self, action: Action, values: Mapping[str, Any], size: int, done: Callable[[], None]) -> None:
        """Write an action and its values soon.

        Args:
            action: What to write.
            values: The values of its outputs, by digest.
            size: Their memory in bytes; many bytes that wait make the caller wait.
            done: Called from any thread when both are written, or cannot be.
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

    def touch(self, digest: str) -> None:
        """Note that a blob is used now."""
        with self._guard:
            self._used[digest] = time.time()

    def flush(self) -> None:
        """Wait until everything recorded so far is written."""
        if not self.is_open:
            return
        waiter: Future[None] = Future()
        with self._room:
            self._flushing += 1
            self._hurry.set()
            while self._writes:
                self._room.wait(0.5)
            self._commits.put(waiter)
            self._flushing -= 1
        waiter.result()

    def close(self) -> None:
        """Write everything and end the threads."""
        self.flush()
        self._commits.put(None)
        self._hurry.set()
        self._committer.join()
        self._writers.shutdown()

    # -- values to blobs -------------------------------------------------------------------------------

    def _write_values(self, write: _Write) -> None:
        rows: list[BlobRow] = []
        try:
            for digest, value in write.values.items():
                self._write_value(digest, value, rows)
        except (OSError, CacheError) as error:
            self._fail(write, rows, error)
        except (Exception, SystemExit) as error:  # a codec of a plugin may raise anything; the result stays in memory
            message = f"a result of {write.action.node_type} cannot be stored: {find_text(error)}"
            self._fail(write, rows, CacheError("E405", message))
        else:
            self._commits.put((write, rows))

    def _write_value(self, digest: str, value: Any, rows: list[BlobRow]) -> None:
        if is_scalar(value):  # its row costs less than to see whether there is one
            rows.append(self._write_bytes(digest, "json", "json", dump_json(value)))
            return
        if self._table.find_blob(digest) is not None:
            self.touch(digest)
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
        rows.append(self._write_bytes(digest, encoded.codec, encoded.extension, encoded.data))

    def _write_bytes(self, digest: str, codec: str, extension: str, data: bytes) -> BlobRow:
        if len(data) <= INLINE_BYTES:
            return BlobRow(digest, codec, extension, len(data), blake3(data).hexdigest(), data)
        return BlobRow(digest, codec, extension, len(data), self._blobs.write(digest, extension, data))

    def _write_stream(self, digest: str, value: Any, stream: StreamType[Any]) -> BlobRow:
        source = stream.find_source(value)
        if source is None:
            raise CacheError("E405", f"a {stream.name} that is not settled cannot be stored")
        extension = stream.stored_extension
        self._blobs.adopt(source, digest, extension)
        return BlobRow(digest, f"stream:{stream.name}", extension, source.stat().st_size, hash_file(source).hex())

    def _fail(self, write: _Write, rows: Iterable[BlobRow], error: Exception) -> None:
        self._report(error)
        self._remove_unknown(rows)
        self._finish([write])

    def _report(self, error: Exception) -> None:
        self._on_error(error if isinstance(error, CacheError) else explain_disk_error(error, self._folder))

    def _remove_unknown(self, rows: Iterable[BlobRow]) -> None:
        """Remove the files of blobs whose rows were not written: on a full disk they would only fill it."""
        with contextlib.suppress(CacheError, OSError):
            for row in rows:
                if row.data is None and self._table.find_blob(row.digest) is None:
                    self._blobs.remove(row.digest, row.extension)

    def _finish(self, writes: Sequence[_Write]) -> None:
        with self._guard:
            for write in writes:
                if self._pending.get(write.action.fingerprint) is write:
                    del self._pending[write.action.fingerprint]
                for digest in write.values:
                    self._unwritten.pop(digest, None)
        for write in writes:
            write.done()
        with self._room:
            self._waiting_bytes -= sum(write.size for write in writes)
            self._writes -= len(writes)
            self._room.notify_all()

    # -- rows to the table -----------------------------------------------------------------------------

    def _commit_all(self) -> None:
        while True:
            jobs = [self._commits.get()]
            with contextlib.suppress(queue.Empty):
                while len(jobs) < _MOST_COMMITS:
                    jobs.append(self._commits.get_nowait())
            self._commit([job for job in jobs if isinstance(job, tuple)])
            for job in jobs:
                if isinstance(job, Future):
                    job.set_result(None)
            if None in jobs:
                return
            if not self._flushing:
                self._hurry.wait(_GATHER_SECONDS)
                self._hurry.clear()

    def _commit(self, commits: Sequence[_Commit]) -> None:
        used = self._take_used()
        if not commits and not used:
            return
        rows = [row for _, blobs in commits for row in blobs]
        size = self._write_rows([write.action for write, _ in commits], rows, used)
        self._finish([write for write, _ in commits])
        try:
            self._on_commit(size)
        except Exception as error:  # this thread must live: everybody waits for it
            self._report(error)

    def _write_rows(self, actions: Sequence[Action], rows: Sequence[BlobRow], used: Mapping[str, float]) -> int:
        """Write rows; return the bytes of the blobs that were added."""
        try:
            self._table.write(actions=actions, blobs=rows, used=used)
        except Exception as error:  # this thread must live: everybody waits for it
            self._report(error)
            self._remove_unknown(rows)
            return 0
        return sum(row.size for row in rows)

    def _take_used(self) -> dict[str, float]:
        with self._guard:
            used, self._used = self._used, {}
        return used
