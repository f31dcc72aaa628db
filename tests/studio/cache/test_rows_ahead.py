"""Rows that were written together are read together, and none of them hides what another process wrote since."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from studio.cache.actions import Action, ActionTable
from studio.cache.rows_ahead import ACTIONS_WRITTEN_TOGETHER

NAMES = [f"{number:064x}" for number in range(40)]


class CountingTable(ActionTable):
    """A table that counts its statements."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.statements: list[str] = []

    def _read(self, query: str, values: tuple[Any, ...] = ()) -> list[Any]:
        self.statements.append(query)
        return super()._read(query, values)


@pytest.fixture
def table(tmp_path: Path) -> Iterator[CountingTable]:
    """Return a table with forty actions of one transaction, and one of another."""
    table = CountingTable(tmp_path / "index.sqlite")
    table.write(actions=[make_action(name) for name in NAMES])
    table.write(actions=[make_action("f" * 64)])
    table.statements.clear()
    yield table
    table.close()


def make_action(name: str, output: str = "a") -> Action:
    """Return an action."""
    return Action(name, "fake.make", {"value": output * 64})


def find(table: ActionTable, name: str) -> str:
    """Return the output of an action."""
    action = table.find(name)
    assert action is not None
    assert action.fingerprint == name
    return action.outputs["value"]


def test_many_of_one_transaction_take_few_statements(table: CountingTable) -> None:
    assert {find(table, name) for name in NAMES} == {"a" * 64}

    assert len(table.statements) == 9  # eight by themselves, then all others at once
    assert table.statements.count(ACTIONS_WRITTEN_TOGETHER) == 1


def test_few_are_read_by_themselves(table: CountingTable) -> None:
    for name in [*NAMES[:7], "f" * 64, "e" * 64]:
        table.find(name)

    assert ACTIONS_WRITTEN_TOGETHER not in table.statements


def test_what_this_process_writes_or_drops_is_not_read_from_before(table: CountingTable) -> None:
    for name in NAMES[:8]:
        table.find(name)

    table.write(actions=[make_action(NAMES[20], "b")])
    assert find(table, NAMES[20]) == "b" * 64
    table.drop_actions([NAMES[21]])
    assert table.find(NAMES[21]) is None
    table.clear()
    assert table.find(NAMES[22]) is None


def test_what_another_process_writes_is_found_a_second_later(
    table: CountingTable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in NAMES[:8]:
        table.find(name)
    other = ActionTable(tmp_path / "index.sqlite")
    other.write(actions=[make_action(NAMES[30], "b"), make_action("e" * 64)])
    other.close()

    assert table.find("e" * 64) is not None  # a row that was not there is looked for each time
    monkeypatch.setattr("studio.cache.rows_ahead.time.monotonic", lambda: float("inf"))
    assert find(table, NAMES[30]) == "b" * 64
