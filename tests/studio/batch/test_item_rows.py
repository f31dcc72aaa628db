"""Reading rows and the summary of a ledger."""

from __future__ import annotations

from pathlib import Path

import pytest

from studio.batch.item import Item, ItemOutput, ItemResult, ItemState
from studio.batch.item_rows import describe_cause
from studio.batch.ledger import Ledger
from studio.errors import RunError
from tests.studio.batch.ledgers import (
    ERROR,
    finish,
    import_names,
)


def test_the_summary_groups_failures_that_differ_in_names_and_numbers(tmp_path: Path) -> None:
    with Ledger(tmp_path, create=True) as ledger:
        import_names(ledger, "a", "b", "c")
        ledger.leases.join()
        messages = ["'x.png' has 3 bytes", "'y.png' has 44 bytes", "the moon is full"]
        for lease, message in zip(ledger.leases.claim(3), messages, strict=True):
            error = {"code": "E500", "message": message, "node": "read"}
            ledger.leases.complete([(lease, ItemResult(lease.item.index, ItemState.FAILED, error=error))])

        causes = ledger.summary().causes

        assert causes == (
            ("E500 at read: 'x.png' has 3 bytes", 2, "a"),
            ("E500 at read: the moon is full", 1, "c"),
        )


def test_rows_are_read_a_few_at_a_time_and_in_order(tmp_path: Path) -> None:
    with Ledger(tmp_path, create=True) as ledger:
        names = [f"n{number}" for number in range(1201)]
        import_names(ledger, *names)

        assert [row.name for row in ledger.items()] == names
        assert [row.name for row in ledger.items(names=["n7", "n900"])] == ["n7", "n900"]


def test_a_row_holds_all_that_is_known_of_an_item(tmp_path: Path) -> None:
    outputs = (ItemOutput("o", "a.png", "d" * 64, 3, "image"), ItemOutput("p", "a.txt", "e" * 64, 4, "text"))
    result = ItemResult(0, ItemState.DONE, outputs, None, 1.5, 7, 2, ("careful",))
    with Ledger(tmp_path, create=True) as ledger:
        with ledger.import_items() as importing:
            importing.add(Item(0, "a", {"seed": 3, "word": "é"}, "items.csv:2"), "f")
        worker = ledger.leases.join()
        ledger.leases.complete([(ledger.leases.claim(1)[0], result)])

        (row,) = ledger.items()

    assert (row.index, row.name, row.source, row.values) == (0, "a", "items.csv:2", {"seed": 3, "word": "é"})
    assert (row.state, row.attempts, row.crashes, row.worker, row.error) == ("done", 1, 0, worker, None)
    assert (row.seconds, row.calls, row.cached, row.warnings, row.outputs) == (1.5, 7, 2, ("careful",), outputs)
    assert row.started is not None
    assert row.finished is not None
    assert row.started <= row.finished <= row.updated
    assert row.to_json()["outputs"][1]["path"] == "a.txt"


def test_the_summary_counts_items_by_state_and_adds_up_what_finished_ones_took(tmp_path: Path) -> None:
    with Ledger(tmp_path, create=True) as ledger:
        import_names(ledger, "a", "b", "c", "d", "gone")
        import_names(ledger, "a", "b", "c", "d")
        ledger.leases.join()
        first, second, _ = ledger.leases.claim(3)
        outputs = (ItemOutput("o", "a.png", "d" * 64, 30, "image"), ItemOutput("o", "b.png", "d" * 64, 12, "image"))
        ledger.leases.complete([(first, ItemResult(0, ItemState.DONE, outputs, None, 1.5, 7, 2))])
        ledger.leases.complete([(second, ItemResult(1, ItemState.FAILED, (), ERROR, 0.5, 3, 1))])

        summary = ledger.summary()

    assert summary.counts == {"pending": 1, "running": 1, "done": 1, "failed": 1, "held": 0, "removed": 1}
    assert (summary.total, summary.calls, summary.cached, summary.seconds, summary.bytes) == (4, 10, 3, 2.0, 42)


def test_only_rows_that_changed_since_a_time_are_read(tmp_path: Path) -> None:
    with Ledger(tmp_path, create=True) as ledger:
        import_names(ledger, "a", "b")
        ledger.leases.join()
        before = max(row.updated for row in ledger.items())
        finish(ledger)
        changed = next(row.updated for row in ledger.items() if row.name == "a")

        assert [row.name for row in ledger.items(updated_since=changed)] == ["a"]
        assert [row.name for row in ledger.items(updated_since=before)] == ["a", "b"]


@pytest.mark.parametrize(
    ("error", "cause"),
    [
        ({"code": "E301", "message": "one\ntwo", "node": "paint"}, "E301 at paint: one"),
        ({"message": ""}, "E999: no message"),
        ({"code": "E1", "message": "x" * 161}, "E1: " + "x" * 157 + "..."),
        ({"code": "E1", "message": "x" * 160}, "E1: " + "x" * 160),
    ],
)
def test_a_cause_is_one_short_line(error: dict[str, str], cause: str) -> None:
    assert describe_cause(error) == cause


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE items SET vals = '[1'",
        "UPDATE items SET vals = '[]'",
        "UPDATE items SET name = x'00'",
        "UPDATE items SET number = 'first'",
        "UPDATE items SET state = 'resting'",
        "UPDATE items SET warnings = '7'",
        "UPDATE items SET error = '[1]', state = 'failed'",
        "UPDATE items SET calls = 1e999, state = 'done'",
        "UPDATE outputs SET path = x'00'",
        "UPDATE items SET vals = '" + "[" * 100_000 + "'",
    ],
)
def test_rows_that_are_not_as_studio_writes_them_are_a_damaged_ledger(tmp_path: Path, change: str) -> None:
    with Ledger(tmp_path, create=True) as ledger:
        import_names(ledger, "a")
        ledger.leases.join()
        (lease,) = ledger.leases.claim(1)
        ledger.leases.complete([(lease, ItemResult(0, ItemState.DONE, (ItemOutput("o", "a.txt", "d", 1, "text"),)))])
        ledger.file.connection.execute(change)

        with pytest.raises(RunError, match="the ledger is damaged") as error:
            print(list(ledger.items(states=ItemState)), ledger.summary())

    assert error.value.code == "E742"
