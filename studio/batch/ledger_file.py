"""`LedgerFile`: the SQLite file of a batch, with its tables and its transactions."""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from studio.errors import RunError, UsageError
from studio.files import RECORDS_FOLDER
from studio.provenance.folder_links import check_links
from studio.transactions import begin_transaction, enable_wal

FORMAT = 4
LEDGER_NAME = f"{RECORDS_FOLDER}/ledger.sqlite3"

_SUFFIXES = ("", "-wal", "-shm", "-journal")  # of the files that SQLite reads and writes
_LOCK_SECONDS = 60.0
_SCHEMA = """
CREATE TABLE IF NOT EXISTS batch (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS workers (
    id TEXT PRIMARY KEY, host TEXT NOT NULL, pid INTEGER NOT NULL, started REAL NOT NULL, seen REAL NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS items (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    number INTEGER NOT NULL,
    source TEXT NOT NULL,
    vals TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    state TEXT NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    crashes INTEGER NOT NULL DEFAULT 0,
    not_before REAL NOT NULL DEFAULT 0,
    worker TEXT,
    error TEXT,
    warnings TEXT,
    seconds REAL,
    calls INTEGER,
    cached INTEGER,
    started REAL,
    finished REAL,
    updated REAL NOT NULL,
    pass INTEGER NOT NULL,
    claim INTEGER NOT NULL DEFAULT 0,
    read TEXT,
    checks TEXT
);
CREATE INDEX IF NOT EXISTS items_by_state ON items (state, number);
CREATE INDEX IF NOT EXISTS items_by_update ON items (updated);
CREATE TABLE IF NOT EXISTS outputs (
    item INTEGER NOT NULL REFERENCES items (id) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    output TEXT NOT NULL,
    path TEXT NOT NULL,
    digest TEXT NOT NULL,
    bytes INTEGER NOT NULL,
    kind TEXT NOT NULL,
    PRIMARY KEY (item, position)
) WITHOUT ROWID;
"""
_ADDED = {1: "claim INTEGER NOT NULL DEFAULT 0", 2: "read TEXT", 3: "checks TEXT"}
"""Columns of items that a format lacks, and the next one has."""


class LedgerFile:
    """The SQLite file in a batch's folder. Every method may be called from any thread.

    A batch can be read where nothing can be written, as on a read-only mount or a full disk. The file is then opened
    without being changed; one that SQLite must change to read it (of an earlier format, or left by a killed process)
    is copied to a temporary folder first.

    Args:
        folder: The batch's folder.
        create: Whether to create a missing file.

    Raises:
        RunError: E742 if the file is missing or cannot be used, E313 if it is behind a link out of the folder.
    """

    def __init__(self, folder: Path, *, create: bool = False) -> None:
        self.folder = folder
        self.path = folder / LEDGER_NAME
        self._guard = threading.RLock()
        self._cleanup = ExitStack()
        self.can_change = True
        """Whether transactions may be made; a copy may be changed, but nobody sees that."""
        if not create and not self.path.is_file():
            raise UsageError(
                "E742", f"{str(folder)!r} contains no batch", where=str(self.path), hint="name the folder given with -o"
            )
        for suffix in _SUFFIXES:
            check_links(folder, LEDGER_NAME + suffix, "ledger")
        with self._translated_errors():
            if create:
                self.path.parent.mkdir(parents=True, exist_ok=True)
            try:
                self.connection = self._open(str(self.path), self._prepare)
            except sqlite3.OperationalError as error:
                if create or not _is_refused(error):
                    raise
                self.connection = self._open_unchanged()

    def _open(self, name: str, prepare: Callable[[sqlite3.Connection], None]) -> sqlite3.Connection:
        connection = sqlite3.connect(
            name, timeout=_LOCK_SECONDS, isolation_level=None, check_same_thread=False, uri=name.startswith("file:")
        )
        try:
            self._refuse_code(connection)
            prepare(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    def _refuse_code(self, connection: sqlite3.Connection) -> None:
        """Refuse what acts on its own: a trigger in a folder from elsewhere would name files for items to read."""
        connection.execute("PRAGMA trusted_schema=OFF")
        code = connection.execute("SELECT type, name FROM sqlite_master WHERE type IN ('trigger', 'view')").fetchone()
        if code is not None:
            hint = "run the batch in another folder"
            raise RunError("E742", f"the ledger contains a {code[0]}, {code[1]!r}", where=str(self.path), hint=hint)

    def _open_unchanged(self) -> sqlite3.Connection:
        """Open the file where nothing can be written."""
        place, log = self.path.absolute(), self.path.with_name(self.path.name + "-wal")
        is_whole = not log.exists() or log.stat().st_size == 0
        for mode in ("mode=ro", "immutable=1") if is_whole else ("mode=ro",):
            try:
                connection = self._open(f"{place.as_uri()}?{mode}", self._check_unchanged)
                self.can_change = False
                return connection
            except sqlite3.OperationalError:
                continue
        folder = Path(self._cleanup.enter_context(tempfile.TemporaryDirectory(prefix="studio-ledger-")))
        for path in (place, log):
            if path.exists():
                shutil.copyfile(path, folder / path.name)
        return self._open(str(folder / place.name), self._prepare)

    def _check_unchanged(self, connection: sqlite3.Connection) -> None:
        if self._read_format(connection) != FORMAT:
            raise sqlite3.OperationalError("an earlier format")
        connection.execute("SELECT count(*) FROM batch").fetchone()

    def _prepare(self, connection: sqlite3.Connection) -> None:
        run = connection.execute
        enable_wal(connection)
        run("PRAGMA synchronous=NORMAL")
        run("PRAGMA foreign_keys=ON")
        run("PRAGMA cache_size=-512")
        if self._read_format(connection) != FORMAT:
            with begin_transaction(connection):
                self._create_or_update(connection)

    def _create_or_update(self, connection: sqlite3.Connection) -> None:
        """Create the tables, or change those of an earlier format; another process may have done so already."""
        run = connection.execute
        found = self._read_format(connection)
        if found == 0:
            for statement in _SCHEMA.split(";"):
                run(statement)
        for earlier in range(found, FORMAT) if found else ():
            run(f"ALTER TABLE items ADD COLUMN {_ADDED[earlier]}")
        run(f"PRAGMA user_version={FORMAT}")

    def _read_format(self, connection: sqlite3.Connection) -> int:
        found: int = connection.execute("PRAGMA user_version").fetchone()[0]
        if found > FORMAT:
            raise RunError("E742", f"unsupported ledger version {found}", where=str(self.path), hint="update Studio")
        return found

    def close(self) -> None:
        """Close the file."""
        with self._guard:
            self.connection.close()
            self._cleanup.close()

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Give the connection to one thread for some queries."""
        with self._guard, self._translated_errors():
            yield self.connection

    @contextmanager
    def transaction(self, *, keep: bool = True) -> Iterator[sqlite3.Connection]:
        """Write all changes of the block or, if it raises, none.

        Args:
            keep: Whether to write the changes; else they are undone at the end.
        """
        with self.reading() as connection, begin_transaction(connection, keep=keep):
            yield connection

    @contextmanager
    def _translated_errors(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            raise RunError(
                "E742",
                f"the ledger cannot be used: {error}",
                where=str(self.path),
                hint="free space or check the folder, and run the batch again: it resumes where it stopped",
            ) from None


@contextmanager
def refused_damage(path: Path) -> Iterator[None]:
    """Report rows that are not as Studio writes them, as in a ledger that somebody else wrote.

    Raises:
        RunError: E742 where the block raises what reading such a row raises.
    """
    try:
        yield
    except (ValueError, TypeError, KeyError, OverflowError, RecursionError) as error:
        raise RunError(
            "E742", f"the ledger is damaged: {error}", where=str(path), hint="run the batch in another folder"
        ) from None


def check_stored(value: Any, kind: Any) -> Any:
    """Return a value that a ledger stores.

    Raises:
        TypeError: It is not of this kind.
    """
    if not isinstance(value, kind):
        raise TypeError(f"unexpected {type(value).__name__}")
    return value


def _is_refused(error: sqlite3.OperationalError) -> bool:
    """Say whether the folder or the disk refuses to be written to."""
    return error.sqlite_errorcode & 0xFF in (
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_PERM,
    )
