"""`FileStore`: files that clients upload and jobs make, named by the BLAKE3 of their bytes."""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import shutil
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from blake3 import blake3

from studio.errors import RunError, UsageError
from studio.files import is_disk_full, is_temporary_name
from studio.runtime.memory import show_bytes
from studio.server.job_file import JobFile
from studio.server.media_types import find_media_type
from studio.server.token_store import TokenLimits

FILES_URL = "/api/v1/files"
PREFIX = "blake3:"
_SECONDS_TO_USE = 600.0  # in which a client may name a file that it has just sent
_BYTES_BETWEEN_CHECKS = 4 * 2**20
_NAME = re.compile(r"blake3:[0-9a-f]{64}")


@dataclass(frozen=True)
class StoredFile:
    """A file of the server.

    Attributes:
        digest: BLAKE3 of its bytes, in hex.
        path: Where it is.
        bytes: Its size.
        media_type: Such as "image/png".
    """

    digest: str
    path: Path
    bytes: int
    media_type: str

    @property
    def name(self) -> str:
        """How a client names it."""
        return PREFIX + self.digest


def parse_file_name(text: str) -> str | None:
    """Return the digest that a client names a file by, or None if it is no such name."""
    return text.removeprefix(PREFIX) if _NAME.fullmatch(text) else None


def check_digest(digest: str, expected: str | None) -> None:
    """Refuse a file that has another digest than its address.

    Raises:
        UsageError: E816.
    """
    if expected not in (None, digest):
        message = f"the file has the digest {PREFIX}{digest}, not {PREFIX}{expected}"
        raise UsageError("E816", message, hint="send the bytes that the digest was made of, or POST /api/v1/files")


class FileStore:
    """The files of one server, in one folder, each under the name by which clients know it.

    So a graph whose folder it is reads `{"file": "blake3:..."}` as any graph reads its files. Every method may be
    called from any thread.

    Args:
        folder: The folder.
        file: Where what is known of them is.
        keep_seconds: How long a file is kept that no job needs.
        most_bytes: How many bytes all files may take; 0 for no limit.
        find_limits: Returns what somebody may use, by the name.
    """

    def __init__(
        self,
        folder: Path,
        file: JobFile,
        *,
        keep_seconds: float = 7 * 86400.0,
        most_bytes: int = 0,
        find_limits: Callable[[str], TokenLimits] = lambda name: TokenLimits(),
    ) -> None:
        self.folder = folder
        self._file = file
        self._keep_seconds = keep_seconds
        self._most_bytes = most_bytes
        self._find_limits = find_limits
        self.count_more: Callable[[], int] = lambda: 0
        """Returns how many bytes take what is made of the files, such as small images; they count as files do."""
        self._guard = threading.Lock()
        self._uploads: set[Upload] = set()
        with _translated_errors():
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            for path in folder.iterdir():
                if is_temporary_name(path.name):  # of a server that was killed
                    path.unlink(missing_ok=True)

    def open_upload(self, owner: str = "") -> Upload:
        """Return a file that is being written.

        Args:
            owner: Who sends it.
        """
        upload = Upload(self, owner, self._forget_upload)
        with self._guard:
            self._uploads.add(upload)
        return upload

    def _forget_upload(self, upload: Upload) -> None:
        with self._guard:
            self._uploads.discard(upload)

    def check_room(self, owner: str) -> None:
        """Refuse what is being written where it does not fit beside what is kept.

        Raises:
            UsageError: E824 if the owner's files take more than they may, or jobs need what all files may take.
        """
        with self._guard:
            pending = [(upload.owner, upload.bytes) for upload in self._uploads]
        limits = self._find_limits(owner)
        if limits.most_bytes is not None:
            own = sum(size for name, size in pending if name == owner)
            limits.check_bytes(owner, self.count_bytes(owner) + own)
        self.make_room(sum(size for _, size in pending))

    def link(self, path: Path, digest: str, name: str, owner: str = "") -> StoredFile:
        """Keep a file that a job wrote.

        Args:
            path: The file, which may be replaced later, and is never changed in place.
            digest: BLAKE3 of its bytes, in hex.
            name: A name with its extension.
            owner: Whose job it is.
        """
        temporary = self._find_temporary()
        with _translated_errors():
            try:
                os.link(path, temporary)
            except OSError:  # a file system without links, or another one
                shutil.copyfile(path, temporary)
        return self.keep(temporary, digest, name, owner)

    def keep(self, temporary: Path, digest: str, name: str, owner: str = "") -> StoredFile:
        """Give a whole file of this folder its name, and record it.

        Nothing that is removed meanwhile is this file: both happen in transactions.

        Args:
            temporary: The file.
            digest: BLAKE3 of its bytes, in hex.
            name: A name with its extension, which may tell its type; "" for none.
            owner: Who sent or made it.
        """
        with _translated_errors():
            media_type, size = find_media_type(temporary, name), temporary.stat().st_size
        path = self._find_path(digest)
        with self._file.transaction() as connection, _translated_errors():
            os.replace(temporary, path)
            connection.execute(
                "INSERT INTO files VALUES (?, ?, ?, ?) ON CONFLICT (digest) DO UPDATE SET used = excluded.used",
                (digest, size, media_type, time.time()),
            )
            connection.execute("INSERT OR IGNORE INTO file_owners VALUES (?, ?)", (digest, owner))
        temporary.unlink(missing_ok=True)  # a link to the file itself is not renamed
        return StoredFile(digest, path, size, media_type)

    def count_bytes(self, owner: str | None = None) -> int:
        """Return how many bytes the files take that somebody sent or made; None for all files."""
        query, given = "SELECT coalesce(sum(bytes), 0) FROM files", ()
        if owner is not None:
            query, given = f"{query} JOIN file_owners USING (digest) WHERE owner = ?", (owner,)  # type: ignore[assignment]
        with self._file.reading() as connection:
            return int(connection.execute(query, given).fetchone()[0])

    def make_room(self, more_bytes: int) -> None:
        """Remove files that no job needs, the least recently used first, until so many bytes fit.

        Raises:
            UsageError: E824 if jobs need what is left.
        """
        if not self._most_bytes:
            return
        missing = self.count_bytes() + self.count_more() + more_bytes - self._most_bytes
        if missing <= 0:
            return
        with self._file.transaction() as connection:
            rows = connection.execute(
                "SELECT digest, bytes FROM files WHERE used < ? AND digest NOT IN (SELECT digest FROM job_files) "
                "ORDER BY used",
                (time.time() - _SECONDS_TO_USE,),
            )
            for digest, size in rows.fetchall():
                if missing <= 0:
                    break
                connection.execute("DELETE FROM files WHERE digest = ?", (digest,))
                self._find_path(digest).unlink(missing_ok=True)
                missing -= size
        if missing > 0:
            message = f"the files of this server take all of {show_bytes(self._most_bytes)}"
            raise UsageError("E824", message, hint="wait until older jobs and files expire, or ask the operator")

    def find(self, name: str) -> StoredFile:
        """Return a file by the name that a client gives, and keep it longer.

        Raises:
            UsageError: E812 if it is invalid or unknown.
        """
        digest = parse_file_name(name)
        if digest is None:
            hint = "a file is named blake3: and 64 hexadecimal digits in lower case"
            raise UsageError("E812", f"invalid file name {name[:80]!r}", hint=hint)
        with self._file.transaction() as connection:
            row = connection.execute(
                "UPDATE files SET used = ? WHERE digest = ? RETURNING bytes, media_type", (time.time(), digest)
            ).fetchone()
        if row is None or not self._find_path(digest).is_file():
            raise UsageError("E812", f"unknown file {name!r}", hint="upload it with POST /api/v1/files")
        return StoredFile(digest, self._find_path(digest), row[0], row[1])

    def find_media_types(self, digests: Iterable[str]) -> dict[str, str]:
        """Return the media types of files, by digest."""
        with self._file.reading() as connection:
            query = "SELECT media_type FROM files WHERE digest = ?"
            found = {digest: connection.execute(query, (digest,)).fetchone() for digest in digests}
        return {digest: row[0] for digest, row in found.items() if row is not None}

    def list_digests(self) -> set[str]:
        """Return the digests of all files."""
        with self._file.reading() as connection:
            return {row[0] for row in connection.execute("SELECT digest FROM files")}

    def forget_expired(self) -> int:
        """Remove files that no job needs and that were not used for long; return how many there were."""
        with self._file.transaction() as connection:
            rows = connection.execute(
                "DELETE FROM files WHERE used <= ? AND digest NOT IN (SELECT digest FROM job_files) RETURNING digest",
                (time.time() - self._keep_seconds,),
            ).fetchall()
            for row in rows:
                self._find_path(row[0]).unlink(missing_ok=True)
        return len(rows)

    def _find_path(self, digest: str) -> Path:
        return self.folder / (PREFIX + digest)

    def _find_temporary(self) -> Path:
        return self.folder / f".{secrets.token_hex(8)}-partial"


class Upload:
    """A file that arrives in parts; it is kept when it is finished, and leaves nothing else.

    Args:
        store: The files that it joins.
        owner: Who sends it.
        forget: Called when it is not written any more.

    Attributes:
        owner: Who sends it.
        bytes: How many have arrived.
    """

    def __init__(self, store: FileStore, owner: str, forget: Callable[[Upload], None]) -> None:
        self.owner = owner
        self.bytes = 0
        self._checked = 0
        self._store = store
        self._forget = forget
        self._hasher = blake3()
        self._path = store._find_temporary()
        with _translated_errors():
            self._stream: BinaryIO = self._path.open("xb")

    def write(self, part: bytes) -> None:
        """Add a part.

        Raises:
            UsageError: E824 if there is no room for what has arrived.
        """
        self.bytes += len(part)
        if self.bytes - self._checked > _BYTES_BETWEEN_CHECKS:
            self._store.check_room(self.owner)
            self._checked = self.bytes
        self._hasher.update(part)
        with _translated_errors():
            self._stream.write(part)

    def finish(self, *, name: str = "", expected: str | None = None) -> StoredFile:
        """Keep the file.

        Args:
            name: A name with its extension, which may tell its type; "" for none.
            expected: The digest that it must have, in hex; None for any.

        Raises:
            UsageError: E816 if the digest is another one, E824 if there is no room.
        """
        digest = self._hasher.hexdigest()
        check_digest(digest, expected)
        with _translated_errors():
            self._stream.flush()
            os.fsync(self._stream.fileno())
            self._stream.close()
        self._store.check_room(self.owner)
        kept = self._store.keep(self._path, digest, name, self.owner)
        self._forget(self)
        return kept

    def close(self) -> None:
        """Drop what was not finished."""
        self._forget(self)
        with contextlib.suppress(OSError):
            self._stream.close()
            self._path.unlink(missing_ok=True)


@contextlib.contextmanager
def _translated_errors() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        reason = "the disk is full" if is_disk_full(error) else (error.strerror or str(error)).lower()
        raise RunError("E800", f"cannot keep the file: {reason}", hint="free space in the server's folder") from None
