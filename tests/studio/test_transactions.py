"""What a block changes in a file is written whole or not at all, also where several processes write."""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path

import pytest

from studio.transactions import begin_transaction, enable_wal


def connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    connection.execute("CREATE TABLE IF NOT EXISTS numbers (number INTEGER)")
    return connection


def insert_and_fail(connection: sqlite3.Connection) -> None:
    with begin_transaction(connection):
        connection.execute("INSERT INTO numbers VALUES (3)")
        raise ValueError("no")


def test_a_block_that_raises_or_is_not_kept_changes_nothing(tmp_path: Path) -> None:
    connection = connect(tmp_path / "a.sqlite3")

    with begin_transaction(connection):
        connection.execute("INSERT INTO numbers VALUES (1)")
    with begin_transaction(connection, keep=False):
        connection.execute("INSERT INTO numbers VALUES (2)")
    with pytest.raises(ValueError, match="no"):
        insert_and_fail(connection)

    assert connection.execute("SELECT number FROM numbers").fetchall() == [(1,)]
    connection.close()


def test_a_switch_to_wal_waits_for_who_has_the_file(tmp_path: Path) -> None:
    first, second = connect(tmp_path / "a.sqlite3"), connect(tmp_path / "a.sqlite3")
    second.execute("PRAGMA busy_timeout=0")
    first.execute("BEGIN IMMEDIATE")
    threading.Timer(0.2, first.execute, ["COMMIT"]).start()

    enable_wal(second)

    assert second.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    first.close()
    second.close()
