"""The shared tier: the same actions and blobs in a folder or an object store that many machines see, through fsspec.

    actions/ab/<fingerprint>     JSON: what `Action` holds
    blobs/ab/<digest>            a line of JSON (codec, extension, size, checksum), then the bytes
    files/ab/<digest>.<ext>      the bytes of a stream; the line in blobs/ says that they are here
    runs/ab/<name>               JSON: what `RunRecord` holds

Everything is named by content or by fingerprint, so that the first writer may win. Nothing read from here is trusted:
bytes are compared with their checksum, and a value with the digest that names it.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import secrets
import shutil
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from blake3 import blake3

from studio.cache.actions import Action, shorten_notes
from studio.cache.codec import Codecs, dump_json
from studio.cache.digest import hash_file
from studio.cache.run_record import RunRecord, parse_run_record
from studio.cache.storage_url import open_storage, split_mode
from studio.errors import CacheError, describe_exception
from studio.files import replace_file
from studio.redaction import hide_credentials

if TYPE_CHECKING:
    from concurrent.futures import Future

T = TypeVar("T")

FORMAT = 1
_PENDING_BYTES = 256 * 2**20  # results of more bytes may not wait at once
_PATIENCE_SECONDS = 60.0  # how long a storage that failed is left alone
_HEADER_BYTES = 4096
_UPLOADS = 4
_DOWNLOADS = 32  # at once: they wait for the storage, not for each other
_DIGEST = re.compile("[0-9a-f]{64}")
_WORD = re.compile(r"[a-z0-9_]{1,32}(:[a-z0-9_]{1,64})?")


@dataclass(frozen=True)
class FetchedBlob:
    """A blob as it came from the shared tier: its bytes, or, of a stream, the file that it was copied to."""

    codec: str
    extension: str
    size: int
    checksum: str
    data: bytes = b""
    path: Path | None = None


class SharedTier:
    """One prefix in a storage. Every method may be called from any thread; none raises because of the storage.

    Args:
        url: "s3://bucket/prefix", "file:///mnt/cache", a path, or any other URL that fsspec knows. If it ends in
            "?mode=read", nothing is written or removed there.
        codecs: Codecs of the values.
        digest: Function from a value to its digest.

    Raises:
        UsageError: E001 if no installed library knows such URLs, or the mode is unknown.
    """

    def __init__(self, url: str, codecs: Codecs, digest: Callable[[Any], str]) -> None:
        self.url = url
        address, self.is_read_only = split_mode(url)
        self._fs, self._root = open_storage(address)
        self._local = "file" in (self._fs.protocol if isinstance(self._fs.protocol, tuple) else (self._fs.protocol,))
        self._codecs = codecs
        self._digest = digest
        self._exclusive = True
        self._errors: deque[CacheError] = deque(maxlen=16)
        self._rest = {"read": 0.0, "write": 0.0}
        self._known: set[str] = set()
        self._uploads: set[Future[None]] = set()
        self._waiting_bytes = 0
        self._room = threading.Condition()
        self._writers = ThreadPoolExecutor(_UPLOADS, thread_name_prefix="studio-cache-share")
        self._readers = ThreadPoolExecutor(_DOWNLOADS, thread_name_prefix="studio-cache-fetch")
        if self.is_read_only and self._local and not os.path.isdir(self._root):
            self._fail("read", FileNotFoundError(f"the folder {self._root!r} does not exist"))

    # -- reading ---------------------------------------------------------------------------------------

    def find(self, fingerprint: str) -> Action | None:
        """Return the action with this fingerprint, or None."""
        data = self._read(self._name("actions", fingerprint))
        return _parse_action(data, fingerprint) if data is not None else None

    def find_run(self, name: str) -> RunRecord | None:
        """Return the record of a run, or None."""
        data = self._read(self._name("runs", name))
        return parse_run_record(data) if data is not None else None

    def read_together(self, read: Callable[[str], T], names: Iterable[str]) -> list[T]:
        """Call a function of this tier, or one that calls it, for many names at once; return what it returned."""
        return list(self._readers.map(read, names))

    def fetch(self, digest: str, create_temporary: Callable[[str], Path]) -> FetchedBlob | None:
        """Return a blob whose bytes are sound, or None; a damaged one is removed, so that it is made again.

        Args:
            digest: Names it.
            create_temporary: Returns a file name for the bytes of a stream, by extension; the caller owns the file.
        """
        data = self._read(self._name("blobs", digest))
        if data is None:
            return None
        found = _parse_blob(data)
        if found is not None and found.codec.startswith("stream:"):
            found = self._fetch_file(digest, found, create_temporary)
        elif found is not None and blake3(found.data).hexdigest() != found.checksum:
            found = None
        if found is None:
            self.drop(digest)
        return found

    def _fetch_file(
        self, digest: str, blob: FetchedBlob, create_temporary: Callable[[str], Path]
    ) -> FetchedBlob | None:
        target = create_temporary(blob.extension)
        try:
            self._fs.get_file(self._name("files", digest, blob.extension), str(target))
            if target.stat().st_size == blob.size and hash_file(target).hex() == blob.checksum:
                return FetchedBlob(blob.codec, blob.extension, blob.size, blob.checksum, path=target)
        except FileNotFoundError:
            pass
        except Exception as error:  # fsspec hands on whatever the storage's library raises
            self._fail("read", error)
        target.unlink(missing_ok=True)
        return None

    def _read(self, name: str) -> bytes | None:
        if time.monotonic() < self._rest["read"]:
            return None
        try:
            data: bytes = self._fs.cat_file(name)
        except FileNotFoundError:
            return None
        except Exception as error:  # fsspec hands on whatever the storage's library raises
            self._fail("read", error)
            return None
        return data

    # -- writing ---------------------------------------------------------------------------------------

    def record(self, action: Action, values: Mapping[str, Any], size: int) -> None:
        """Write an action and its values soon, the values first; many bytes that wait make the caller wait."""
        if not self._may_write():
            return
        with self._room:
            while self._waiting_bytes > _PENDING_BYTES:
                self._room.wait(1.0)
            self._waiting_bytes += size
            self._uploads = {upload for upload in self._uploads if not upload.done()}
            self._uploads.add(self._writers.submit(self._write, action, dict(values), size))

    def keep_run(self, name: str, record: RunRecord) -> None:
        """Write the record of a run soon, in the place of an earlier one."""
        if self._may_write():
            with self._room:
                self._uploads.add(self._writers.submit(self._write_run, name, record))

    def _write_run(self, name: str, record: RunRecord) -> None:
        try:
            if self._may_write():
                self._put(self._name("runs", name), record.dump(), replace=True)
        except Exception as error:  # fsspec hands on whatever the storage's library raises
            self._fail("write", error)

    def _may_write(self) -> bool:
        return not self.is_read_only and time.monotonic() >= self._rest["write"]

    def flush(self) -> None:
        """Wait until everything recorded so far is there, or could not be written."""
        with self._room:
            uploads = set(self._uploads)
        wait(uploads)

    def close(self) -> None:
        """Write what waits."""
        self._writers.shutdown()
        self._readers.shutdown()

    def drop(self, digest: str) -> None:
        """Remove an unusable blob; a missing one is no error."""
        self._known.discard(digest)
        if self.is_read_only:
            return
        with contextlib.suppress(Exception):  # it is only in the way
            self._fs.rm_file(self._name("blobs", digest))

    def take_errors(self) -> list[CacheError]:
        """Return what went wrong since the last call, each kind once."""
        errors = {error.message: error for error in self._errors}
        self._errors.clear()
        return list(errors.values())

    def _write(self, action: Action, values: Mapping[str, Any], size: int) -> None:
        try:
            if self._may_write() and all(self._write_value(d, v) for d, v in values.items()):
                self._write_action(action)
        except (Exception, SystemExit) as error:  # whatever a plugin's codec or the storage's library raises
            self._fail("write", error)
        finally:
            with self._room:
                self._waiting_bytes -= size
                self._room.notify_all()

    def _write_value(self, digest: str, value: Any) -> bool:
        """Write a value unless it is there; False if it cannot be stored, so that its action is no use to others."""
        name = self._name("blobs", digest)
        if digest in self._known or self._fs.exists(name):
            self._known.add(digest)
            return True
        stream = self._codecs.find_stream(value)
        if stream is not None:
            source = stream.find_source(value)
            if source is None:
                return False  # a view of a user's own file stays with that file
            self._write_file(digest, source, stream.stored_extension)
            header = _make_header(f"stream:{stream.name}", stream.stored_extension, source.stat().st_size, source)
            self._put(name, header)
        else:
            encoded = self._codecs.encode(value, self._digest)
            if encoded is None or not all(self._write_value(self._digest(e), e) for e in encoded.entries):
                return False
            header = _make_header(encoded.codec, encoded.extension, len(encoded.data), encoded.data)
            self._put(name, header + encoded.data)
        self._known.add(digest)
        return True

    def _write_file(self, digest: str, source: Path, extension: str) -> None:
        name = self._name("files", digest, extension)
        if not self._local:
            self._fs.put_file(str(source), name)  # an object is there when it is whole
            return
        with self._write_local(name, replace=True) as path:
            shutil.copyfile(source, path)

    def _write_action(self, action: Action) -> None:
        name = self._name("actions", action.fingerprint)
        data = dump_json(
            {
                "format": FORMAT,
                **action._replace(parts={})._asdict(),
                "parts": dict(action.parts),
                "made": action.made or time.time(),
            }
        )
        if self._put(name, data):
            return
        there = self.find(action.fingerprint)
        if there is None or (there.outputs != action.outputs and not all(map(self._has, there.outputs.values()))):
            self._put(name, data, replace=True)  # what was there is damaged, or leads to values that are gone

    def _has(self, digest: str) -> bool:
        return bool(self._fs.exists(self._name("blobs", digest)))

    def _put(self, name: str, data: bytes, *, replace: bool = False) -> bool:
        """Write an object whole; False if there is one already and it was not to be replaced."""
        if self._local:
            return self._put_local(name, data, replace)
        try:
            self._fs.pipe_file(name, data, mode="create" if self._exclusive and not replace else "overwrite")
        except FileExistsError:
            return False
        except Exception as error:
            if _means_exists(error):
                return False
            if not self._exclusive or replace or not _means_unsupported(error):
                raise
            self._exclusive = False  # a storage without conditional writes: the last wins, and all are equal
            self._fs.pipe_file(name, data)
        return True

    def _put_local(self, name: str, data: bytes, replace: bool) -> bool:
        writing = self._write_local(name, replace=replace)
        try:
            with writing as path:
                path.write_bytes(data)
        except FileExistsError:
            return False
        return True

    def _write_local(self, name: str, *, replace: bool) -> contextlib.AbstractContextManager[Path]:
        """Return a context that yields a temporary path for an object of a folder."""
        path, temporary = Path(name), Path(self._root) / "tmp" / secrets.token_hex(12)
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.parent.mkdir(parents=True, exist_ok=True)
        return replace_file(path, sync="content", temporary=temporary, exclusive=not replace)

    def _name(self, kind: str, key: str, extension: str = "") -> str:
        return f"{self._root}/{kind}/{key[:2]}/{key}" + (f".{extension}" if extension else "")

    def _fail(self, what: str, error: BaseException) -> None:
        self._rest[what] = time.monotonic() + _PATIENCE_SECONDS
        doing = {"read": "read", "write": "written to"}[what]
        self._errors.append(
            CacheError(
                "E757",
                f"the shared cache cannot be {doing}: {describe_exception(error)}",
                where=hide_credentials(self.url),
                hint="the run continues with the cache of this machine; check address, credentials and rights",
            )
        )


def _make_header(codec: str, extension: str, size: int, content: bytes | Path) -> bytes:
    checksum = hash_file(content).hex() if isinstance(content, Path) else blake3(content).hexdigest()
    header = {"format": FORMAT, "codec": codec, "extension": extension, "size": size, "checksum": checksum}
    return dump_json(header) + b"\n"


def _parse_blob(data: bytes) -> FetchedBlob | None:
    """Return a blob, or None if the data is invalid."""
    try:
        end = data.index(b"\n", 0, _HEADER_BYTES)
        header = json.loads(data[:end])
        codec, extension, checksum = header["codec"], header["extension"], header["checksum"]
        sound = _WORD.fullmatch(codec) and _WORD.fullmatch(extension) and ":" not in extension
        if header["format"] != FORMAT or not sound or not _DIGEST.fullmatch(checksum):
            return None
        return FetchedBlob(codec, extension, int(header["size"]), checksum, data[end + 1 :])
    except (ValueError, TypeError, KeyError, RecursionError):
        return None


def _parse_action(data: bytes, fingerprint: str) -> Action | None:
    """Return an action, or None if the data is invalid or of another fingerprint."""
    try:
        row = json.loads(data)
        outputs = {str(name): str(digest) for name, digest in row["outputs"].items()}
        parts = {str(name): str(part) for name, part in row["parts"].items()}
        sound = row["format"] == FORMAT and row["fingerprint"] == fingerprint
        if not sound or not all(_DIGEST.fullmatch(digest) for digest in outputs.values()):
            return None
        notes = shorten_notes([str(note) for note in row.get("notes", ())])
        seconds, made = float(row["seconds"]), float(row["made"])
        return Action(fingerprint, str(row["node_type"]), outputs, parts, seconds, made, notes)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None


def _means_exists(error: Exception) -> bool:
    return "PreconditionFailed" in str(error) or "pre-conditions" in str(error).lower()


def _means_unsupported(error: Exception) -> bool:
    return isinstance(error, NotImplementedError | TypeError) or "NotImplemented" in str(error)
