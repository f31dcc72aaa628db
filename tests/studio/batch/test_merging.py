"""Folders of shards that become one."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from studio.batch.ledger import Ledger
from studio.batch.merging import iterate_rows, merge_batches
from studio.batch.shard import Shard
from studio.errors import UsageError
from tests.studio.batch.conftest import ADDING, Make
from tests.studio.batch.ledgers import find_states

ROWS = [{"name": f"n{number}", "a": number} for number in range(9)]


def run_shard(make: Make, folder: Path, shard: Shard | None, rows: Any = ROWS, **more: Any) -> None:
    batch = make(ADDING, rows, folder, **more)
    batch.shard = shard
    with Ledger(folder, create=True) as ledger:
        batch.import_items(ledger)
        list(batch.create_run(ledger, workers=0).run())


def test_shards_become_one_folder_that_resumes_as_if_it_had_run_everything(make: Make, tmp_path: Path) -> None:
    folders = [tmp_path / str(number) for number in (1, 2, 3)]
    for number, folder in enumerate(folders, 1):
        run_shard(make, folder, Shard(number, 3))

    made = merge_batches(folders, tmp_path / "all")

    assert (made.done, made.failed, made.pending, made.files) == (9, 0, 0, 9)
    assert {path.name for path in (tmp_path / "all").glob("*.json")} == {f"n{number}.json" for number in range(9)}
    with Ledger(tmp_path / "all") as ledger:
        summary = make(ADDING, ROWS, tmp_path / "all").import_items(ledger)
        assert (summary.kept, summary.added, summary.changed) == (9, 0, 0)
        assert [row.index for row in ledger.items()] == list(range(9))
        digests = {output.path: output.digest for row in ledger.items() for output in row.outputs}
    assert digests["n3.json"] != digests["n4.json"]


def test_a_merge_again_brings_only_what_is_new(make: Make, tmp_path: Path) -> None:
    first, second = tmp_path / "1", tmp_path / "2"
    run_shard(make, first, Shard(1, 2))
    run_shard(make, second, Shard(2, 2))
    merge_batches([first], tmp_path / "all")
    before = len(list((tmp_path / "all").glob("*.json")))

    made = merge_batches([first, second], tmp_path / "all")

    assert made.done == 9 - before
    assert merge_batches([first, second], tmp_path / "all").done == 0


def test_a_folder_may_take_the_others_in(make: Make, tmp_path: Path) -> None:
    first, second = tmp_path / "1", tmp_path / "2"
    run_shard(make, first, Shard(1, 2))
    run_shard(make, second, Shard(2, 2))

    merge_batches([first, second], first)

    with Ledger(first) as ledger:
        assert set(find_states(ledger).values()) == {"done"}
        assert len(find_states(ledger)) == 9
        assert ledger.describe()["shard"] is None


def test_a_file_is_not_copied_where_the_disk_can_name_it_twice(make: Make, tmp_path: Path) -> None:
    run_shard(make, tmp_path / "1", None, ROWS[:1])

    merge_batches([tmp_path / "1"], tmp_path / "all")

    assert os.path.samefile(tmp_path / "1/n0.json", tmp_path / "all/n0.json")


def test_a_disk_without_second_names_gets_copies(make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(18, "Invalid cross-device link")

    run_shard(make, tmp_path / "1", None, ROWS[:1])
    monkeypatch.setattr("studio.batch.merging.os.link", refuse)

    merge_batches([tmp_path / "1"], tmp_path / "all")

    assert (tmp_path / "all/n0.json").read_bytes() == (tmp_path / "1/n0.json").read_bytes()
    assert not os.path.samefile(tmp_path / "1/n0.json", tmp_path / "all/n0.json")


def test_folders_of_two_batches_are_refused_before_anything_is_copied(make: Make, tmp_path: Path) -> None:
    run_shard(make, tmp_path / "1", None)
    run_shard(make, tmp_path / "2", None, template="x_{item.name}.{ext}")

    with pytest.raises(UsageError, match="is of another batch"):
        merge_batches([tmp_path / "1", tmp_path / "2"], tmp_path / "all")

    assert list((tmp_path / "all").glob("*.json")) == []


@pytest.mark.parametrize("other", [{"reseed": 2}, {"seed_input": "other"}])
def test_shards_that_try_other_seeds_are_of_two_batches(make: Make, tmp_path: Path, other: dict[str, Any]) -> None:
    run_shard(make, tmp_path / "1", Shard(1, 2), seed_input="a")
    run_shard(make, tmp_path / "2", Shard(2, 2), **{"seed_input": "a", **other})

    with pytest.raises(UsageError, match="is of another batch") as raised:
        merge_batches([tmp_path / "1", tmp_path / "2"], tmp_path / "all")

    assert "--reseed and --seed-input" in raised.value.hint


def test_a_shard_of_an_older_studio_that_knew_no_other_seeds_is_merged(make: Make, tmp_path: Path) -> None:
    for number in (1, 2):
        run_shard(make, tmp_path / str(number), Shard(number, 2))
    with Ledger(tmp_path / "1") as ledger:
        spec = ledger.describe()["spec"]
        ledger.store(spec={name: value for name, value in spec.items() if name not in ("reseed", "seed_input")})

    assert merge_batches([tmp_path / "1", tmp_path / "2"], tmp_path / "all").done == 9


def test_items_of_one_name_with_other_values_are_refused(make: Make, tmp_path: Path) -> None:
    run_shard(make, tmp_path / "1", None, [{"name": "n", "a": 1}])
    run_shard(make, tmp_path / "2", None, [{"name": "n", "a": 2}])

    with pytest.raises(UsageError, match=r"item 'n' of .* differs from that of another folder"):
        merge_batches([tmp_path / "1", tmp_path / "2"], tmp_path / "all")

    with Ledger(tmp_path / "all") as ledger:
        assert find_states(ledger) == {}


def test_a_file_that_is_gone_ends_the_merge_with_its_name(make: Make, tmp_path: Path) -> None:
    run_shard(make, tmp_path / "1", None)
    (tmp_path / "1/n4.json").unlink()

    with pytest.raises(UsageError, match=r"n4\.json.* cannot be copied"):
        merge_batches([tmp_path / "1"], tmp_path / "all")

    with Ledger(tmp_path / "all") as ledger:
        assert "n4" not in find_states(ledger)


def test_rows_of_several_ledgers_come_in_the_order_of_the_table(make: Make, tmp_path: Path) -> None:
    for number in (1, 2):
        run_shard(make, tmp_path / str(number), Shard(number, 2))

    with Ledger(tmp_path / "1") as one, Ledger(tmp_path / "2") as two:
        assert [row.index for row in iterate_rows([two, one], ["done"])] == list(range(9))  # type: ignore[list-item]


def test_folders_of_other_builds_are_warned_of(make: Make, tmp_path: Path) -> None:
    for number in (1, 2):
        run_shard(make, tmp_path / str(number), Shard(number, 2))
        with Ledger(tmp_path / str(number)) as ledger:
            ledger.store(distributions={"numpy": {"version": f"2.{number}"}})

    made = merge_batches([tmp_path / "1", tmp_path / "2"], tmp_path / "all")

    folder = str(tmp_path / "2")
    assert made.warnings == [f"{folder!r} was made by another build: numpy 2.1 elsewhere, 2.2 here"]


@pytest.mark.parametrize("name", ["../secret.json", ".studio/ledger.sqlite3", "gallery.html", "a/../../secret.json"])
def test_a_ledger_from_elsewhere_brings_no_file_but_its_own(make: Make, tmp_path: Path, name: str) -> None:
    (tmp_path / "secret.json").write_text("1", encoding="utf-8")
    run_shard(make, tmp_path / "1", None, ROWS[:1])
    with Ledger(tmp_path / "1") as ledger:
        ledger.file.connection.execute("UPDATE outputs SET path = ?", (name,))

    with pytest.raises(UsageError, match="no file of an item") as error:
        merge_batches([tmp_path / "1"], tmp_path / "all")

    assert error.value.code == "E749"
    assert os.listdir(tmp_path / "all") == [".studio"]


def test_a_link_out_of_a_folder_from_elsewhere_is_not_merged(make: Make, tmp_path: Path) -> None:
    (tmp_path / "secret.json").write_text("1", encoding="utf-8")
    run_shard(make, tmp_path / "1", None, ROWS[:1])
    (tmp_path / "1/n0.json").unlink()
    (tmp_path / "1/n0.json").symlink_to(tmp_path / "secret.json")

    with pytest.raises(UsageError, match="no file of an item"):
        merge_batches([tmp_path / "1"], tmp_path / "all")


def test_what_the_values_of_an_item_read_is_merged_with_it(make: Make, tmp_path: Path) -> None:
    run_shard(make, tmp_path / "1", None, ROWS[:1])
    with Ledger(tmp_path / "1") as ledger:
        ledger.file.connection.execute("""UPDATE items SET read = '{"/a.png": "d1"}'""")

    merge_batches([tmp_path / "1"], tmp_path / "all")

    with Ledger(tmp_path / "all") as ledger:
        assert [row.read for row in ledger.items()] == [{"/a.png": "d1"}]
