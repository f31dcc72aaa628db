"""`studio batch status` and `studio batch export`: what a ledger says of a batch that runs, stopped or ended."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import pytest

from studio.batch.item import Item, ItemOutput, ItemResult, ItemState
from studio.batch.ledger import Ledger


@pytest.fixture
def stopped(desk: Any) -> Any:
    """A folder whose batch was stopped: an item is done, one failed, one is pending, and one left the table."""
    with Ledger(desk / "out", create=True) as ledger:
        for names in ("abcd", "abc"):
            with ledger.import_items() as importing:
                for index, name in enumerate(names):
                    importing.add(Item(index, name, {"seed": index}, f"items.csv:{index + 2}"), "f")
        ledger.leases.join()
        first, second = ledger.leases.claim(2)
        outputs = (ItemOutput("card", "a.png", "d" * 64, 2048, "image"),)
        error = {"code": "E301", "message": "3 is bad", "node": "paint"}
        ledger.leases.complete([(first, ItemResult(0, ItemState.DONE, outputs, None, 1.0, 5, 2))])
        ledger.leases.complete([(second, ItemResult(1, ItemState.FAILED, error=error))])
    return desk


def test_the_status_counts_items_and_names_the_causes_of_failures(stopped: Any) -> None:
    done = stopped.call("batch", "status", "out")

    assert done.code == 0
    lines = done.out.splitlines()
    assert lines[0] == "1 done, 1 failed, 1 pending of 3"
    assert lines[1] == "2 of 5 calls were cached or shared; 2.0 KiB in out"
    assert "1 x E301 at paint: 3 is bad" in lines[3]
    assert lines[4].strip() == "first: b"


def test_a_batch_is_inspected_where_nothing_can_be_written(stopped: Any, file_modes_hold: None) -> None:
    folders = [stopped / "out", stopped / "out" / ".studio"]
    written = stopped.call("batch", "status", "out").out, stopped.call("batch", "export", "out").out
    for folder in folders:
        folder.chmod(0o555)

    found = stopped.call("batch", "status", "out").out, stopped.call("batch", "export", "out").out

    for folder in folders:
        folder.chmod(0o755)
    assert found == written


def test_the_status_is_json_for_a_program(stopped: Any) -> None:
    assert stopped.call("batch", "status", "out", "--json").json == {
        "total": 3,
        "counts": {"pending": 1, "running": 0, "done": 1, "failed": 1, "held": 0, "removed": 1},
        "calls": 5,
        "cached": 2,
        "seconds": 1.0,
        "bytes": 2048,
        "checks": {"checked": 0, "not_passed": 0, "reseeded": 0, "further_tries": 0},
        "causes": [{"cause": "E301 at paint: 3 is bad", "items": 1, "first": "b"}],
    }


def test_items_of_a_process_that_died_are_pending_and_not_running(stopped: Any) -> None:
    with Ledger(stopped / "out") as other:
        other.leases.join()
        other.leases.claim(1)
        with other.file.transaction() as connection:
            connection.execute("UPDATE workers SET host = 'elsewhere', seen = 0")

        counts = stopped.call("batch", "status", "out", "--json").json["counts"]

    assert (counts["pending"], counts["running"]) == (1, 0)


def test_an_export_has_the_items_of_the_table_and_of_a_state_if_one_is_named(stopped: Any) -> None:
    rows = list(csv.DictReader(io.StringIO(stopped.call("batch", "export", "out").out)))
    removed = list(csv.DictReader(io.StringIO(stopped.call("batch", "export", "out", "--state", "removed").out)))

    assert [(row["name"], row["state"]) for row in rows] == [("a", "done"), ("b", "failed"), ("c", "pending")]
    assert [row["name"] for row in removed] == ["d"]


@pytest.mark.parametrize(("name", "option"), [("t.jsonl", ()), ("t.ndjson", ()), ("t.txt", ("--format", "jsonl"))])
def test_an_export_is_in_the_format_that_the_file_or_the_option_says(
    stopped: Any, name: str, option: tuple[str, ...]
) -> None:
    assert stopped.call("batch", "export", "out", "-o", name, *option).code == 0

    rows = [json.loads(line) for line in (stopped / name).read_text(encoding="utf-8").splitlines()]
    assert [row["name"] for row in rows] == ["a", "b", "c"]


@pytest.mark.parametrize("command", ["status", "export"])
def test_a_folder_without_a_batch_is_an_error(desk: Any, command: str) -> None:
    done = desk.call("batch", command, "nowhere")

    assert done.code == 2
    assert "E742" in done.err
    assert "contains no batch" in done.err
