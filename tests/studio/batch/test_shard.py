"""Parts of a batch for machines that share nothing."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from studio.app import Studio
from studio.batch.ledger import Ledger
from studio.batch.python_call import batch
from studio.batch.shard import Shard, parse_shard
from studio.errors import UsageError
from tests.studio.batch.conftest import ADDING, Make

NAMES = [f"item {number}" for number in range(3000)]


def test_each_item_is_in_one_part_and_parts_are_about_equal() -> None:
    shards = [parse_shard(f"{number}/7") for number in range(1, 8)]
    counts = Counter(shard for name in NAMES for shard in shards if name in shard)

    assert sum(counts.values()) == len(NAMES)
    assert all(330 < count < 530 for count in counts.values())  # 429 is the mean, 19 the deviation


def test_parts_are_the_same_on_every_machine() -> None:
    assert [name for name in NAMES[:12] if name in Shard(1, 3)] == ["item 4", "item 5", "item 6", "item 8"]


@pytest.mark.parametrize("text", ["0/3", "4/3", "1/0", "text", "", "1", "1/", "/3", "-1/3", "1.0/3", "1/3/5", "9" * 12])
def test_an_invalid_part_says_what_to_write(text: str) -> None:
    with pytest.raises(UsageError, match="E749") as error:
        parse_shard(text)

    assert repr(text) in error.value.message
    assert "1/3" in error.value.hint


def test_shards_together_have_every_item_with_its_place_in_the_table(make: Make, tmp_path: Path) -> None:
    rows = [{"name": f"n{number}", "a": number} for number in range(20)]
    found: list[tuple[int, str]] = []
    for number in (1, 2, 3):
        batch = make(ADDING, rows, tmp_path / str(number))
        batch.shard = Shard(number, 3)
        with Ledger(tmp_path / str(number), create=True) as ledger:
            batch.import_items(ledger)
            found += [(row.index, row.name) for row in ledger.items()]
            assert ledger.describe()["shard"] == f"{number}/3"

    assert sorted(found) == [(number, f"n{number}") for number in range(20)]


def test_a_row_that_is_added_in_front_moves_no_other_item(make: Make, tmp_path: Path) -> None:
    rows = [{"name": f"n{number}", "a": number} for number in range(12)]
    batch, more = make(ADDING, rows), make(ADDING, [{"name": "new", "a": 99}, *rows])
    batch.shard = more.shard = Shard(2, 3)

    before, after = [item.name for item in batch.items()], [item.name for item in more.items()]

    assert [name for name in after if name != "new"] == before


def test_bad_rows_of_other_shards_do_not_matter_here(make: Make) -> None:
    rows = [{"name": f"n{number}", "a": number if f"n{number}" in Shard(1, 2) else "bad"} for number in range(8)]
    batch = make(ADDING, rows)
    batch.shard = Shard(1, 2)

    assert {item.name for item in batch.items()} == {f"n{n}" for n in range(8) if f"n{n}" in Shard(1, 2)}


def test_python_takes_a_shard_too(studio: Studio) -> None:
    rows = [{"name": name, "a": 1} for name in NAMES[:10]]

    names = {item.name for item in batch(ADDING, rows, shard="1/3", studio=studio)}

    assert names == {"item 4", "item 5", "item 6", "item 8"}


def test_a_folder_keeps_its_shard(make: Make, tmp_path: Path) -> None:
    batch = make(ADDING, [{"name": f"n{number}", "a": number} for number in range(6)], tmp_path)
    batch.shard = Shard(1, 2)
    with Ledger(tmp_path, create=True) as ledger:
        batch.import_items(ledger)
        batch.import_items(ledger)
        batch.shard = Shard(2, 2)
        with pytest.raises(UsageError, match="has shard 1/2, not 2/2"):
            batch.import_items(ledger)
        batch.shard = None
        assert batch.import_items(ledger).removed == 0
        batch.shard = Shard(1, 2)
        with pytest.raises(UsageError, match="has items of no shard"):
            batch.import_items(ledger)
