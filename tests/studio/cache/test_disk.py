"""The tier on disk: what is recorded comes back, damage is noticed, old entries go first, folders can be shared."""

from __future__ import annotations

import contextlib
import os
import random
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fake_caches import LARGE, SMALL, create_image, open_cache, record
from fakes import Probe, graph, open_studio
from processes import create_environment

from studio.cache import MISSING, Action, Cache
from studio.errors import CacheError

VALUES: dict[str, Callable[[], Any]] = {
    "json": lambda: {"a": [1, 2.5, None]},
    "long text": lambda: "x" * 100_000,
    "small picture": lambda: create_image(1, SMALL),
    "large picture": lambda: create_image(1),
    "list of pictures": lambda: [create_image(i, LARGE if i % 2 else SMALL) for i in range(5)],
    "nested list": lambda: [[create_image(1)], [create_image(2), create_image(3, SMALL)], []],
    "empty list": list,
}


@pytest.mark.parametrize("kind", VALUES)
def test_what_is_recorded_comes_back_in_another_process(cache: Cache, tmp_path: Path, kind: str) -> None:
    value = VALUES[kind]()
    action = record(cache, value)
    cache.close()
    other = open_cache(tmp_path)

    assert other.find(action.fingerprint) is not None
    assert other.digest(other.load(action.outputs["value"])) == action.outputs["value"]
    assert other.disk is not None
    assert other.disk.verify() == []
    other.close()


def test_entries_of_a_stored_list_are_known_without_loading_them(cache: Cache) -> None:
    pictures = [create_image(i) for i in range(3)]
    action = record(cache, pictures)

    assert cache.find_entries(action.outputs["value"]) == [cache.digest(picture) for picture in pictures]
    assert cache.find_entries(cache.digest(pictures[0])) is None


def test_small_values_make_no_files(cache: Cache, tmp_path: Path) -> None:
    record(cache, create_image(1, SMALL))
    assert list((tmp_path / "blobs").rglob("*.*")) == []

    record(cache, create_image(1, LARGE), "2")
    assert [path.suffix for path in (tmp_path / "blobs").rglob("*.*")] == [".safetensors"]


# -- damage --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(40))
def test_a_flipped_bit_in_a_file_is_noticed(cache: Cache, tmp_path: Path, seed: int) -> None:
    digest = record(cache, create_image(1)).outputs["value"]
    (path,) = (tmp_path / "blobs").rglob("*.*")
    data = bytearray(path.read_bytes())
    flip(data, seed)
    path.write_bytes(data)

    assert cache.load(digest) is MISSING


@pytest.mark.parametrize("seed", range(20))
def test_a_flipped_bit_in_the_table_is_noticed(cache: Cache, tmp_path: Path, seed: int) -> None:
    digest = record(cache, create_image(1, SMALL)).outputs["value"]
    with sqlite3.connect(tmp_path / "index.sqlite") as connection:
        data = bytearray(connection.execute("select data from blobs").fetchone()[0])
        flip(data, seed)
        connection.execute("update blobs set data = ?", (bytes(data),))
    connection.close()

    assert cache.load(digest) is MISSING


def flip(data: bytearray, seed: int) -> None:
    """Flip one bit; the first seeds hit both ends."""
    place = {0: 0, 1: len(data) - 1, 2: 8}.get(seed, random.Random(seed).randrange(len(data)))
    data[place] ^= 1 << (seed % 8)


def test_verify_finds_every_damaged_blob_and_no_other(cache: Cache, tmp_path: Path) -> None:
    actions = [record(cache, create_image(i), str(i)) for i in range(6)]
    files = {path.stem: path for path in (tmp_path / "blobs").rglob("*.*")}
    bad = {actions[1].outputs["value"], actions[4].outputs["value"]}
    for digest in bad:
        files[digest].write_bytes(b"nonsense")
    files[actions[5].outputs["value"]].unlink()
    bad.add(actions[5].outputs["value"])

    assert cache.disk is not None
    assert set(cache.disk.verify()) == bad
    assert cache.disk.verify() == []


@pytest.mark.parametrize("seed", range(25))
def test_a_flipped_bit_anywhere_in_the_folder_never_gives_a_wrong_result(tmp_path: Path, seed: int) -> None:
    nodes = {
        "i": ("fake.image", {"side": LARGE}),
        "s": ("fake.image", {"side": SMALL, "seed": [1, 2]}),
        "m": ("fake.mean", {"image": "@i"}),
        "l": ("fake.images", {"n": 3, "side": LARGE}),
        "t": ("fake.mean_all", {"images": "@s"}),
    }
    document = graph(nodes, m="m", i="i", l="l", t="t", s="s")
    with open_studio(tmp_path) as studio:
        expected = studio.run(document).outputs
    files = sorted(path for path in tmp_path.rglob("*") if path.is_file() and path.stat().st_size)
    rng = random.Random(seed)
    victim = rng.choice(files)
    data = bytearray(victim.read_bytes())
    data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    victim.write_bytes(data)
    with contextlib.suppress(CacheError), open_studio(tmp_path) as studio:  # it may say that the folder is of no use
        result = studio.run(document)
        assert (result.status, result.outputs) == ("done", expected)


def test_a_damaged_blob_is_made_again_and_kept(tmp_path: Path, probe: Probe) -> None:
    document = graph({"i": ("fake.image", {"side": LARGE})}, o="i")
    with open_studio(tmp_path) as studio:
        expected = studio.run(document)["o"]
    (path,) = (tmp_path / "blobs").rglob("*.*")
    path.write_bytes(path.read_bytes()[:-1])
    with open_studio(tmp_path, probe) as studio:
        assert studio.run(document)["o"] == expected
    with open_studio(tmp_path, probe) as studio:
        assert studio.run(document)["o"] == expected
        assert studio.cache.disk is not None
        assert studio.cache.disk.verify() == []
    assert probe.calls["image"] == 1


@pytest.fixture
def probe() -> Probe:
    """What the fakes report to."""
    return Probe()


def test_a_folder_that_cannot_be_made_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")

    with pytest.raises(CacheError, match="E401"):
        open_cache(tmp_path / "file" / "cache")


def test_a_value_without_codec_stays_in_memory_and_is_told(tmp_path: Path) -> None:
    cache = open_cache(tmp_path, memory_bytes=1000)
    digest = cache.digest((1, 2))
    cache.record(Action("1" * 64, "fake.make", {"value": digest}), {digest: (1, 2)})
    cache.flush()

    assert cache.load(digest) == (1, 2)
    assert [error.code for error in cache.take_errors()] == ["E405"]
    assert cache.take_errors() == []
    cache.close()


# -- housekeeping --------------------------------------------------------------------------------------


def test_pruning_evicts_what_was_not_used_for_longest(cache: Cache) -> None:
    assert cache.disk is not None
    digests = [record(cache, create_image(i), str(i)).outputs["value"] for i in range(6)]
    cache.load(digests[0])
    size = cache.disk.table.measure()[2] // 6
    evicted, freed = cache.disk.prune(3 * size)

    assert (evicted, freed) == (3, 3 * size)
    assert [cache.load(digest) is not MISSING for digest in digests] == [True, False, False, False, True, True]


def test_the_limit_holds_while_writing(tmp_path: Path) -> None:
    cache = open_cache(tmp_path, limit_bytes=500_000)
    for i in range(40):
        record(cache, create_image(i), str(i))
    cache.close()

    assert sum(path.stat().st_size for path in (tmp_path / "blobs").rglob("*.*")) <= 500_000


def test_a_cache_within_its_limit_keeps_everything_and_a_full_one_makes_room_for_more_than_one(tmp_path: Path) -> None:
    cache = open_cache(tmp_path, limit_bytes=500_000)
    assert cache.disk is not None
    for i in range(10):
        record(cache, create_image(i), str(i))
    cache.flush()
    _, count, size = cache.disk.table.measure()
    assert (count, 450_000 < size <= 500_000) == (10, True)

    record(cache, create_image(10), "10")
    cache.flush()

    assert cache.disk.table.measure()[1] == 9
    cache.close()


def test_files_that_no_row_knows_are_removed_once_they_are_old(cache: Cache, tmp_path: Path) -> None:
    assert cache.disk is not None
    record(cache, create_image(1))
    for name, age in (("a" * 64, 0), ("b" * 64, 3600)):
        path = tmp_path / "blobs" / name[:2] / f"{name}.json"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"1")
        os.utime(path, (time.time() - age,) * 2)

    assert cache.disk.remove_orphans() == 1
    assert {path.stem[0] for path in (tmp_path / "blobs").rglob("*.json")} == {"a"}
    assert cache.disk.verify() == []


def test_clearing_removes_everything(cache: Cache, tmp_path: Path) -> None:
    assert cache.disk is not None
    action = record(cache, create_image(1))
    cache.disk.clear()

    assert cache.disk.table.measure() == (0, 0, 0)
    assert list((tmp_path / "blobs").rglob("*.*")) == []
    assert cache.load(action.outputs["value"]) is MISSING


def test_discarding_leaves_other_blobs_alone(cache: Cache) -> None:
    first, second = record(cache, create_image(1), "1"), record(cache, create_image(2), "2")
    cache.discard([first.fingerprint], first.outputs.values())

    assert cache.find(first.fingerprint) is None
    assert cache.load(first.outputs["value"]) is MISSING
    assert cache.load(second.outputs["value"]) == create_image(2)


# -- two processes on one folder -----------------------------------------------------------------------

PROGRAM = """
import random, sys
from pathlib import Path
from fake_caches import create_image, open_cache
from studio.cache import MISSING, Action
cache = open_cache(Path(sys.argv[1]), limit_bytes=int(sys.argv[3]))
print("ready", flush=True)
sys.stdin.readline()
rng = random.Random(int(sys.argv[2]))
wrong = missing = 0
for turn in range(60):
    seed = rng.randrange(12)
    image = create_image(seed, 96 if seed % 2 else 8)
    digest = cache.digest(image)
    cache.record(Action(f"{seed:064x}", "fake.make", {"value": digest}), {digest: image})
    if turn % 5 == 0:
        cache.flush()
    found = cache.find(f"{rng.randrange(12):064x}", local=True)
    value = cache.load(found.outputs["value"]) if found else MISSING
    missing += value is MISSING
    wrong += value is not MISSING and cache.digest(value) != found.outputs["value"]
cache.flush()
print(wrong, missing, [error.code for error in cache.take_errors()], flush=True)
cache.close()
"""


@pytest.mark.parametrize("limit", [2**30, 60_000])
def test_two_processes_record_load_and_evict_in_one_folder(tmp_path: Path, limit: int) -> None:
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", PROGRAM, str(tmp_path), str(seed), str(limit)],
            text=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=create_environment(),
        )
        for seed in (1, 2)
    ]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"

    told = [process.communicate("\n")[0].split(maxsplit=2) for process in processes]

    assert [(wrong, errors) for wrong, _, errors in told] == [("0", "[]\n")] * 2
    cache = open_cache(tmp_path)
    assert cache.disk is not None
    assert cache.disk.verify() == []
    assert list((tmp_path / "tmp").iterdir()) == []
    if limit == 2**30:
        images = [create_image(seed, 96 if seed % 2 else 8) for seed in range(12)]
        found = [cache.load(cache.digest(image)) for image in images]
        assert [image is not MISSING for image in found].count(True) >= 11  # each seed is drawn, but for chance
    cache.close()


def test_a_table_that_cannot_be_read_is_reported_and_counts_as_empty(cache: Cache) -> None:
    assert cache.disk is not None
    action = record(cache, "value")
    cache.disk.table.close()

    assert cache.disk.find(action.fingerprint) is None
    assert [error.code for error in cache.disk.take_errors()] == ["E401"]
