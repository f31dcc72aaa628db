"""`Cache`: memory before disk, one computation per fingerprint at a time, digests of files."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

import pytest
from fake_caches import create_image, open_cache, record

from studio.api import Video
from studio.api.builtin import create_builtin_value_types
from studio.cache import MISSING, Action, Cache


def test_what_was_loaded_from_disk_is_in_memory_the_next_time(tmp_path: Path) -> None:
    first = open_cache(tmp_path)
    digest = record(first, "value").outputs["value"]
    first.close()
    cache = open_cache(tmp_path, memory_bytes=10_000)
    assert digest not in [*cache.memory._values]

    assert cache.load(digest) == "value"

    assert cache.memory.get(digest) == "value"
    cache.close()


def test_few_entries_are_kept_in_memory_where_the_disk_has_them_too(tmp_path: Path) -> None:
    cache = open_cache(tmp_path, memory_bytes=10**6)
    cache.limit_entries(3)
    actions = [record(cache, index, str(index)) for index in range(9)]

    assert len(cache.memory) == 3
    assert [cache.find(action.fingerprint) is not None for action in actions] == [True] * 9
    assert [cache.load(action.outputs["value"]) for action in actions] == list(range(9))
    cache.close()


def test_new_digests_are_those_that_the_disk_does_not_have(cache: Cache) -> None:
    known = record(cache, "value").outputs["value"]

    assert cache.find_new([known, "0" * 64]) == ["0" * 64]


def test_a_cache_without_a_folder_keeps_values_in_memory_alone() -> None:
    cache = Cache([], memory_bytes=1000)
    digest = cache.digest("value")

    cache.record(Action("1" * 64, "fake.make", {"value": digest}), {digest: "value"})

    assert cache.load(digest) == "value"
    assert cache.load("0" * 64) is MISSING
    assert cache.try_lock("1" * 64)
    cache.close()


def test_a_file_that_was_just_written_is_not_remembered(cache: Cache, tmp_path: Path) -> None:
    """Within two seconds it may be written to again without a new time."""
    path = tmp_path / "x.bin"
    assert cache.disk is not None
    for age, known in ((0.5, False), (60.0, True)):
        path.write_bytes(b"one")
        os.utime(path, (time.time() - age,) * 2)

        digest = cache.digest_file(path).digest

        status = path.stat()
        found = cache.disk.table.find_file(str(path), status.st_size, status.st_mtime_ns, status.st_ino)
        assert found == (digest if known else None)


def test_one_of_many_threads_gets_the_claim_and_all_others_are_called(cache: Cache) -> None:
    begin, called, got = threading.Barrier(8), threading.Semaphore(0), []

    def ask() -> None:
        begin.wait()
        got.append(cache.claim("f", called.release))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    cache.release("f")

    assert sorted(got) == [False] * 7 + [True]
    assert all(called.acquire(timeout=100) for _ in range(7))
    assert not called.acquire(blocking=False)


def test_another_process_is_kept_out_until_the_result_is_recorded(cache: Cache, tmp_path: Path) -> None:
    other = open_cache(tmp_path)
    digest, fingerprint = cache.digest(7), "1" * 64
    assert cache.claim(fingerprint, lambda: None)
    assert cache.try_lock(fingerprint)
    assert not other.try_lock(fingerprint)

    cache.record(Action(fingerprint, "fake.make", {"value": digest}), {digest: 7}, claimed=True)
    cache.flush()

    assert other.try_lock(fingerprint)
    assert other.find(fingerprint) is not None
    other.close()


def test_a_fingerprint_that_is_released_without_a_result_is_free_for_another_process(
    cache: Cache, tmp_path: Path
) -> None:
    other, fingerprint = open_cache(tmp_path), "1" * 64
    assert cache.claim(fingerprint, lambda: None)
    assert cache.try_lock(fingerprint)
    assert not other.try_lock(fingerprint)

    cache.release(fingerprint)

    assert other.try_lock(fingerprint)
    assert cache.claim(fingerprint, lambda: None)
    other.close()


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


def test_a_value_is_there_before_it_is_written(cache: Cache) -> None:
    picture = create_image(1)
    digest = cache.digest(picture)
    cache.record(Action("1" * 64, "fake.make", {"value": digest}), {digest: picture})

    assert cache.load(digest) == picture


def test_two_caches_on_one_folder_see_each_others_entries(cache: Cache, tmp_path: Path) -> None:
    other = open_cache(tmp_path)
    action = record(cache, create_image(1))

    assert other.find(action.fingerprint) is not None
    assert other.load(action.outputs["value"]) == create_image(1)
    other.close()


@pytest.mark.parametrize("on_disk", [True, False])
def test_a_stream_is_settled_in_the_folder_or_without_one_in_a_temporary_place(tmp_path: Path, on_disk: bool) -> None:
    folder = tmp_path / "cache" if on_disk else None
    cache = Cache(create_builtin_value_types(), memory_bytes=0, folder=folder)

    settled = cache.store_streams(Video.from_images([create_image(1, 32), create_image(2, 32)], 10))

    stream = cache.codecs.find_stream(settled)
    assert stream is not None
    source = stream.find_source(settled)
    assert source is not None
    assert source.is_relative_to(tmp_path) is on_disk
    assert len(list(settled.frames())) == 2
    cache.close()
