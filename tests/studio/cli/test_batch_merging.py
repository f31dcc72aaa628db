"""Shards on the command line: run apart, looked at, brought together."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.studio.cli.conftest import Desk


@pytest.fixture
def shards(desk: Desk, card: Path) -> Any:
    """Two folders with one half of ten items each, and a call for a batch: `shards(folder, *options)`."""
    (desk / "items.csv").write_text("name,words\n" + "".join(f"c{n},word {n}\n" for n in range(10)), encoding="utf-8")

    def run(folder: str, *options: str) -> Any:
        only = ("--only", "shout", "--no-gallery", "--workers", "0")
        return desk.call("batch", card, "items.csv", "-o", folder, *only, *options)

    assert [run(f"s{number}", "--shard", f"{number}/2").code for number in (1, 2)] == [0, 0]
    return run


def test_shards_make_one_folder_in_which_nothing_is_left_to_do(desk: Desk, shards: Any) -> None:
    done = desk.call("batch", "merge", "s1", "s2", "-o", "all")

    assert done.out.startswith("10 done from 2 folders; ")
    assert "10 items: 0 new, 0 changed, 10 as before, 0 gone" in shards("all").err
    assert desk.call("verify", "all", "--strict").code == 0
    assert desk.call("batch", "merge", "s1", "-o", "all").out.startswith("nothing new from 1 folder;")
    assert desk.call("batch", "merge", "s1", "./s1", "-o", "all").out.startswith("nothing new from 1 folder;")


def test_status_names_the_shard(desk: Desk, shards: Any) -> None:
    assert desk.call("batch", "status", "s1").out.startswith("shard 1/2; `studio batch merge` brings")
    assert desk.call("batch", "status", "s2", "--json").json["shard"] == "2/2"


def test_an_export_of_shards_is_one_table(desk: Desk, shards: Any) -> None:
    rows = list(csv.DictReader(io.StringIO(desk.call("batch", "export", "s2", "s1").out)))

    assert [row["name"] for row in rows] == [f"c{number}" for number in range(10)]


@pytest.mark.parametrize("shard", ["0/3", "4/3", "text"])
def test_an_invalid_shard_is_an_error_before_anything_is_written(desk: Desk, shards: Any, shard: str) -> None:
    done = shards("new", "--shard", shard)

    assert done.code == 2
    assert f"E749 --shard: invalid shard '{shard}'" in done.err
    assert not (desk / "new").exists()


def test_folders_that_are_no_batch_are_an_error(desk: Desk) -> None:
    done = desk.call("batch", "merge", "nowhere", "-o", "all")

    assert done.code == 2
    assert "E742" in done.err
    assert not (desk / "all").exists()
