"""Importing a table: new, changed, kept and removed items, whole or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from studio.batch.item import Item, ItemOutput, ItemResult, ItemState
from studio.batch.ledger import Ledger
from tests.studio.batch.ledgers import (
    ERROR,
    find_states,
    finish,
    import_names,
    import_table,
)


def test_only_items_whose_fingerprint_changed_are_done_again(tmp_path: Path) -> None:
    with Ledger(tmp_path, create=True) as ledger:
        import_names(ledger, "a", "b")
        ledger.leases.join()
        finish(ledger, 2)

        with ledger.import_items() as importing:
            importing.add(Item(0, "a"), "f")
            importing.add(Item(1, "b"), "another")

        assert find_states(ledger) == {"a": "done", "b": "pending"}
        assert (importing.summary.kept, importing.summary.changed) == (1, 1)


@pytest.mark.parametrize(
    ("content", "state"), [(b"abc", "done"), (b"ab", "pending"), (b"abcd", "pending"), (None, "pending")]
)
def test_an_item_is_done_only_while_its_files_have_the_size_that_was_written(
    tmp_path: Path, content: bytes | None, state: str
) -> None:
    with Ledger(tmp_path, create=True) as ledger:
        import_names(ledger, "a")
        ledger.leases.join()
        outputs = tuple(ItemOutput("o", name, "d" * 64, 3, "image") for name in ("first.png", "a.png"))
        ledger.leases.complete([(ledger.leases.claim(1)[0], ItemResult(0, ItemState.DONE, outputs))])
        (tmp_path / "first.png").write_bytes(b"abc")
        if content is not None:
            (tmp_path / "a.png").write_bytes(content)

        import_names(ledger, "a")

        assert find_states(ledger) == {"a": state}


def test_items_that_left_the_table_are_removed_and_come_back(tmp_path: Path) -> None:
    with Ledger(tmp_path, create=True) as ledger:
        import_names(ledger, "a", "b")
        import_names(ledger, "b")
        without = find_states(ledger)
        total = ledger.summary().total

        import_names(ledger, "a", "b")

        assert without == {"a": "removed", "b": "pending"}
        assert total == 1
        assert find_states(ledger) == {"a": "pending", "b": "pending"}


def take_in_half(ledger: Ledger) -> None:
    with ledger.import_items() as importing:
        importing.add(Item(0, "x"), "f")
        raise RuntimeError("a bad row")


def test_a_table_that_is_wrong_leaves_the_ledger_as_it_was(tmp_path: Path) -> None:
    with Ledger(tmp_path, create=True) as ledger:
        import_names(ledger, "a")

        with pytest.raises(RuntimeError, match="a bad row"):
            take_in_half(ledger)

        assert find_states(ledger) == {"a": "pending"}


def test_an_import_that_is_not_kept_says_what_it_would_change_and_changes_nothing(tmp_path: Path) -> None:
    with Ledger(tmp_path, create=True) as ledger:
        import_names(ledger, "a", "b", "c")
        before = list(ledger.items())

        with ledger.import_items(keep=False) as importing:
            for index, (name, fingerprint) in enumerate([("a", "f"), ("b", "other"), ("new", "f")]):
                importing.add(Item(index, name), fingerprint)

        summary = importing.summary
        assert (summary.total, summary.kept, summary.changed, summary.added, summary.removed) == (3, 1, 1, 1, 1)
        assert list(ledger.items()) == before


def test_a_changed_item_forgets_its_failures_and_a_kept_one_does_not(tmp_path: Path) -> None:
    with Ledger(tmp_path, create=True) as ledger:
        import_names(ledger, "a", "b")
        ledger.leases.join()
        finish(ledger, 2, ItemState.FAILED)

        import_table(ledger, {"a": "f", "b": "other"})

        rows = {row.name: (row.state, row.attempts, row.error) for row in ledger.items()}
        assert rows == {"a": ("failed", 1, ERROR), "b": ("pending", 0, None)}


def test_items_follow_the_order_of_the_newest_table(tmp_path: Path) -> None:
    with Ledger(tmp_path, create=True) as ledger:
        import_names(ledger, "a", "b", "c")
        import_names(ledger, "c", "a", "b")
        ledger.leases.join()

        assert [lease.item.name for lease in ledger.leases.claim(2)] == ["c", "a"]


def test_a_reserved_path_names_the_item_that_has_it(tmp_path: Path) -> None:
    with Ledger(tmp_path, create=True) as ledger, ledger.import_items() as importing:
        first, second = Item(0, "a", source="items.csv:2"), Item(1, "b", source="items.csv:3")

        assert importing.reserve_path("file name", "a.png", first) is None
        assert importing.reserve_path("file name", "b.png", second) is None
        assert importing.reserve_path("file name", "a.png", second) == ("a", "items.csv:2")


def test_paths_are_reserved_for_one_import_only(tmp_path: Path) -> None:
    with Ledger(tmp_path, create=True) as ledger:
        for _ in range(2):
            with ledger.import_items() as importing:
                assert importing.reserve_path("file name", "a.png", Item(0, "a")) is None


def test_the_name_of_an_item_and_the_name_of_a_file_may_be_equal(tmp_path: Path) -> None:
    with Ledger(tmp_path, create=True) as ledger, ledger.import_items() as importing:
        first, second = Item(0, "a", source="items.csv:2"), Item(1, "b", source="items.csv:3")

        assert importing.reserve_path("item name", "a", first) is None
        assert importing.reserve_path("file name", "a", second) is None
        assert importing.reserve_path("item name", "a", second) == ("a", "items.csv:2")
