"""The tier on disk: what is recorded comes back, damage is noticed, old entries go first, folders can be shared."""

from __future__ import annotations

import contextlib
import os
import random
import sqlite3
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fakes import Probe, graph, open_studio

from studio.api import Image
from studio.api.builtin import create_builtin_value_types
from studio.cache import MISSING, Action, Cache
from studio.errors import CacheError

SMALL, LARGE = 8, 128  # sides of pictures that lie in the table, and in a file


def open_cache(folder: Path, limit_bytes: int = 2**30, memory_bytes: int = 0) -> Cache:
    """Return a cache that keeps nothing in memory."""
    return Cache(create_builtin_value_types(), memory_bytes=memory_bytes, folder=folder, limit_bytes=limit_bytes)


@pytest.fixture
def cache(tmp_path: Path) -> Iterator[Cache]:
    """A cache on disk."""
    made = open_cache(tmp_path)
    yield made
    made.close()


def create_picture(seed: int, side: int = LARGE) -> Image:
    """Return a picture of noise."""
    return Image(np.random.default_rng(seed).integers(0, 256, (side, side, 3), np.uint8))


def record(cache: Cache, value: Any, name: str = "1") -> Action:
    """Record a value as the output of something; wait until it is written."""
    digest = cache.digest(value)
    action = Action(name.rjust(64, "0"), "fake.make", {"value": digest}, {"version": "1.0"}, 0.5)
    cache.record(action, {digest: value})
    cache.flush()
    assert cache.take_errors() == []
    return action


VALUES: dict[str, Callable[[], Any]] = {
    "json": lambda: {"a": [1, 2.5, None]},
    "long text": lambda: "x" * 100_000,
    "small picture": lambda: create_picture(1, SMALL),
    "large picture": lambda: create_picture(1),
    "list of pictures": lambda: [create_picture(i, LARGE if i % 2 else SMALL) for i in range(5)],
    "nested list": lambda: [[create_picture(1)], [create_picture(2), create_picture(3, SMALL)], []],
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


def test_a_value_is_there_before_it_is_written(cache: Cache) -> None:
    picture = create_picture(1)
    digest = cache.digest(picture)
    cache.record(Action("1" * 64, "fake.make", {"value": digest}), {digest: picture})

    assert cache.load(digest) == picture


def test_entries_of_a_stored_list_are_known_without_loading_them(cache: Cache) -> None:
    pictures = [create_picture(i) for i in range(3)]
    action = record(cache, pictures)

    assert cache.find_entries(action.outputs["value"]) == [cache.digest(picture) for picture in pictures]
    assert cache.find_entries(cache.digest(pictures[0])) is None


def test_small_values_make_no_files(cache: Cache, tmp_path: Path) -> None:
    record(cache, create_picture(1, SMALL))
    assert list((tmp_path / "blobs").rglob("*.*")) == []

    record(cache, create_picture(1, LARGE), "2")
    assert [path.suffix for path in (tmp_path / "blobs").rglob("*.*")] == [".safetensors"]


def test_nothing_is_left_in_the_temporary_folder(cache: Cache, tmp_path: Path) -> None:
    record(cache, [create_picture(i) for i in range(5)])

    assert list((tmp_path / "tmp").iterdir()) == []


# -- damage --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(40))
def test_a_flipped_bit_in_a_file_is_noticed(cache: Cache, tmp_path: Path, seed: int) -> None:
    digest = record(cache, create_picture(1)).outputs["value"]
    (path,) = (tmp_path / "blobs").rglob("*.*")
    data = bytearray(path.read_bytes())
    flip(data, seed)
    path.write_bytes(data)

    assert cache.load(digest) is MISSING


@pytest.mark.parametrize("seed", range(20))
def test_a_flipped_bit_in_the_table_is_noticed(cache: Cache, tmp_path: Path, seed: int) -> None:
    digest = record(cache, create_picture(1, SMALL)).outputs["value"]
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
    actions = [record(cache, create_picture(i), str(i)) for i in range(6)]
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


def test_a_table_that_is_none_is_put_aside(tmp_path: Path) -> None:
    (tmp_path / "index.sqlite").write_bytes(b"this is no table" * 1000)
    cache = open_cache(tmp_path)
    record(cache, "value")
    cache.close()

    assert len(list(tmp_path.glob("index.sqlite.damaged-*"))) == 1


def test_a_cache_of_another_format_is_refused(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "index.sqlite") as connection:
        connection.execute("pragma user_version = 99")
    connection.close()

    with pytest.raises(CacheError, match="E404"):
        open_cache(tmp_path)


def test_a_folder_that_cannot_be_made_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

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
    digests = [record(cache, create_picture(i), str(i)).outputs["value"] for i in range(6)]
    cache.load(digests[0])
    size = cache.disk.table.measure()[2] // 6
    evicted, freed = cache.disk.prune(3 * size)

    assert (evicted, freed) == (3, 3 * size)
    assert [cache.load(digest) is not MISSING for digest in digests] == [True, False, False, False, True, True]


def test_the_limit_holds_while_writing(tmp_path: Path) -> None:
    cache = open_cache(tmp_path, limit_bytes=500_000)
    for i in range(40):
        record(cache, create_picture(i), str(i))
    cache.close()

    assert sum(path.stat().st_size for path in (tmp_path / "blobs").rglob("*.*")) <= 500_000


def test_files_that_no_row_knows_are_removed_once_they_are_old(cache: Cache, tmp_path: Path) -> None:
    assert cache.disk is not None
    record(cache, create_picture(1))
    for name, age in (("a" * 64, 0), ("b" * 64, 3600)):
        path = tmp_path / "blobs" / name[:2] / f"{name}.json"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"1")
        os.utime(path, (time.time() - age,) * 2)

    assert cache.disk.remove_orphans() == 1
    assert {path.stem[0] for path in (tmp_path / "blobs").rglob("*.json")} == {"a"}
    assert cache.disk.verify() == []


def test_temporary_files_of_processes_that_are_gone_are_removed(cache: Cache, tmp_path: Path) -> None:
    assert cache.disk is not None
    mine = cache.disk.blobs.create_temporary("json")
    dead = mine.with_name(mine.name.replace(f"-{os.getpid()}-", f"-{2**22 + 5}-"))
    for path in (mine, dead):
        path.write_bytes(b"1")
    open_cache(tmp_path).close()

    assert (mine.exists(), dead.exists()) == (True, False)


def test_clearing_removes_everything(cache: Cache, tmp_path: Path) -> None:
    assert cache.disk is not None
    action = record(cache, create_picture(1))
    cache.disk.clear()

    assert cache.disk.table.measure() == (0, 0, 0)
    assert list((tmp_path / "blobs").rglob("*.*")) == []
    assert cache.load(action.outputs["value"]) is MISSING


def test_discarding_leaves_other_blobs_alone(cache: Cache) -> None:
    first, second = record(cache, create_picture(1), "1"), record(cache, create_picture(2), "2")
    cache.discard([first.fingerprint], first.outputs.values())

    assert cache.find(first.fingerprint) is None
    assert cache.load(first.outputs["value"]) is MISSING
    assert cache.load(second.outputs["value"]) == create_picture(2)


def test_two_caches_on_one_folder_see_each_others_entries(cache: Cache, tmp_path: Path) -> None:
    other = open_cache(tmp_path)
    action = record(cache, create_picture(1))

    assert other.find(action.fingerprint) is not None
    assert other.load(action.outputs["value"]) == create_picture(1)
    other.close()


def test_closing_twice_does_nothing(tmp_path: Path) -> None:
    cache = open_cache(tmp_path)
    cache.close()
    cache.close()


def test_the_digest_of_a_file_is_taken_again_only_if_it_changed(cache: Cache, tmp_path: Path) -> None:
    path = tmp_path / "x.bin"
    path.write_bytes(b"one")
    os.utime(path, (time.time() - 100,) * 2)
    first = cache.digest_file(path)
    assert cache.disk is not None
    status = path.stat()
    assert cache.disk.table.find_file(str(path), 3, status.st_mtime_ns, status.st_ino) == first.digest

    path.write_bytes(b"two")
    assert cache.digest_file(path).digest != first.digest


# -- single flight -------------------------------------------------------------------------------------


def test_a_claim_is_held_by_one_and_handed_on(cache: Cache) -> None:
    told: list[str] = []

    assert cache.claim("f", lambda: told.append("first"))
    assert not cache.claim("f", lambda: told.append("second"))
    assert told == []
    cache.release("f")
    assert told == ["second"]
    assert cache.claim("f", lambda: None)


def test_recording_without_a_claim_leaves_the_claim_of_another(cache: Cache) -> None:
    action = record(cache, "value")
    assert cache.claim(action.fingerprint, lambda: None)
    record(cache, "value")

    assert not cache.claim(action.fingerprint, lambda: None)


def test_what_a_node_said_is_kept_with_its_action(tmp_path: Path) -> None:
    cache = open_cache(tmp_path)
    digest = cache.digest(1)
    cache.record(Action("1" * 64, "fake.talk", {"value": digest}, notes=("the size was rounded",)), {digest: 1})
    cache.close()

    found = open_cache(tmp_path).find("1" * 64)

    assert found is not None
    assert found.notes == ("the size was rounded",)


def test_a_table_of_the_first_format_is_brought_to_the_present_one(tmp_path: Path) -> None:
    cache = open_cache(tmp_path)
    action = record(cache, "value")
    cache.close()
    with contextlib.closing(sqlite3.connect(tmp_path / "index.sqlite")) as connection:
        connection.execute("alter table actions drop column notes")
        connection.execute("pragma user_version = 1")

    again = open_cache(tmp_path)

    assert again.find(action.fingerprint) is not None
    assert again.load(action.outputs["value"]) == "value"
    assert record(again, "other", "2").notes == ()
