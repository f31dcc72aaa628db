"""The ledger: rows that last, leases that come back, tables that change."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from studio.batch.item import Item, ItemOutput, ItemResult
from studio.batch.leases import LEASE_SECONDS
from studio.batch.ledger import Ledger
from studio.errors import RunError


def take_in(ledger: Ledger, *names: str, fingerprint: str = "f", **values: int) -> None:
    with ledger.import_items() as importing:
        for index, name in enumerate(names):
            importing.add(Item(index, name, values, f"items.csv:{index + 2}"), fingerprint)


def take_in_half(ledger: Ledger) -> None:
    with ledger.import_items() as importing:
        importing.add(Item(0, "x"), "f")
        raise RuntimeError("a bad row")


def finish(ledger: Ledger, count: int = 1, state: str = "done") -> None:
    leases = ledger.leases.claim(count)
    error = {"code": "E301", "message": "nope"} if state == "failed" else None
    ledger.leases.complete([(lease, ItemResult(lease.item.index, state, error=error)) for lease in leases])  # type: ignore[arg-type]


def find_states(ledger: Ledger) -> dict[str, str]:
    return {row.name: row.state for row in ledger.items(states=("pending", "running", "done", "failed", "removed"))}


def test_items_are_leased_in_order_and_once(tmp_path: Path) -> None:
    with Ledger(tmp_path, create=True) as first, Ledger(tmp_path) as second:
        take_in(first, "a", "b", "c")
        first.leases.join()
        second.leases.join()

        mine, theirs = first.leases.claim(2), second.leases.claim(2)

        assert [lease.item.name for lease in mine] == ["a", "b"]
        assert [lease.item.name for lease in theirs] == ["c"]
        assert second.leases.claim(1) == []


def test_what_was_done_is_not_done_again_after_the_ledger_was_closed(tmp_path: Path) -> None:
    with Ledger(tmp_path, create=True) as ledger:
        take_in(ledger, "a", "b")
        ledger.leases.join()
        finish(ledger)

    with Ledger(tmp_path) as ledger:
        take_in(ledger, "a", "b")
        ledger.leases.join()

        assert [lease.item.name for lease in ledger.leases.claim(9)] == ["b"]


def test_only_items_whose_fingerprint_changed_are_done_again(tmp_path: Path) -> None:
    with Ledger(tmp_path, create=True) as ledger:
        take_in(ledger, "a", "b")
        ledger.leases.join()
        finish(ledger, 2)

        with ledger.import_items() as importing:
            importing.add(Item(0, "a"), "f")
            importing.add(Item(1, "b"), "another")

        assert find_states(ledger) == {"a": "done", "b": "pending"}
        assert (importing.summary.kept, importing.summary.changed) == (1, 1)


def test_an_item_whose_file_is_gone_is_done_again(tmp_path: Path) -> None:
    with Ledger(tmp_path, create=True) as ledger:
        take_in(ledger, "a")
        ledger.leases.join()
        lease = ledger.leases.claim(1)[0]
        ledger.leases.complete([(lease, ItemResult(0, "done", (ItemOutput("o", "a.png", "d" * 64, 3, "image"),)))])
        (tmp_path / "a.png").write_bytes(b"abc")
        take_in(ledger, "a")
        kept = find_states(ledger)
        (tmp_path / "a.png").unlink()

        take_in(ledger, "a")

        assert (kept, find_states(ledger)) == ({"a": "done"}, {"a": "pending"})


def test_items_that_left_the_table_are_removed_and_come_back(tmp_path: Path) -> None:
    with Ledger(tmp_path, create=True) as ledger:
        take_in(ledger, "a", "b")
        take_in(ledger, "b")
        without = find_states(ledger)
        total = ledger.summary().total

        take_in(ledger, "a", "b")

        assert without == {"a": "removed", "b": "pending"}
        assert total == 1
        assert find_states(ledger) == {"a": "pending", "b": "pending"}


def test_a_table_that_is_wrong_leaves_the_ledger_as_it_was(tmp_path: Path) -> None:
    with Ledger(tmp_path, create=True) as ledger:
        take_in(ledger, "a")

        with pytest.raises(RuntimeError):
            take_in_half(ledger)

        assert find_states(ledger) == {"a": "pending"}


def test_the_items_of_a_process_that_was_killed_come_back_at_once(tmp_path: Path) -> None:
    with Ledger(tmp_path, create=True) as ledger:
        take_in(ledger, "a", "b")
        ledger.leases.join()
        code = (
            f"import sys, os; sys.path[:0] = {[p for p in sys.path if p]!r}\n"
            "from pathlib import Path; from studio.batch.ledger import Ledger\n"
            f"ledger = Ledger(Path({str(tmp_path)!r})); ledger.leases.join(); ledger.leases.claim(1); os._exit(9)"
        )
        subprocess.run([sys.executable, "-c", code], check=False)
        held = find_states(ledger)

        freed = ledger.leases.reclaim()

        assert held == {"a": "running", "b": "pending"}
        assert freed == 1
        assert [lease.item.name for lease in ledger.leases.claim(2)] == ["a", "b"]


def test_the_items_of_a_process_elsewhere_come_back_when_it_is_silent(tmp_path: Path) -> None:
    with Ledger(tmp_path, create=True) as ledger, Ledger(tmp_path) as other:
        take_in(ledger, "a")
        ledger.leases.join()
        other.leases.join()
        lease = other.leases.claim(1)[0]
        ledger.file.connection.execute("UPDATE workers SET host = 'elsewhere' WHERE id = ?", (other.leases.worker,))
        before = ledger.leases.reclaim()
        ledger.file.connection.execute(
            "UPDATE workers SET seen = seen - ? WHERE id = ?", (LEASE_SECONDS + 1, other.leases.worker)
        )

        assert (before, ledger.leases.reclaim()) == (0, 1)
        finish(ledger)
        late = other.leases.complete([(lease, ItemResult(0, "failed"))])

        assert late == [lease]
        assert find_states(ledger) == {"a": "done"}


def test_a_heartbeat_keeps_a_lease(tmp_path: Path) -> None:
    with Ledger(tmp_path, create=True) as ledger, Ledger(tmp_path) as other:
        take_in(ledger, "a")
        ledger.leases.join()
        other.leases.join()
        other.leases.claim(1)
        ledger.file.connection.execute("UPDATE workers SET host = 'elsewhere', seen = seen - 60")
        other.leases.send_heartbeat()

        assert ledger.leases.reclaim() == 0


def test_a_failed_item_waits_before_it_is_tried_again(tmp_path: Path) -> None:
    with Ledger(tmp_path, create=True) as ledger:
        take_in(ledger, "a")
        ledger.leases.join()

        ledger.leases.give_back(ledger.leases.claim(1), delay_seconds=100, failed={"code": "E301", "message": "nope"})

        assert ledger.leases.claim(1) == []
        assert 90 < (ledger.leases.find_wait() or 0) <= 100
        assert next(ledger.items()).attempts == 1


def test_failed_items_can_be_put_back(tmp_path: Path) -> None:
    with Ledger(tmp_path, create=True) as ledger:
        take_in(ledger, "a", "b")
        ledger.leases.join()
        finish(ledger, state="failed")
        finish(ledger)

        assert ledger.retry_failed() == 1
        assert find_states(ledger) == {"a": "pending", "b": "done"}


def test_the_summary_groups_failures_that_differ_in_names_and_numbers(tmp_path: Path) -> None:
    with Ledger(tmp_path, create=True) as ledger:
        take_in(ledger, "a", "b", "c")
        ledger.leases.join()
        told = ["'x.png' has 3 bytes", "'y.png' has 44 bytes", "the moon is full"]
        for lease, message in zip(ledger.leases.claim(3), told, strict=True):
            error = {"code": "E500", "message": message, "node": "read"}
            ledger.leases.complete([(lease, ItemResult(lease.item.index, "failed", error=error))])

        causes = ledger.summary().causes

        assert causes == (
            ("E500 at read: 'x.png' has 3 bytes", 2, "a"),
            ("E500 at read: the moon is full", 1, "c"),
        )


def test_rows_are_read_a_few_at_a_time_and_in_order(tmp_path: Path) -> None:
    with Ledger(tmp_path, create=True) as ledger:
        names = [f"n{number}" for number in range(1201)]
        take_in(ledger, *names)

        assert [row.name for row in ledger.items()] == names
        assert [row.name for row in ledger.items(names=["n7", "n900"])] == ["n7", "n900"]


def test_a_full_disk_is_told_and_nothing_is_lost(tmp_path: Path) -> None:
    with Ledger(tmp_path, create=True) as ledger:
        take_in(ledger, "a")
        pages = ledger.file.connection.execute("PRAGMA page_count").fetchone()[0]
        ledger.file.connection.execute(f"PRAGMA max_page_count = {pages}")

        with pytest.raises(RunError, match="full") as error:
            take_in(ledger, *(f"n{number}" for number in range(5000)))

        assert error.value.code == "E742"
        assert find_states(ledger) == {"a": "pending"}


def test_a_folder_without_a_batch_and_a_broken_ledger_are_told(tmp_path: Path) -> None:
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
