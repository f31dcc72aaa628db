"""The SQLite file of a batch: durable, shared, and of one format."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from studio.batch.ledger import Ledger
from studio.batch.ledger_file import FORMAT, LEDGER_NAME, LedgerFile
from studio.errors import RunError
from tests.studio.batch.ledgers import (
    find_states,
    import_names,
)


def test_a_full_disk_is_reported_and_nothing_is_lost(tmp_path: Path) -> None:
    with Ledger(tmp_path, create=True) as ledger:
        import_names(ledger, "a")
        pages = ledger.file.connection.execute("PRAGMA page_count").fetchone()[0]
        ledger.file.connection.execute(f"PRAGMA max_page_count = {pages}")

        with pytest.raises(RunError, match="full") as error:
            import_names(ledger, *(f"n{number}" for number in range(5000)))

        assert error.value.code == "E742"
        assert find_states(ledger) == {"a": "pending"}


def test_a_folder_without_a_batch_and_a_broken_ledger_are_reported(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="contains no batch"):
        Ledger(tmp_path)
    broken = tmp_path / ".studio/ledger.sqlite3"
    broken.parent.mkdir()
    broken.write_text("this is no database, however long one looks at it" * 100)

    with pytest.raises(RunError, match="not a database"):
        Ledger(tmp_path)


def test_a_ledger_of_a_newer_studio_is_left_alone(tmp_path: Path) -> None:
    Ledger(tmp_path, create=True).close()
    with sqlite3.connect(tmp_path / ".studio/ledger.sqlite3") as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()

    with pytest.raises(RunError, match="version 99"):
        Ledger(tmp_path)


def test_processes_that_begin_a_batch_at_once_do_not_get_in_each_others_way(tmp_path: Path) -> None:
    from concurrent.futures import ThreadPoolExecutor

    def open_all(number: int) -> int:
        with ThreadPoolExecutor(6) as pool:
            made = pool.map(lambda _: Ledger(tmp_path / str(number), create=True).close(), range(6))
        return len(list(made))

    assert [open_all(number) for number in range(10)] == [6] * 10


def read_pragma(file: LedgerFile, name: str) -> Any:
    with file.reading() as connection:
        return connection.execute(f"PRAGMA {name}").fetchone()[0]


def test_a_ledger_survives_the_loss_of_power_and_the_death_of_a_process(tmp_path: Path) -> None:
    """In WAL mode, "normal" syncs the log before each checkpoint, so that a power cut cannot damage the file."""
    for create in (True, False):
        file = LedgerFile(tmp_path, create=create)

        assert read_pragma(file, "synchronous") == 1
        assert read_pragma(file, "journal_mode") == "wal"
        file.close()


def test_the_outputs_of_an_item_go_with_it(tmp_path: Path) -> None:
    file = LedgerFile(tmp_path, create=True)

    assert read_pragma(file, "foreign_keys") == 1
    assert read_pragma(file, "user_version") == FORMAT == 1
    file.close()


def test_the_log_of_a_ledger_that_was_deleted_does_not_reach_the_next_one(tmp_path: Path) -> None:
    with Ledger(tmp_path / "old", create=True) as old:
        import_names(old, "stale")
        (tmp_path / "new/.studio").mkdir(parents=True)
        for suffix in ("-wal", "-shm"):  # a ledger that is open has them; its own file is left out
            shutil.copy(f"{old.file.path}{suffix}", f"{tmp_path / 'new' / LEDGER_NAME}{suffix}")

    with Ledger(tmp_path / "new", create=True) as ledger:
        import_names(ledger, "fresh")

    with Ledger(tmp_path / "new") as ledger:
        assert find_states(ledger) == {"fresh": "pending"}
        assert read_pragma(ledger.file, "integrity_check") == "ok"


def change_and_raise(file: LedgerFile) -> None:
    with file.transaction() as connection:
        connection.execute("INSERT INTO batch VALUES ('a', '1')")
        raise KeyError("on purpose")


def test_a_transaction_that_raises_changes_nothing_and_the_next_one_works(tmp_path: Path) -> None:
    with Ledger(tmp_path, create=True) as ledger:
        with pytest.raises(KeyError):
            change_and_raise(ledger.file)
        ledger.store(b=2)

        assert ledger.describe() == {"b": 2}


def test_what_another_process_wrote_is_seen_at_once(tmp_path: Path) -> None:
    with Ledger(tmp_path, create=True) as first, Ledger(tmp_path) as second:
        first.store(a=1)

        assert second.describe() == {"a": 1}
