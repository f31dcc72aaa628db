"""`JobFile`: the SQLite file of a server, with its tables and its transactions."""

from __future__ import annotations

import contextlib
import fcntl
import os
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from studio.errors import RunError, UsageError
from studio.transactions import begin_transaction, enable_wal

FILE_NAME = "server.sqlite3"
_LOCK_SECONDS = 30.0
_SEARCH_STEPS = 100  # of SQLite, between two looks at the clock
_SCHEMA = """
CREATE TABLE documents (digest TEXT PRIMARY KEY, document TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE jobs (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    state TEXT NOT NULL,
    graph TEXT,
    document TEXT NOT NULL REFERENCES documents (digest),
    title TEXT NOT NULL,
    vals TEXT NOT NULL,
    only_outputs TEXT,
    formats TEXT NOT NULL DEFAULT '{}',
    priority INTEGER NOT NULL,
    place INTEGER NOT NULL,
    claim INTEGER NOT NULL DEFAULT 0,
    crashes INTEGER NOT NULL DEFAULT 0,
    cancelling INTEGER NOT NULL DEFAULT 0,
    made REAL NOT NULL,
    started REAL,
    ended REAL,
    expires REAL,
    owner TEXT NOT NULL,
    metadata TEXT NOT NULL,
    request_key TEXT,
    request_digest TEXT NOT NULL,
    error TEXT,
    warnings TEXT,
    nodes TEXT,
    reused INTEGER
);
CREATE INDEX jobs_in_order ON jobs (state, priority DESC, place);
CREATE INDEX jobs_by_expiry ON jobs (expires) WHERE expires IS NOT NULL;
CREATE INDEX jobs_by_document ON jobs (document);
CREATE UNIQUE INDEX jobs_by_key ON jobs (owner, request_key) WHERE request_key IS NOT NULL;
CREATE TABLE outputs (
    job TEXT NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    output TEXT NOT NULL,
    entry INTEGER NOT NULL,
    name TEXT NOT NULL,
    digest TEXT NOT NULL,
    bytes INTEGER NOT NULL,
    loss TEXT NOT NULL,
    PRIMARY KEY (job, position)
) WITHOUT ROWID;
CREATE TABLE files (
    digest TEXT PRIMARY KEY,
    bytes INTEGER NOT NULL,
    media_type TEXT NOT NULL,
    used REAL NOT NULL
) WITHOUT ROWID;
CREATE TABLE job_files (
    digest TEXT NOT NULL,
    job TEXT NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
    PRIMARY KEY (digest, job)
) WITHOUT ROWID;
CREATE INDEX job_files_by_job ON job_files (job);
CREATE TABLE tokens (
    name TEXT PRIMARY KEY,
    hash TEXT NOT NULL UNIQUE,
    scope TEXT NOT NULL,
    made REAL NOT NULL
) WITHOUT ROWID;
"""
_LIMITS = """
CREATE INDEX jobs_by_owner ON jobs (owner, number);
CREATE INDEX jobs_by_owner_state ON jobs (owner, state);
CREATE INDEX jobs_by_state ON jobs (state, number);
CREATE INDEX jobs_by_graph ON jobs (graph, number) WHERE graph IS NOT NULL;
ALTER TABLE jobs ADD COLUMN stack TEXT NOT NULL DEFAULT '';
ALTER TABLE jobs ADD COLUMN models TEXT NOT NULL DEFAULT '';
ALTER TABLE tokens ADD COLUMN max_queued INTEGER;
ALTER TABLE tokens ADD COLUMN max_priority INTEGER;
ALTER TABLE tokens ADD COLUMN max_bytes INTEGER;
CREATE TABLE file_owners (
    digest TEXT NOT NULL REFERENCES files (digest) ON DELETE CASCADE,
    owner TEXT NOT NULL,
    PRIMARY KEY (owner, digest)
) WITHOUT ROWID;
CREATE INDEX file_owners_by_digest ON file_owners (digest);
CREATE INDEX files_by_use ON files (used);
"""
_WEBHOOKS = """
CREATE TABLE webhooks (
    job TEXT PRIMARY KEY REFERENCES jobs (id) ON DELETE CASCADE,
    url TEXT NOT NULL,
    events TEXT NOT NULL,
    form TEXT NOT NULL,
    owner TEXT NOT NULL,
    told_start REAL,
    told_end REAL
) WITHOUT ROWID;
CREATE TABLE deliveries (
    id TEXT PRIMARY KEY,
    job TEXT NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
    event TEXT NOT NULL,
    body TEXT NOT NULL,
    state TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    next REAL,
    status INTEGER,
    error TEXT NOT NULL DEFAULT '',
    made REAL NOT NULL
) WITHOUT ROWID;
CREATE INDEX deliveries_by_job ON deliveries (job);
CREATE INDEX deliveries_in_order ON deliveries (next) WHERE state = 'waiting';
CREATE TABLE webhook_secrets (owner TEXT PRIMARY KEY, secret TEXT NOT NULL) WITHOUT ROWID;
"""
_FAIR_WEBHOOKS = """
ALTER TABLE deliveries ADD COLUMN owner TEXT NOT NULL DEFAULT '';
UPDATE deliveries SET owner = coalesce((SELECT owner FROM webhooks w WHERE w.job = deliveries.job), '');
ALTER TABLE webhooks ADD COLUMN changed INTEGER NOT NULL DEFAULT 1;
CREATE INDEX webhooks_changed ON webhooks (job) WHERE changed = 1;
DROP INDEX deliveries_in_order;
CREATE INDEX deliveries_by_owner ON deliveries (owner, next) WHERE state = 'waiting';
"""
_ORIGINS = """
ALTER TABLE outputs ADD COLUMN label TEXT NOT NULL DEFAULT '';
ALTER TABLE outputs ADD COLUMN credentials TEXT NOT NULL DEFAULT '';
ALTER TABLE outputs ADD COLUMN credentials_bytes INTEGER NOT NULL DEFAULT 0;
"""
_TRIGGER = (  # whatever changes a job, its webhook is looked at
    "CREATE TRIGGER IF NOT EXISTS note_change AFTER UPDATE OF started, ended ON jobs "
    "BEGIN UPDATE webhooks SET changed = 1 WHERE job = NEW.id; END"
)
_STEPS = (_SCHEMA, _LIMITS, _WEBHOOKS, _FAIR_WEBHOOKS, _ORIGINS)
"""What makes the file, and what each later format adds to it."""

FORMAT = len(_STEPS)


class JobFile:
    """The SQLite file in a server's folder. Every method may be called from any thread.

    It is as durable as the ledger of a batch: what a transaction wrote survives the death of the process.

    Args:
        folder: The server's folder, which is made if it is missing.

    Raises:
        RunError: E800 if the folder or the file cannot be used.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = Path(os.path.abspath(folder))
        self.path = self.folder / FILE_NAME
        self._guard = threading.RLock()
        with self._translated_errors():
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._connection = sqlite3.connect(
                str(self.path), timeout=_LOCK_SECONDS, isolation_level=None, check_same_thread=False
            )
            try:
                self._prepare()
            except BaseException:
                self._connection.close()
                raise

    def _prepare(self) -> None:
        run = self._connection.execute
        enable_wal(self._connection)
        run("PRAGMA synchronous=NORMAL")
        run("PRAGMA foreign_keys=ON")
        with self.transaction():
            found = run("PRAGMA user_version").fetchone()[0]
            if found > FORMAT:
                raise RunError(
                    "E800", f"unsupported server version {found}", where=str(self.path), hint="update Studio"
                )
            for step in _STEPS[found:]:
                for statement in step.split(";"):
                    run(statement)
            run(f"PRAGMA user_version={FORMAT}")
            run(_TRIGGER)
            run("CREATE INDEX IF NOT EXISTS successes_by_graph ON jobs (graph, number) WHERE state = 'succeeded'")

    def close(self) -> None:
        """Close the file."""
        with self._guard:
            self._connection.close()

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Give the connection to one thread for some queries."""
        with self._guard, self._translated_errors():
            yield self._connection

    @contextmanager
    def searching(self, seconds: float) -> Iterator[sqlite3.Connection]:
        """Give a connection that only reads, for some queries that let no other thread wait.

        Args:
            seconds: How long they may take.

        Raises:
            UsageError: E809 if they take longer.
        """
        deadline = time.monotonic() + seconds
        with self._translated_errors():
            address = f"{self.path.as_uri()}?mode=ro"
            with contextlib.closing(sqlite3.connect(address, _LOCK_SECONDS, isolation_level=None, uri=True)) as own:
                own.execute("BEGIN")  # all queries see the same state
                own.set_progress_handler(lambda: time.monotonic() > deadline, _SEARCH_STEPS)
                try:
                    yield own
                except sqlite3.OperationalError:
                    if time.monotonic() <= deadline:
                        raise
                    hint = "search for fewer words, or only in one graph or job"
                    raise UsageError("E809", f"the search takes longer than {seconds:g} seconds", hint=hint) from None

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Write all changes of the block or, if it raises, none."""
        with self.reading() as connection, begin_transaction(connection):
            yield connection

    @contextmanager
    def _translated_errors(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            raise RunError(
                "E800",
                f"the server's folder cannot be used: {error}",
                where=str(self.folder),
                hint="free space, check the folder, or name another with --data DIR",
            ) from None


@contextmanager
def own_folder(folder: Path) -> Iterator[None]:
    """Hold a server's folder, so that no second server runs its jobs; the system frees it if the process dies.

    Raises:
        RunError: E800 if another server has it.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        message = f"the server's folder cannot be used: {error.strerror or error}"
        raise RunError("E800", message, where=str(folder), hint="name another with --data DIR") from None
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            message, hint = "another server uses this folder", "stop it, or name another folder with --data DIR"
            raise RunError("E800", message, where=str(folder), hint=hint) from None
        yield
    finally:
        with contextlib.suppress(OSError):
            os.close(descriptor)
