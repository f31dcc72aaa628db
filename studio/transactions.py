"""Transactions in SQLite files that several processes write."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager

_WAL_SECONDS = 30.0


@contextmanager
def begin_transaction(connection: sqlite3.Connection, *, keep: bool = True) -> Iterator[None]:
    """Write all changes of the block or, if it raises, none.

    Args:
        connection: A connection without transactions of its own (`isolation_level=None`).
        keep: Whether to write the changes; else they are undone at the end.
    """
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT" if keep else "ROLLBACK")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def enable_wal(connection: sqlite3.Connection) -> None:
    """Switch the file to WAL; SQLite does not wait by itself while another process does the same."""
    deadline = time.monotonic() + _WAL_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > deadline:
                raise
            time.sleep(0.02)
