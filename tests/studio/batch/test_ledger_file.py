"""The SQLite file of a batch: durable, shared, and of one format."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from studio.batch.ledger import Ledger
from studio.batch.ledger_file import FORMAT, LEDGER_NAME, LedgerFile
from studio.errors import RunError, UsageError
from tests.studio.batch.ledgers import copy_old_ledger, find_states, finish, import_names


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
    with pytest.raises(UsageError, match="contains no batch"):
        Ledger(tmp_path)
    broken = tmp_path / ".studio/ledger.sqlite3"
    broken.parent.mkdir()
    broken.write_text("this is no database, however long one looks at it" * 100, encoding="utf-8")

    with pytest.raises(RunError, match="not a database"):
        Ledger(tmp_path)


@pytest.mark.parametrize("left", ["closed", "killed", "earlier format"])
def test_a_batch_is_read_where_nothing_can_be_written(tmp_path: Path, file_modes_hold: None, left: str) -> None:
    if left == "earlier format":
        copy_old_ledger(tmp_path)
        names = set(find_names(tmp_path))
        shutil.rmtree(tmp_path / ".studio")
        copy_old_ledger(tmp_path)
    else:
        names = {"a", "b"}
        with Ledger(tmp_path, create=True) as ledger:
            import_names(ledger, *names)
            if left == "killed":  # what a killed process leaves: rows that are in the log alone
                for path in (tmp_path / ".studio").iterdir():
                    shutil.copyfile(path, tmp_path / path.name)
    if left == "killed":
        shutil.rmtree(tmp_path / ".studio")
        (tmp_path / ".studio").mkdir()
        for name in ("ledger.sqlite3", "ledger.sqlite3-wal"):
            shutil.move(tmp_path / name, tmp_path / ".studio" / name)
    before = {path: path.read_bytes() for path in (tmp_path / ".studio").iterdir()}
    for path, mode in [*((path, 0o444) for path in before), (tmp_path / ".studio", 0o555), (tmp_path, 0o555)]:
        path.chmod(mode)

    found = find_names(tmp_path)

    for folder in (tmp_path, tmp_path / ".studio"):
        folder.chmod(0o755)
    assert set(found) == names
    assert {path: path.read_bytes() for path in (tmp_path / ".studio").iterdir()} == before


def find_names(folder: Path) -> list[str]:
    """Return the names of the items that a ledger holds."""
    with Ledger(folder) as ledger:
        return [row.name for row in ledger.items()]


def test_a_ledger_of_a_newer_studio_is_left_alone(tmp_path: Path) -> None:
    Ledger(tmp_path, create=True).close()
    with sqlite3.connect(tmp_path / ".studio/ledger.sqlite3") as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()

    with pytest.raises(RunError, match="version 99"):
        Ledger(tmp_path)


def test_processes_that_begin_a_batch_at_once_do_not_get_in_each_others_way(tmp_path: Path) -> None:
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
    assert read_pragma(file, "user_version") == FORMAT == 4
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


# -- ledgers of an earlier release -------------------------------------------------------------------------


def read_all(path: Path) -> tuple[int, list[str], dict[str, list[dict[str, Any]]]]:
    """Return the format of a ledger, the columns of its items, and all rows by table."""
    with closing(sqlite3.connect(path)) as connection:
        connection.row_factory = sqlite3.Row
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        columns = [row["name"] for row in connection.execute("PRAGMA table_info(items)")]
        tables = ("batch", "workers", "items", "outputs")
        return version, columns, {name: list(map(dict, connection.execute(f"SELECT * FROM {name}"))) for name in tables}


def test_a_ledger_of_format_1_gets_columns_and_keeps_its_rows(tmp_path: Path) -> None:
    path = copy_old_ledger(tmp_path)
    version, columns, before = read_all(path)
    assert (version, len(before["items"])) == (1, 7)

    LedgerFile(tmp_path).close()

    unclaimed = {**before, "items": [{**row, "claim": 0, "read": None, "checks": None} for row in before["items"]]}
    assert read_all(path) == (4, [*columns, "claim", "read", "checks"], unclaimed)


def test_a_ledger_of_format_2_gets_what_items_read(tmp_path: Path) -> None:
    path = copy_old_ledger(tmp_path)
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(
            "ALTER TABLE items ADD COLUMN claim INTEGER NOT NULL DEFAULT 0; PRAGMA user_version = 2"
        )
    _, columns, _ = read_all(path)

    LedgerFile(tmp_path).close()

    assert read_all(path)[:2] == (4, [*columns, "read", "checks"])


def test_a_new_ledger_has_the_same_tables_as_one_of_format_1_that_was_opened(tmp_path: Path) -> None:
    copy_old_ledger(tmp_path / "old")
    for name in ("old", "new"):
        LedgerFile(tmp_path / name, create=True).close()

    old, new = (read_all(tmp_path / name / LEDGER_NAME)[1] for name in ("old", "new"))

    assert sorted(old) == sorted(new)


def test_a_process_that_is_killed_as_it_opens_a_ledger_of_format_1_leaves_it_whole(tmp_path: Path) -> None:
    path = copy_old_ledger(tmp_path)
    before = read_all(path)
    code = (
        f"import sys, os, sqlite3; sys.path[:0] = {[p for p in sys.path if p]!r}\n"
        "from pathlib import Path; from studio.batch import ledger_file\n"
        "def die(text): text.startswith('PRAGMA user_version=') and os._exit(9)\n"
        "class Connection(sqlite3.Connection):\n"
        "    def __init__(self, *args, **more): super().__init__(*args, **more); self.set_trace_callback(die)\n"
        "connect = sqlite3.connect\n"
        "sqlite3.connect = lambda *args, **more: connect(*args, factory=Connection, **more)\n"
        f"ledger_file.LedgerFile(Path({str(tmp_path)!r}))"
    )

    ended = subprocess.run([sys.executable, "-c", code], check=False)

    assert ended.returncode == 9
    assert read_all(path) == before
    LedgerFile(tmp_path).close()
    assert read_all(path)[0] == FORMAT


def test_two_processes_that_open_a_ledger_of_format_1_at_once_both_can(tmp_path: Path) -> None:
    """The second has read format 1, and comes to change it when the first has done so."""
    path = copy_old_ledger(tmp_path)

    class Second(LedgerFile):
        @contextmanager
        def transaction(self, *, keep: bool = True) -> Iterator[sqlite3.Connection]:
            LedgerFile(tmp_path).close()
            with super().transaction(keep=keep) as connection:
                yield connection

    Second(tmp_path).close()

    version, columns, _ = read_all(path)
    assert (version, columns.count("claim")) == (FORMAT, 1)


def test_many_processes_that_open_a_ledger_of_format_1_at_once_share_it(tmp_path: Path) -> None:
    for number in range(5):
        folder = tmp_path / str(number)
        path = copy_old_ledger(folder)
        with ThreadPoolExecutor(6) as pool:
            list(pool.map(lambda _, folder=folder: LedgerFile(folder).close(), range(6)))
        assert read_all(path)[0] == FORMAT


def test_a_process_of_an_earlier_release_that_works_meanwhile_can_finish(tmp_path: Path) -> None:
    """It knows nothing of claims; its statements are those of format 1."""
    with closing(sqlite3.connect(copy_old_ledger(tmp_path), isolation_level=None)) as old, Ledger(tmp_path) as ledger:
        old.execute("INSERT INTO workers VALUES ('old', 'elsewhere', 1, ?, ?)", (time.time(), time.time()))
        old.execute("UPDATE items SET state = 'running', worker = 'old' WHERE name = 'late'")
        ledger.leases.join()
        finish(ledger, 9)
        done = old.execute(
            "UPDATE items SET state = 'done' WHERE name = 'late' AND state = 'running' AND worker = 'old'"
        )

        assert done.rowcount == 1
        assert find_states(ledger)["late"] == "done"


def test_a_link_out_of_the_folder_is_followed_neither_to_create_a_ledger_nor_to_read_one(tmp_path: Path) -> None:
    Ledger(tmp_path / "other", create=True).close()
    (tmp_path / "out").mkdir()
    (tmp_path / "out/.studio").symlink_to(tmp_path / "other/.studio")

    for create in (True, False):
        with pytest.raises(RunError, match="E313"):
            Ledger(tmp_path / "out", create=create)


@pytest.mark.parametrize("suffix", ["-wal", "-shm", "-journal"])
def test_what_sqlite_writes_beside_a_ledger_stays_in_the_folder(tmp_path: Path, suffix: str) -> None:
    folder, outside = tmp_path / "batch", tmp_path / "notes.txt"
    with Ledger(folder, create=True) as ledger:
        import_names(ledger, "a")
    outside.write_text("mine", encoding="utf-8")
    (folder / f"{LEDGER_NAME}{suffix}").unlink(missing_ok=True)
    (folder / f"{LEDGER_NAME}{suffix}").symlink_to(outside)

    with pytest.raises(RunError, match="leaves the output folder") as error:
        LedgerFile(folder)

    assert error.value.code == "E313"
    assert outside.read_text(encoding="utf-8") == "mine"


@pytest.mark.parametrize(
    "code",
    [
        "CREATE TRIGGER t AFTER UPDATE ON items BEGIN UPDATE items SET vals = '{}'; END",
        "CREATE VIEW v AS SELECT * FROM items",
    ],
)
def test_a_ledger_with_code_in_it_is_refused(tmp_path: Path, code: str) -> None:
    with Ledger(tmp_path, create=True) as ledger:
        ledger.file.connection.execute(code)

    with pytest.raises(RunError, match="the ledger contains a") as error:
        LedgerFile(tmp_path)

    assert error.value.code == "E742"
