"""`Ledger`: one durable row for each item in a SQLite file, shared by any number of processes."""

from __future__ import annotations

import json
import os
import re
import socket
import sqlite3
import sys
import threading
import time
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from studio.batch.worker import Item, ItemOutput, ItemResult
from studio.errors import RunError

FORMAT = 1
LEDGER_NAME = ".studio/ledger.sqlite3"
LEASE_SECONDS = 30.0
"""A process that said nothing for so long has lost what it had."""
STATES = ("pending", "running", "done", "failed", "removed")

_PARTIAL = re.compile(r"\.[0-9a-f]{12}-partial")
_SPECIFIC = re.compile(r"'[^']*'|\d+(\.\d+)?")

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
    pass INTEGER NOT NULL
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
_COLUMNS = (
    "id, name, number, source, vals, fingerprint, state, attempts, crashes, worker, error, warnings, "
    "seconds, calls, cached, started, finished, updated"
)


@dataclass(frozen=True)
class ItemRow:
    """What the ledger knows of one item. Times are seconds since 1970; `index` is the place in the table, from 0."""

    index: int
    name: str
    source: str
    values: Mapping[str, Any]
    fingerprint: str
    state: str
    attempts: int
    crashes: int
    worker: str | None
    error: Mapping[str, Any] | None
    warnings: tuple[str, ...]
    outputs: tuple[ItemOutput, ...]
    seconds: float | None
    calls: int | None
    cached: int | None
    started: float | None
    finished: float | None
    updated: float

    def to_json(self) -> dict[str, Any]:
        """Return the row as plain JSON."""
        return asdict(self)


@dataclass(frozen=True)
class Summary:
    """How a batch stands.

    Attributes:
        counts: Items by state; every state but "removed" is there.
        causes: Failed items by cause: (cause of the first of them, how many, name of the first), most first. Causes
            are equal that differ in numbers and quoted words only.
        calls: Calls of node types that finished items needed.
        cached: How many of them did not run.
        seconds: Time that finished items took, summed.
        bytes: Size of the files that were written.
    """

    counts: Mapping[str, int]
    causes: tuple[tuple[str, int, str], ...] = ()
    calls: int = 0
    cached: int = 0
    seconds: float = 0.0
    bytes: int = 0

    @property
    def total(self) -> int:
        """All items that are in the table."""
        return sum(count for state, count in self.counts.items() if state != "removed")


@dataclass
class Intake:
    """What taking in a table led to."""

    total: int = 0
    added: int = 0
    changed: int = 0
    kept: int = 0
    removed: int = 0


@dataclass(frozen=True)
class Lease:
    """An item that this process is to do, until it reports, gives it back or dies."""

    id: int
    item: Item
    attempts: int
    crashes: int


class Ledger:
    """The rows of one batch's folder.

    A process that does items joins first, and beats every few seconds; its items come back to the others when it
    dies. Every method may be called from any thread.

    Args:
        folder: The batch's folder.
        create: Whether to make the ledger where there is none.

    Raises:
        RunError: E742 if there is none, or it cannot be used.
    """

    def __init__(self, folder: Path, *, create: bool = False) -> None:
        self.folder = folder
        self.path = folder / LEDGER_NAME
        self.worker = ""
        self._guard = threading.RLock()
        if not create and not self.path.is_file():
            raise RunError(
                "E742", f"{str(folder)!r} holds no batch", where=str(self.path), hint="name the folder given with -o"
            )
        with self._explained():
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._connection = sqlite3.connect(self.path, timeout=60, isolation_level=None, check_same_thread=False)
            try:
                self._prepare()
            except BaseException:
                self._connection.close()
                raise

    def _prepare(self) -> None:
        run = self._connection.execute
        self._use_wal()
        run("PRAGMA synchronous=NORMAL")
        run("PRAGMA foreign_keys=ON")
        run("PRAGMA cache_size=-512")
        found = run("PRAGMA user_version").fetchone()[0]
        if found > FORMAT:
            raise RunError("E742", f"the ledger has version {found}", where=str(self.path), hint="update Studio")
        if found == 0:
            with self._transaction():
                for statement in _SCHEMA.split(";"):
                    run(statement)
                run(f"PRAGMA user_version={FORMAT}")

    def _use_wal(self) -> None:
        """Switch the file to WAL; SQLite does not wait by itself for others who are about to do the same."""
        deadline = time.monotonic() + 30
        while True:
            try:
                self._connection.execute("PRAGMA journal_mode=WAL")
                return
            except sqlite3.OperationalError as error:
                if "locked" not in str(error) or time.monotonic() > deadline:
                    raise
                time.sleep(0.02)

    def close(self) -> None:
        """Leave, if this process joined, and let go of the file."""
        if self.worker:
            self.leave()
        with self._guard:
            self._connection.close()

    def __enter__(self) -> Ledger:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # -- what the batch is -----------------------------------------------------------------------------

    def describe(self) -> dict[str, Any]:
        """Return what was remembered of the batch: "spec" (a BatchSpec as JSON), "title", "items" and so on."""
        with self._guard, self._explained():
            return {key: json.loads(value) for key, value in self._connection.execute("SELECT key, value FROM batch")}

    def remember(self, **facts: Any) -> None:
        """Remember facts about the batch as JSON."""
        rows = [(key, json.dumps(value, ensure_ascii=False)) for key, value in facts.items()]
        with self._transaction():
            self._connection.executemany("INSERT OR REPLACE INTO batch VALUES (?, ?)", rows)

    # -- reading ---------------------------------------------------------------------------------------

    def items(
        self,
        *,
        states: Iterable[str] = ("pending", "running", "done", "failed"),
        updated_since: float | None = None,
        names: Iterable[str] | None = None,
    ) -> Iterator[ItemRow]:
        """Yield rows in the order of the table; a few at a time, so that memory does not grow with them.

        Args:
            states: Only items in these states.
            updated_since: Only items whose row changed at this time or later.
            names: Only items of these names.
        """
        states = list(states)
        condition = f"state IN ({','.join('?' * len(states))})"
        arguments: list[Any] = states
        if updated_since is not None:
            condition, arguments = condition + " AND updated >= ?", [*arguments, updated_since]
        if names is not None:
            wanted = list(names)
            condition += f" AND name IN ({','.join('?' * len(wanted))})"
            arguments = [*arguments, *wanted]
        after: tuple[int, int] = (-1, -1)
        while True:
            query = f"SELECT {_COLUMNS} FROM items WHERE {condition} AND (number, id) > (?, ?)"
            query += " ORDER BY number, id LIMIT 500"
            with self._guard, self._explained():
                rows = self._connection.execute(query, [*arguments, *after]).fetchall()
                outputs = self._find_outputs([row[0] for row in rows])
            for row in rows:
                yield _make_row(row, outputs.get(row[0], ()))
            if len(rows) < 500:
                return
            after = (rows[-1][2], rows[-1][0])

    def _find_outputs(self, ids: Sequence[int]) -> dict[int, tuple[ItemOutput, ...]]:
        found: dict[int, tuple[ItemOutput, ...]] = {}
        marks = ",".join("?" * len(ids))
        query = f"SELECT item, output, path, digest, bytes, kind FROM outputs WHERE item IN ({marks})"
        query += " ORDER BY item, position"
        for item, *rest in self._connection.execute(query, ids):
            found[item] = (*found.get(item, ()), ItemOutput(rest[0], rest[1], rest[2], rest[3], rest[4]))
        return found

    def summary(self) -> Summary:
        """Return how the batch stands."""
        with self._guard, self._explained():
            run = self._connection.execute
            counts = dict.fromkeys(STATES[:4], 0) | dict(run("SELECT state, count(*) FROM items GROUP BY state"))
            calls, cached, seconds = run(
                "SELECT total(calls), total(cached), total(seconds) FROM items WHERE state IN ('done', 'failed')"
            ).fetchone()
            size = run(
                "SELECT total(bytes) FROM outputs JOIN items ON item = items.id WHERE state IN ('done', 'failed')"
            ).fetchone()[0]
            failed = run("SELECT error, name FROM items WHERE state = 'failed' ORDER BY number")
            causes: dict[str, tuple[str, int, str]] = {}
            for text, name in failed:
                cause = describe_cause(json.loads(text or "{}"))
                first, count, example = causes.get(_SPECIFIC.sub("?", cause), (cause, 0, name))
                causes[_SPECIFIC.sub("?", cause)] = (first, count + 1, example)
        ordered = tuple(sorted(causes.values(), key=lambda cause: -cause[1]))
        return Summary(counts, ordered, int(calls), int(cached), seconds, int(size))

    # -- taking in a table -----------------------------------------------------------------------------

    @contextmanager
    def intake(self, *, keep: bool = True) -> Iterator[TakeIn]:
        """Take in a table, whole or (if the block raises) not at all; items that it lacks are "removed".

        Args:
            keep: Whether to write it down; else all is undone when it is known what it leads to.
        """
        with self._transaction(keep=keep):
            run = self._connection.execute
            number = run("SELECT coalesce(max(pass), 0) + 1 FROM items").fetchone()[0]
            run("CREATE TEMP TABLE IF NOT EXISTS names (path TEXT PRIMARY KEY, name TEXT, source TEXT) WITHOUT ROWID")
            run("DELETE FROM temp.names")
            taking = TakeIn(self._connection, number, self.folder)
            yield taking
            removed = run(
                "UPDATE items SET state = 'removed', worker = NULL, updated = ? WHERE pass < ? AND state <> 'removed'",
                (time.time(), number),
            )
            taking.intake.removed = removed.rowcount
            run("DELETE FROM temp.names")
        with self._guard, self._explained():
            self._connection.execute("PRAGMA shrink_memory")  # a long table filled its pages

    # -- doing items -----------------------------------------------------------------------------------

    def join(self) -> str:
        """Take part in the work; return this process's name in the ledger."""
        now = time.time()
        self.worker = f"{socket.gethostname()}-{os.getpid()}-{uuid.uuid4().hex[:6]}"
        with self._transaction():
            self._connection.execute(
                "INSERT INTO workers VALUES (?, ?, ?, ?, ?)", (self.worker, socket.gethostname(), os.getpid(), now, now)
            )
        self.reclaim()
        return self.worker

    def beat(self) -> None:
        """Say that this process is alive; to be called every few seconds."""
        with self._transaction():
            self._connection.execute("UPDATE workers SET seen = ? WHERE id = ?", (time.time(), self.worker))

    def leave(self) -> None:
        """Give back what this process has not finished, and go."""
        with self._transaction():
            run = self._connection.execute
            run(
                "UPDATE items SET state = 'pending', worker = NULL, updated = ? WHERE worker = ? AND state = 'running'",
                (time.time(), self.worker),
            )
            run("DELETE FROM workers WHERE id = ?", (self.worker,))
        self.worker = ""

    def reclaim(self) -> int:
        """Free the items of processes that died; return how many there were."""
        now = time.time()
        with self._transaction():
            run = self._connection.execute
            dead = [
                row[0]
                for row in run("SELECT id, host, pid, seen FROM workers").fetchall()
                if row[0] != self.worker and _is_dead(row[1], row[2], now - row[3])
            ]
            run("DELETE FROM workers WHERE id IN (SELECT value FROM json_each(?))", (json.dumps(dead),))
            freed = run(
                "UPDATE items SET state = 'pending', worker = NULL, updated = ? "
                "WHERE state = 'running' AND worker NOT IN (SELECT id FROM workers)",
                (now,),
            )
        return freed.rowcount

    def others(self) -> int:
        """Return how many other processes work on this ledger."""
        with self._guard, self._explained():
            rows = self._connection.execute("SELECT host, pid, seen FROM workers WHERE id <> ?", (self.worker,))
            return sum(not _is_dead(host, pid, time.time() - seen) for host, pid, seen in rows.fetchall())

    def sweep(self) -> int:
        """Remove files that killed processes left half written, if no other process works here; return how many."""
        if self.others():
            return 0
        found = 0
        for place, _, names in os.walk(self.folder):
            for name in filter(_PARTIAL.match, names):
                with suppress(OSError):
                    os.unlink(os.path.join(place, name))
                    found += 1
        return found

    def claim(self, limit: int) -> list[Lease]:
        """Lease up to `limit` items that nobody does, in the order of the table."""
        now = time.time()
        with self._transaction():
            rows = self._connection.execute(
                "UPDATE items SET state = 'running', worker = ?, started = ?, updated = ? WHERE id IN "
                "(SELECT id FROM items WHERE state = 'pending' AND not_before <= ? ORDER BY number LIMIT ?) "
                "RETURNING id, number, name, vals, source, attempts, crashes",
                (self.worker, now, now, now, limit),
            ).fetchall()
        rows.sort(key=lambda row: row[1])
        return [Lease(r[0], Item(r[1], r[2], json.loads(r[3]), r[4]), r[5], r[6]) for r in rows]

    def find_wait(self) -> float | None:
        """Return the seconds until the next item may be tried again; None if nothing is pending."""
        with self._guard, self._explained():
            row = self._connection.execute("SELECT min(not_before) FROM items WHERE state = 'pending'").fetchone()
        return None if row[0] is None else max(0.0, row[0] - time.time())

    def count_running_elsewhere(self) -> int:
        """Return how many items other processes have."""
        with self._guard, self._explained():
            query = "SELECT count(*) FROM items WHERE state = 'running' AND worker <> ?"
            return int(self._connection.execute(query, (self.worker,)).fetchone()[0])

    def complete(self, finished: Iterable[tuple[Lease, ItemResult]]) -> list[Lease]:
        """Write down what became of items; return those that are no longer this process's, and do not count."""
        lost: list[Lease] = []
        now = time.time()
        with self._transaction():
            for lease, result in finished:
                if not self._complete(lease, result, now):
                    lost.append(lease)
        return lost

    def _complete(self, lease: Lease, result: ItemResult, now: float) -> bool:
        run = self._connection.execute
        error = json.dumps(result.error, ensure_ascii=False) if result.error is not None else None
        warnings = json.dumps(result.warnings, ensure_ascii=False) if result.warnings else None
        row = (result.state, error, warnings, result.seconds, result.calls, result.cached, now, now)
        done = run(
            "UPDATE items SET state = ?, error = ?, warnings = ?, seconds = ?, calls = ?, cached = ?, finished = ?, "
            "updated = ?, attempts = attempts + 1 WHERE id = ? AND state = 'running' AND worker = ?",
            (*row, lease.id, self.worker),
        )
        if done.rowcount != 1:
            return False
        run("DELETE FROM outputs WHERE item = ?", (lease.id,))
        self._connection.executemany(
            "INSERT INTO outputs VALUES (?, ?, ?, ?, ?, ?, ?)",
            [(lease.id, n, o.output, o.path, o.digest, o.bytes, o.kind) for n, o in enumerate(result.outputs)],
        )
        return True

    def give_back(
        self,
        leases: Iterable[Lease],
        *,
        delay_seconds: float = 0.0,
        failed: Mapping[str, Any] | None = None,
        crashed: bool = False,
    ) -> None:
        """Put items back to be done again.

        Args:
            leases: Which.
            delay_seconds: Not before this time has passed.
            failed: The error of an attempt that counts.
            crashed: Whether its worker died while it did this item alone.
        """
        now = time.time()
        error = json.dumps(failed, ensure_ascii=False) if failed is not None else None
        with self._transaction():
            self._connection.executemany(
                "UPDATE items SET state = 'pending', worker = NULL, not_before = ?, updated = ?, "
                "attempts = attempts + ?, crashes = crashes + ?, error = coalesce(?, error) "
                "WHERE id = ? AND state = 'running' AND worker = ?",
                [
                    (now + delay_seconds, now, int(failed is not None), int(crashed), error, lease.id, self.worker)
                    for lease in leases
                ],
            )

    def retry_failed(self) -> int:
        """Put every failed item back to be done again; return how many."""
        with self._transaction():
            changed = self._connection.execute(
                "UPDATE items SET state = 'pending', attempts = 0, crashes = 0, not_before = 0, updated = ? "
                "WHERE state = 'failed'",
                (time.time(),),
            )
        return changed.rowcount

    # -- how ---------------------------------------------------------------------------------------------

    @contextmanager
    def _transaction(self, *, keep: bool = True) -> Iterator[None]:
        with self._guard, self._explained():
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._connection.execute("COMMIT" if keep else "ROLLBACK")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            raise RunError(
                "E742",
                f"the ledger cannot be used: {error}",
                where=str(self.path),
                hint="free space or check the folder, and run the batch again: it goes on where it was",
            ) from None


@dataclass
class TakeIn:
    """A table that is being taken in: one transaction."""

    connection: sqlite3.Connection
    number: int
    folder: Path
    intake: Intake = field(default_factory=Intake)

    def add(self, item: Item, fingerprint: str) -> None:
        """Take in one item: new, changed, or as it was."""
        run = self.connection.execute
        now = time.time()
        self.intake.total += 1
        found = run("SELECT id, fingerprint, state FROM items WHERE name = ?", (item.name,)).fetchone()
        values = json.dumps(item.values, ensure_ascii=False)
        if found is None:
            self.intake.added += 1
            run(
                "INSERT INTO items (name, number, source, vals, fingerprint, state, updated, pass) "
                "VALUES (?, ?, ?, ?, ?, 'pending', ?, ?)",
                (item.name, item.index, item.source, values, fingerprint, now, self.number),
            )
            return
        if found[1] == fingerprint:
            again = found[2] == "removed" or (found[2] == "done" and not self._has_files(found[0]))
            self.intake.kept += not again
            self.intake.changed += again
        else:
            self.intake.changed += 1
            again = True
        run(
            "UPDATE items SET number = ?, source = ?, vals = ?, fingerprint = ?, pass = ? WHERE id = ?",
            (item.index, item.source, values, fingerprint, self.number, found[0]),
        )
        if again:
            run(
                "UPDATE items SET state = 'pending', worker = NULL, attempts = 0, crashes = 0, not_before = 0, "
                "error = NULL, updated = ? WHERE id = ?",
                (now, found[0]),
            )

    def _has_files(self, item: int) -> bool:
        """Say whether the files of an item are there, in the size that they were written."""
        rows = self.connection.execute("SELECT path, bytes FROM outputs WHERE item = ?", (item,))
        try:
            return all(os.stat(self.folder / path).st_size == size for path, size in rows)
        except OSError:
            return False

    def take_name(self, path: str, item: Item) -> tuple[str, str] | None:
        """Take the name of a file; return name and source of the item that has it already, or None."""
        run = self.connection.execute
        done = run("INSERT OR IGNORE INTO temp.names VALUES (?, ?, ?)", (path, item.name, item.source))
        if done.rowcount == 1:
            return None
        found = run("SELECT name, source FROM temp.names WHERE path = ?", (path,)).fetchone()
        return str(found[0]), str(found[1])


def describe_cause(error: Mapping[str, Any]) -> str:
    """Return the cause of a failure in a line: code, node, first line of the message."""
    message = str(error.get("message", "")).splitlines()
    place = f" at {error['node']}" if error.get("node") else ""
    short = message[0] if message else "no message"
    return f"{error.get('code', 'E999')}{place}: {short if len(short) <= 160 else short[:157] + '...'}"


def _make_row(row: Sequence[Any], outputs: tuple[ItemOutput, ...]) -> ItemRow:
    (_, name, number, source, values, fingerprint, state, attempts, crashes, worker, error, warnings) = row[:12]
    return ItemRow(
        number,
        name,
        source,
        json.loads(values),
        fingerprint,
        state,
        attempts,
        crashes,
        worker,
        json.loads(error) if error else None,
        tuple(json.loads(warnings)) if warnings else (),
        outputs,
        *row[12:],
    )


def _is_dead(host: str, pid: int, silent_seconds: float) -> bool:
    """Say whether a process is gone: it said nothing for long, or it ran here and is not there any more."""
    if silent_seconds > LEASE_SECONDS:
        return True
    if host != socket.gethostname() or sys.platform == "win32":
        return False
    if pid == os.getpid():
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    except OSError:
        return False
    return False
