"""`Cache`: memory, disk and shared storage as one, and single flight: one computation per fingerprint at a time."""

from __future__ import annotations

import contextlib
import errno
import stat
import tempfile
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from studio.api import File, ValueType
from studio.cache.actions import Action, BlobRow
from studio.cache.blobs import BlobFolder
from studio.cache.codec import Codecs
from studio.cache.digest import Digester, Undigestable, digest_list, hash_file
from studio.cache.disk import MISSING, DiskTier, keep_file
from studio.cache.memo_type import MemoType
from studio.cache.memory import MemoryTier
from studio.errors import CacheError, StudioError
from studio.surrogates import escape_surrogates
from studio.value_callback import call_value_type

if TYPE_CHECKING:
    from studio.cache.run_record import RunRecord
    from studio.cache.shared import FetchedBlob, SharedTier

_FEW_PAGES_BYTES = 512 * 1024
_ACTIONS_IN_MEMORY = 200_000


class Cache:
    """Remembers results: actions by fingerprint, values by digest.

    Args:
        value_types: Codecs of the values.
        memory_bytes: Budget of the in-memory tier.
        folder: The tier on disk, or None for memory only.
        limit_bytes: Limit of the tier on disk.
        shared_url: A storage that other machines use too, behind the tier on disk; None for none.
        beside: Returns the bytes that other things in the folder take, which count for its limit.
    """

    def __init__(
        self,
        value_types: Iterable[ValueType[Any]],
        *,
        memory_bytes: int,
        folder: Path | None = None,
        limit_bytes: int = 20 * 2**30,
        shared_url: str | None = None,
        beside: Callable[[], int] = lambda: 0,
    ) -> None:
        value_types = [*value_types, MemoType()]
        self._digester = Digester(value_types)
        self.digest = self._digester.digest
        self.codecs = Codecs(value_types)
        self.memory = MemoryTier(memory_bytes)
        self.disk = DiskTier(folder, limit_bytes, self.codecs, self.digest, beside) if folder is not None else None
        self.shared: SharedTier | None = None
        if self.disk is not None and shared_url:
            from studio.cache.shared import SharedTier

            self.shared = SharedTier(shared_url, self.codecs, self.digest)
        self._actions: OrderedDict[str, Action] = OrderedDict()
        self._most_actions = _ACTIONS_IN_MEMORY
        self._flights: dict[str, list[Callable[[], None]]] = {}
        self._guard = threading.Lock()
        self._spool: tempfile.TemporaryDirectory[str] | None = None

    def limit_entries(self, count: int) -> None:
        """Keep no more than so many actions and values in memory, if a tier on disk has them too."""
        if self.disk is not None:
            self._most_actions = count
            self.memory.most_entries = count
            self.disk.table.limit_pages(_FEW_PAGES_BYTES)

    # -- looking up ------------------------------------------------------------------------------------

    def find(
        self, fingerprint: str, *, local: bool = False, fetch_runs: Callable[[], None] | None = None
    ) -> Action | None:
        """Return the action with this fingerprint, or None.

        Args:
            fingerprint: Names it.
            local: Look on this machine only.
            fetch_runs: Called before the shared storage is asked: it may bring many actions here at once.
        """
        action = self._find_here(fingerprint)
        if action is None and self.disk is not None and self.shared is not None and not local:
            if fetch_runs is not None:
                fetch_runs()
                action = self._actions.get(fingerprint)
            if action is None:
                action = self.shared.find(fingerprint)
                if action is not None:
                    self._import_actions(self.disk, [action])
        return action

    def knows(self, fingerprint: str) -> bool:
        """Return whether an action was found or recorded by this process."""
        return fingerprint in self._actions

    def _find_here(self, fingerprint: str) -> Action | None:
        action = self._actions.get(fingerprint)
        if action is None and self.disk is not None:
            action = self.disk.find(fingerprint)
            if action is not None:
                self._remember(action)
        return action

    def _import_actions(self, disk: DiskTier, actions: Sequence[Action]) -> None:
        disk.keep_actions(actions)
        for action in actions:
            self._remember(action)

    def fetch_runs(self, names: Sequence[str]) -> dict[str, RunRecord]:
        """Bring what earlier runs of these names looked for from the shared storage, all at once.

        Returns:
            Their records, by name; empty without a shared storage.
        """
        if self.disk is None or self.shared is None:
            return {}
        shared, disk = self.shared, self.disk
        found = zip(names, shared.read_together(shared.find_run, names), strict=True)
        records = {name: record for name, record in found if record is not None}
        fingerprints = dict.fromkeys(f for record in records.values() for f in record.fingerprints)
        digests = dict.fromkeys(digest for record in records.values() for digest in record.outputs)
        wanted = [fingerprint for fingerprint in fingerprints if self._find_here(fingerprint) is None]
        missing = self.find_new(digests)
        actions: list[Action] = []

        def fetch(name: str) -> None:
            if name in fingerprints and (action := shared.find(name)) is not None:
                actions.append(action)
            if name in digests:
                self._fetch(shared, disk, name, whole=False)

        shared.read_together(fetch, dict.fromkeys([*wanted, *missing]))
        self._import_actions(disk, actions)
        entries = [entry for digest in missing for entry in disk.find_entries(digest) or ()]
        shared.read_together(lambda entry: self._fetch(shared, disk, entry), dict.fromkeys(self.find_new(entries)))
        return records

    def find_mean_seconds(self, node_type: str) -> float | None:
        """Return how long calls of a node type usually took in the mean; None if the tier on disk has none."""
        if self.disk is None:
            return None
        with contextlib.suppress(CacheError):
            return self.disk.table.find_mean_seconds(node_type)
        return None

    def load(self, digest: str) -> Any:
        """Return a value by its digest, or MISSING."""
        value = self.memory.get(digest, MISSING)
        if value is MISSING and self.disk is not None:
            value = self.disk.load(digest)
            if value is MISSING and self.shared is not None:
                value = self._fetch(self.shared, self.disk, digest)
            if value is not MISSING:
                with contextlib.suppress(StudioError):  # a value of unknown size is not held
                    self.memory.put(digest, value, self.codecs.measure(value))
        return value

    def find_entries(self, digest: str) -> list[str] | None:
        """Return the digests of the entries of a stored list of media, or None."""
        if self.disk is None:
            return None
        found = self.disk.find_entries(digest)
        if found is None and self.shared is not None and not self.disk.has(digest):
            self._fetch(self.shared, self.disk, digest, whole=False)
            found = self.disk.find_entries(digest)
        return found

    def _fetch(self, shared: SharedTier, disk: DiskTier, digest: str, *, whole: bool = True) -> Any:
        """Bring a blob to the tier on disk and return its value, or MISSING.

        Nothing is trusted: the value must have the digest that names it. Of a list of media, its entries are
        fetched too if it is wanted whole.
        """
        blob = shared.fetch(digest, disk.blobs.create_temporary)
        if blob is None:
            return MISSING
        row = BlobRow(digest, blob.codec, blob.extension, blob.size, blob.checksum)
        try:
            value = self._decode(blob)
            sound = (digest_list(value) if blob.codec == "list" else self.digest(value)) == digest
        except Exception:  # whatever a decoder raises, the blob is unusable
            sound = False
        if not sound:
            shared.drop(digest)
            return MISSING
        disk.adopt(row, blob.data, blob.path)
        if blob.codec != "list":
            return value
        entries = [self.load(entry) for entry in value] if whole else []
        return MISSING if any(entry is MISSING for entry in entries) else entries

    def _decode(self, blob: FetchedBlob) -> Any:
        """Return the value of a blob; of a list of media, the digests of its entries."""
        if blob.path is None:
            return self.codecs.decode("json" if blob.codec == "list" else blob.codec, blob.data)
        try:
            return keep_file(self.codecs.open_stream(blob.codec, blob.path), blob.path)
        except BaseException:
            blob.path.unlink(missing_ok=True)
            raise

    # -- keeping ---------------------------------------------------------------------------------------

    def record(self, action: Action, values: Mapping[str, Any], *, claimed: bool = False, local: bool = False) -> None:
        """Keep an action and its values.

        Args:
            action: What to keep.
            values: The values of its outputs, by digest.
            claimed: Whether the caller claimed the fingerprint; then it is released.
            local: Whether it is of no use to other machines, such as a part of something that is not whole yet.

        Raises:
            StudioError: E315 if the value type of a plugin fails; then nothing is kept, and a claim is released.
        """
        try:
            sizes = {digest: self.codecs.measure(value) for digest, value in values.items()}
        except StudioError:
            if claimed:
                self.release(action.fingerprint)
            raise
        size = sum(sizes.values())
        for digest, value in values.items():
            self.memory.put(digest, value, sizes[digest])
        if self.disk is not None:
            locks = self.disk.locks
            self.disk.record(action, values, size, lambda: locks.unlock(action.fingerprint) if claimed else None)
        if self.shared is not None and not local:
            self.shared.record(action, values, size)
        self._remember(action)  # last, so that its values can be found by then
        if claimed:
            self._land(action.fingerprint)

    def store_streams(self, value: Any) -> Any:
        """Return the value in a form that has a digest: a stream is written to a file and read from there.

        Streams in lists are stored one by one; other values come back as they are.
        """
        if isinstance(value, list) and any(self.codecs.find_stream(entry) for entry in value):
            return [self.store_streams(entry) for entry in value]
        stream = self.codecs.find_stream(value)
        if stream is None or stream.find_source(value) is not None or stream.find_origin(value) is not None:
            return value
        blobs = self.disk.blobs if self.disk is not None else self._open_spool()
        # Studio's own codecs raise only what the frames or blocks raise: that is an error of the node that makes them
        is_own = type(stream).__module__.startswith("studio.api.")
        passes = (Exception,) if is_own else (StudioError, OSError)
        path, _ = blobs.write_stream(
            lambda target: call_value_type(stream, "encode", value, target, passes=passes),
            stream.stored_extension,
        )
        return keep_file(stream.decode(path), path)

    def digest_file(self, path: Path) -> File:
        """Return a reference to a file with its digest, which is taken again only if the file changed."""
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise OSError(errno.EINVAL, "not a regular file", str(path))
        key = (escape_surrogates(str(path), "\0"), status.st_size, status.st_mtime_ns, status.st_ino)
        digest = self.disk.table.find_file(*key) if self.disk is not None else None
        if digest is None:
            digest = hash_file(path).hex()
            settled = time.time_ns() - status.st_mtime_ns > 2 * 10**9  # a file still being written is not remembered
            if self.disk is not None and settled:
                self.disk.remember_file(*key, digest)
        return File(path, digest, status.st_size)

    # -- single flight ---------------------------------------------------------------------------------

    def claim(self, fingerprint: str, on_landing: Callable[[], None]) -> bool:
        """Claim a fingerprint for the caller, who computes it, in this process until `record` or `release`.

        Returns False if another caller has it; then `on_landing` is called when that one is done.
        """
        with self._guard:
            waiting = self._flights.get(fingerprint)
            if waiting is None:
                self._flights[fingerprint] = []
                return True
            waiting.append(on_landing)
            return False

    def try_lock(self, fingerprint: str) -> bool:
        """Lock a claimed fingerprint among all processes; False if another process has it."""
        return self.disk is None or self.disk.locks.try_lock(fingerprint)

    def release(self, fingerprint: str) -> None:
        """Release a fingerprint without a result."""
        if self.disk is not None:
            self.disk.locks.unlock(fingerprint)
        self._land(fingerprint)

    def _land(self, fingerprint: str) -> None:
        with self._guard:
            waiting = self._flights.pop(fingerprint, [])
        for on_landing in waiting:
            on_landing()

    # -- housekeeping ----------------------------------------------------------------------------------

    def find_new(self, digests: Iterable[str]) -> list[str]:
        """Return those of these digests whose blobs are not on disk."""
        return [digest for digest in digests if self.disk is not None and not self.disk.has(digest)]

    def discard(self, fingerprints: Iterable[str], digests: Iterable[str]) -> None:
        """Drop actions and blobs: parts of something that is kept as a whole by now."""
        fingerprints, digests = list(fingerprints), list(digests)
        for fingerprint in fingerprints:
            self._actions.pop(fingerprint, None)
        for digest in digests:
            self.memory.drop(digest)
        if self.disk is not None:
            self.disk.discard(fingerprints, digests)

    def take_errors(self) -> list[CacheError]:
        """Return what went wrong while writing to disk since the last call: the first error of each code."""
        tiers = [tier for tier in (self.disk, self.shared) if tier is not None]
        return [error for tier in tiers for error in tier.take_errors()]

    def flush(self) -> None:
        """Wait until everything recorded so far is on disk and where it is shared."""
        for tier in (self.disk, self.shared):
            if tier is not None:
                tier.flush()

    def close(self) -> None:
        """Write what waits and release the folder."""
        self.memory.clear()
        if self.shared is not None:
            self.shared.close()
        if self.disk is not None:
            self.disk.close()
        if self._spool is not None:
            self._spool.cleanup()

    def _remember(self, action: Action) -> None:
        with self._guard:
            self._actions[action.fingerprint] = action
            while len(self._actions) > self._most_actions:
                self._actions.popitem(last=False)

    def _open_spool(self) -> BlobFolder:
        with self._guard:
            if self._spool is None:
                self._spool = tempfile.TemporaryDirectory(prefix="studio-spool-")
        return BlobFolder(Path(self._spool.name))


__all__ = ["MISSING", "Action", "Cache", "Undigestable"]
