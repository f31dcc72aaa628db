"""`Leases`: which process runs which items, so that several share a batch and a dead one loses nothing."""

from __future__ import annotations

import json
import os
import socket
import sqlite3
import sys
import time
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from time import monotonic
from typing import Any

from studio.batch.item import Item, ItemResult
from studio.batch.ledger_file import LedgerFile
from studio.batch.own_files import remove_held_files
from studio.surrogates import dump_json

LEASE_SECONDS = 30.0
"""A process that sent no heartbeat for this long loses its leases."""

_MOST_CLOCKS_DIFFER_SECONDS = 24 * 3600

LONGEST_WAIT_SECONDS = 60.0
"""The longest wait before an item is tried again; a longer one comes from a clock that is ahead, and is ignored."""

_MAY_RUN = f"(not_before <= ? OR not_before > ? + {LONGEST_WAIT_SECONDS})"


@dataclass(frozen=True)
class Lease:
    """An item that this process runs, until it reports it, returns it or dies.

    Attributes:
        id: The item's row.
        claim: Number of this claim of the item. Each claim has the next number, so that a result of an earlier one
            does not count, though the same process made both.
        item: The item.
        attempts: How often it failed.
        crashes: How often a worker died while it ran this item alone.
    """

    id: int
    claim: int
    item: Item
    attempts: int
    crashes: int


class Leases:
    """One process's part in a ledger. It joins, claims items, and sends a heartbeat every few seconds.

    When a process dies, or is silent for `LEASE_SECONDS`, its items become pending again; so does an item that changes
    in the table. What a claim that was lost reports later does not count. Every method may be called from any thread.

    Clocks of several processes may differ by hours. How long a process is silent is measured by the clock of the one
    that waits for it; who looks for the first time believes only a silence of more than a day.

    Attributes:
        worker: Name of this process in the ledger; "" before it joined.
        table: Digest of the items that this process imported; "" for none. It claims no items of another table.
    """

    def __init__(self, file: LedgerFile) -> None:
        self.worker = ""
        self.table = ""
        self._file = file
        self._heard: dict[str, tuple[float, float]] = {}

    # -- taking part -----------------------------------------------------------------------------------

    def join(self) -> str:
        """Take part in the work; return this process's name in the ledger."""
        self.worker = f"{socket.gethostname()}-{os.getpid()}-{uuid.uuid4().hex[:6]}"
        self.send_heartbeat()
        self.reclaim()
        return self.worker

    def send_heartbeat(self) -> None:
        """Record that this process is alive; call it every few seconds.

        A process that was taken for dead takes part again. What it had then is lost; what it claims later is its own.
        """
        with self._file.transaction() as connection:
            self._take_part(connection)
            row = (time.time(), socket.gethostname(), os.getpid(), self.worker)
            connection.execute("UPDATE workers SET seen = ?, host = ?, pid = ? WHERE id = ?", row)

    def _take_part(self, connection: sqlite3.Connection) -> None:
        """List this process among those that take part, unless it has left."""
        if self.worker:
            now = time.time()
            row = (self.worker, socket.gethostname(), os.getpid(), now, now)
            connection.execute("INSERT OR IGNORE INTO workers VALUES (?, ?, ?, ?, ?)", row)

    def leave(self) -> None:
        """Return what this process has not finished, and stop taking part."""
        if not self.worker:
            return
        with self._file.transaction() as connection:
            connection.execute(
                "UPDATE items SET state = 'pending', worker = NULL, updated = ? WHERE worker = ? AND state = 'running'",
                (time.time(), self.worker),
            )
            connection.execute("DELETE FROM workers WHERE id = ?", (self.worker,))
            self.worker = ""  # within the transaction, so that no heartbeat comes after it

    def reclaim(self) -> int:
        """Make the items of processes that died pending again; return how many there were."""
        now = time.time()
        with self._file.transaction() as connection:
            rows = connection.execute("SELECT id, host, pid, seen FROM workers").fetchall()
            dead = [row[0] for row in rows if row[0] != self.worker and self._is_dead(*row)]
            connection.execute("DELETE FROM workers WHERE id IN (SELECT value FROM json_each(?))", (json.dumps(dead),))
            freed = connection.execute(
                "UPDATE items SET state = 'pending', worker = NULL, updated = ? "
                "WHERE state = 'running' AND worker NOT IN (SELECT id FROM workers)",
                (now,),
            )
        return freed.rowcount

    def count_other_workers(self) -> int:
        """Return how many other processes take part."""
        with self._file.reading() as connection:
            query = "SELECT id, host, pid, seen FROM workers WHERE id <> ?"
            rows = connection.execute(query, (self.worker,)).fetchall()
            return sum(not self._is_dead(*row) for row in rows)

    def _is_dead(self, worker: str, host: str, pid: int, seen: float) -> bool:
        """Say whether a process is gone: it was silent for long, or it ran on this machine and exists no more."""
        return self._measure_silence(worker, seen) > LEASE_SECONDS or _has_ended(host, pid)

    def _measure_silence(self, worker: str, seen: float) -> float:
        """Return how long a process has sent no heartbeat, as far as this one has waited for it."""
        last, since = self._heard.get(worker, (None, 0.0))
        now = monotonic()
        if last == seen:
            return now - since
        silence = time.time() - seen if last is None else 0.0
        if silence > _MOST_CLOCKS_DIFFER_SECONDS:
            return silence
        self._heard[worker] = (seen, now)
        return 0.0

    def is_table_replaced(self) -> bool:
        """Return whether another process has imported other items than this one."""
        with self._file.reading() as connection:
            return self._is_table_replaced(connection)

    def _is_table_replaced(self, connection: sqlite3.Connection) -> bool:
        row = connection.execute("SELECT value FROM batch WHERE key = 'table'").fetchone()
        return bool(self.table) and row is not None and json.loads(row[0]) != self.table

    # -- items -----------------------------------------------------------------------------------------

    def claim(self, limit: int) -> list[Lease]:
        """Lease up to `limit` pending items, in the order of the table."""
        now = time.time()
        with self._file.transaction() as connection:
            self._take_part(connection)
            if self._is_table_replaced(connection):
                return []
            rows = connection.execute(
                "UPDATE items SET state = 'running', worker = ?, claim = claim + 1, started = ?, updated = ? "
                "WHERE id IN "
                f"(SELECT id FROM items WHERE state = 'pending' AND {_MAY_RUN} ORDER BY number LIMIT ?) "
                "RETURNING id, claim, number, name, vals, source, attempts, crashes",
                (self.worker, now, now, now, now, limit),
            ).fetchall()
        rows.sort(key=lambda row: row[2])
        return [Lease(r[0], r[1], Item(r[2], r[3], json.loads(r[4]), r[5]), r[6], r[7]) for r in rows]

    def find_wait(self) -> float | None:
        """Return the seconds until the next item may be tried again; None if no item is pending."""
        with self._file.reading() as connection:
            row = connection.execute("SELECT min(not_before) FROM items WHERE state = 'pending'").fetchone()
        if row[0] is None:
            return None
        wait = float(row[0]) - time.time()
        return max(0.0, wait) if wait <= LONGEST_WAIT_SECONDS else 0.0

    def count_running_elsewhere(self) -> int:
        """Return how many items other processes run."""
        with self._file.reading() as connection:
            query = "SELECT count(*) FROM items WHERE state = 'running' AND worker <> ?"
            return int(connection.execute(query, (self.worker,)).fetchone()[0])

    def count_crash(self, lease: Lease) -> Lease:
        """Record that a worker died while it ran this item alone; return the lease with one crash more."""
        with self._file.transaction() as connection:
            connection.execute(
                "UPDATE items SET crashes = crashes + 1 "
                "WHERE id = ? AND state = 'running' AND worker = ? AND claim = ?",
                (lease.id, self.worker, lease.claim),
            )
        return replace(lease, crashes=lease.crashes + 1)

    def complete(self, finished: Iterable[tuple[Lease, ItemResult]]) -> list[Lease]:
        """Record results; return the leases that were lost, whose results do not count."""
        now = time.time()
        with self._file.transaction() as connection:
            return [lease for lease, result in finished if not self._complete(connection, lease, result, now)]

    def _complete(self, connection: sqlite3.Connection, lease: Lease, result: ItemResult, now: float) -> bool:
        error = dump_json(result.error) if result.error is not None else None
        warnings = dump_json(result.warnings) if result.warnings else None
        read = dump_json(result.read) if result.read else None
        checks = dump_json(result.checks) if result.checks else None
        row = (str(result.state), error, warnings, result.seconds, result.calls, result.cached, read, checks, now, now)
        done = connection.execute(
            "UPDATE items SET state = ?, error = ?, warnings = ?, seconds = ?, calls = ?, cached = ?, read = ?, "
            "checks = ?, finished = ?, updated = ?, attempts = attempts + 1 "
            "WHERE id = ? AND state = 'running' AND worker = ? AND claim = ?",
            (*row, lease.id, self.worker, lease.claim),
        )
        if done.rowcount != 1:
            self._undo_overwritten(connection, lease, result)
            return False
        had = {path for (path,) in connection.execute("SELECT path FROM outputs WHERE item = ?", (lease.id,))}
        remove_held_files(self._file.folder, had - {output.path for output in result.outputs})
        connection.execute("DELETE FROM outputs WHERE item = ?", (lease.id,))
        connection.executemany(
            "INSERT INTO outputs VALUES (?, ?, ?, ?, ?, ?, ?)",
            [(lease.id, n, o.output, o.path, o.digest, o.bytes, o.kind) for n, o in enumerate(result.outputs)],
        )
        return True

    def _undo_overwritten(self, connection: sqlite3.Connection, lease: Lease, result: ItemResult) -> None:
        """Make an item pending again if the files of a lost lease were written over those that are recorded."""
        recorded = dict(connection.execute("SELECT path, digest FROM outputs WHERE item = ?", (lease.id,)))
        if any(recorded.get(output.path, output.digest) != output.digest for output in result.outputs):
            connection.execute(
                "UPDATE items SET state = 'pending', worker = NULL, updated = ? "
                "WHERE id = ? AND state IN ('done', 'held')",
                (time.time(), lease.id),
            )

    def give_back(
        self,
        leases: Iterable[Lease],
        *,
        delay_seconds: float = 0.0,
        failed: Mapping[str, Any] | None = None,
    ) -> None:
        """Make leased items pending again; leases that were lost change nothing.

        Args:
            leases: Which.
            delay_seconds: Not before this time has passed.
            failed: The error of an attempt that counts.
        """
        now = time.time()
        error = dump_json(failed) if failed is not None else None
        row = (now + delay_seconds, now, int(failed is not None), error)
        with self._file.transaction() as connection:
            connection.executemany(
                "UPDATE items SET state = 'pending', worker = NULL, not_before = ?, updated = ?, "
                "attempts = attempts + ?, error = coalesce(?, error) "
                "WHERE id = ? AND state = 'running' AND worker = ? AND claim = ?",
                [(*row, lease.id, self.worker, lease.claim) for lease in leases],
            )


def _has_ended(host: str, pid: int) -> bool:
    """Return whether a process ran on this machine and exists no more."""
    if host != socket.gethostname() or sys.platform == "win32" or pid == os.getpid():
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    except OSError:  # it exists and belongs to another user
        return False
    return False
