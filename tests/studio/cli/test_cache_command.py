"""`studio cache`: stats, prune, verify, clear."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from fake_models import write_weights

from studio.runtime.kept import KeptWeights
from studio.runtime.model_records import ModelRecords

if TYPE_CHECKING:
    from tests.studio.cli.conftest import Desk


def find_blobs(desk: Desk) -> list[Path]:
    return list((desk.folder.parent / "cache/blobs").glob("*/*"))


def test_stats_count_results_and_bytes(desk: Desk, card: Path) -> None:
    desk.count(card)

    stats = desk.call("cache", "stats", "--json").json
    text = desk.call("cache", "stats").out

    assert stats["actions"] == 3
    assert stats["bytes"] > 0
    assert stats["node_types"]["image.new"]["actions"] == 1
    assert f"{desk.folder.parent / 'cache'}\n3 results, " in text
    assert "image.new: 1 results" in text or "image.new: 1 result," in text


def test_stats_of_an_empty_cache_are_zero(desk: Desk) -> None:
    assert desk.call("cache", "stats", "--json").json["actions"] == 0


def test_prune_to_nothing_evicts_everything_and_the_next_run_is_right(desk: Desk, card: Path) -> None:
    desk.count(card)
    before = (desk / "out/picture.png").read_bytes()

    done = desk.call("cache", "prune", "--to", "0")

    assert done.code == 0
    assert "evicted" in done.out
    assert desk.call("cache", "stats", "--json").json["blobs"] == 0
    desk.count(card)
    assert (desk / "out/picture.png").read_bytes() == before


def test_prune_keeps_what_fits(desk: Desk, card: Path) -> None:
    desk.count(card)

    assert desk.call("cache", "prune").out.startswith("evicted 0 blobs")
    assert desk.count(card) == (0, 3)


def test_prune_refuses_what_is_no_size(desk: Desk) -> None:
    done = desk.call("cache", "prune", "--to", "much")

    assert done.code == 2
    assert "'much'" in done.err


def test_verify_finds_a_flipped_bit_and_the_next_run_makes_it_again(desk: Desk, card: Path) -> None:
    card.write_text(
        card.read_text(encoding="utf-8").replace('"height": 24', '"height": 2400'), encoding="utf-8"
    )  # small results have no file of their own
    desk.count(card)
    before = (desk / "out/picture.png").read_bytes()
    assert desk.call("cache", "verify").code == 0
    blobs = find_blobs(desk)
    assert blobs
    for blob in blobs:
        blob.chmod(0o600)
        data = bytearray(blob.read_bytes())
        data[len(data) // 2] ^= 1
        blob.write_bytes(data)

    done = desk.call("cache", "verify")

    assert done.code == 1
    assert done.out.count("damaged, removed: ") == len(blobs)
    assert desk.call("cache", "verify").code == 0
    desk.count(card)
    assert (desk / "out/picture.png").read_bytes() == before


def test_clear_asks_first(desk: Desk, card: Path) -> None:
    desk.count(card)

    refused = desk.call_process("cache", "clear", stdin=subprocess.DEVNULL)
    done = desk.call("cache", "clear", "--yes")

    assert refused.code in (1, 2, 130)
    assert "Remove all results" in refused.text
    assert done.out == "the cache is empty\n"
    assert {"sources", "plugins", "written"} & {path.name for path in (desk.folder.parent / "cache").iterdir()} == set()
    assert desk.count(card) == (3, 0)


def test_the_cache_folder_may_be_named(desk: Desk, card: Path) -> None:
    desk.count(card, "--cache-dir", "mine")

    assert desk.call("cache", "--cache-dir", "mine", "stats", "--json").json["actions"] == 3
    assert desk.call("cache", "stats", "--json").json["actions"] == 0


def test_a_cache_folder_that_is_a_file_is_an_error(desk: Desk, card: Path) -> None:
    (desk / "mine").write_text("mine", encoding="utf-8")

    for args in (["run", card, "--cache-dir", "mine"], ["cache", "--cache-dir", "mine", "stats"]):
        done = desk.call(*args)
        assert done.code in (1, 2)
        assert "mine" in done.err


def test_weights_that_runs_made_are_listed_named_verified_and_cleared(desk: Desk, tmp_path: Path) -> None:
    cache = desk.folder.parent / "cache"
    kept = KeptWeights(cache / "kept", 2**20, ModelRecords(None))
    first, second, third = (
        f"kept:{kept.keep(write_weights(tmp_path / 'net.safetensors', float(number)))}" for number in range(3)
    )
    (cache / "checkpoints" / "f00").mkdir(parents=True)

    assert desk.call("models", "add", "mine", first).out == "local:mine\n"
    stats = desk.call("cache", "stats", "--json").json
    text = desk.call("cache", "stats").out
    assert {row["reference"]: row["names"] for row in stats["kept_weights"]} == {
        first: ["local:mine"], second: [], third: []
    }  # fmt: skip
    assert [row["fingerprint"] for row in stats["checkpoints"]] == ["f00"]
    assert f"{first}: 80 B local:mine\n" in text
    assert "checkpoints of 1 unfinished calls: 0 B" in text

    path = kept.find(third.removeprefix("kept:"))
    assert path is not None
    path.write_bytes(b"other")
    checked = desk.call("cache", "verify", "--json")
    assert (checked.code, checked.json["checked_weights"], checked.json["damaged"]) == (1, 3, [third])

    assert desk.call("cache", "prune", "--json").json["evicted_weights"] == 0
    assert desk.call("cache", "clear", "--yes", "--json").json["removed_weights"] == 0
    for row in kept.list_rows():
        os.utime(row.path.parent, (0, 0))
    assert desk.call("cache", "clear", "--yes", "--json").json["removed_weights"] == 1
    assert [row.digest for row in kept.list_rows()] == [first.removeprefix("kept:")]
    assert not list((cache / "checkpoints").iterdir())
