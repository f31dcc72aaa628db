"""Blobs in files: whole or not there, checked on reading, and temporary files removed with their process."""

from __future__ import annotations

import errno
import os
import socket
import time
from pathlib import Path

import pytest
from blake3 import blake3
from fake_caches import create_image, open_cache, record

from studio.cache import Cache
from studio.cache.blobs import BlobFolder
from studio.cache.digest import hash_file

DIGEST = "ab" * 32
DATA = b"some bytes"
CHECKSUM = blake3(DATA).hexdigest()


@pytest.fixture
def blobs(tmp_path: Path) -> BlobFolder:
    """An empty folder."""
    return BlobFolder(tmp_path)


def watch_writes(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return a list that names each fsync and rename, as it happens."""
    seen: list[str] = []
    sync, replace = os.fsync, os.replace

    def watched_sync(descriptor: int) -> None:
        seen.append(f"sync {Path(os.readlink(f'/proc/self/fd/{descriptor}')).parent.name}")
        sync(descriptor)

    def watched_replace(source: Path, target: Path) -> None:
        seen.append(f"rename to {Path(target).name}")
        replace(source, target)

    monkeypatch.setattr(os, "fsync", watched_sync)
    monkeypatch.setattr(os, "replace", watched_replace)
    return seen


def test_a_blob_is_read_as_it_was_written(blobs: BlobFolder) -> None:
    assert blobs.write(DIGEST, "json", DATA) == CHECKSUM

    assert blobs.read(DIGEST, "json", CHECKSUM) == DATA
    assert blobs.read(DIGEST, "json", "0" * 64) is None
    assert blobs.read("cd" * 32, "json", CHECKSUM) is None
    assert [path.name for path in blobs.iterate()] == [f"{DIGEST}.json"]


def test_the_content_is_on_disk_before_the_name(blobs: BlobFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that survives a power failure whose content does not would be a blob of nothing."""
    seen = watch_writes(monkeypatch)

    blobs.write(DIGEST, "json", DATA)

    assert seen == ["sync tmp", f"rename to {DIGEST}.json"]


def test_an_adopted_file_is_synced_and_keeps_its_temporary_name(
    blobs: BlobFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    temporary, checksum = blobs.write_stream(lambda path: path.write_bytes(DATA), "bin")
    seen = watch_writes(monkeypatch)

    blobs.adopt(temporary, DIGEST, "bin")

    assert checksum == CHECKSUM
    assert seen == ["sync tmp", f"rename to {DIGEST}.bin"]
    assert temporary.read_bytes() == DATA
    assert blobs.read(DIGEST, "bin", CHECKSUM) == DATA


def test_a_stream_that_fails_leaves_nothing(blobs: BlobFolder, tmp_path: Path) -> None:
    def fill(path: Path) -> None:
        path.write_bytes(DATA)
        raise ValueError("no more")

    with pytest.raises(ValueError, match="no more"):
        blobs.write_stream(fill, "bin")

    assert list((tmp_path / "tmp").iterdir()) == []


def test_a_disk_without_links_gets_a_copy(blobs: BlobFolder, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def refuse(*names: object) -> None:
        raise OSError(errno.EPERM, "no links here")

    monkeypatch.setattr(os, "link", refuse)
    source = tmp_path / "source.bin"
    source.write_bytes(DATA)

    link = blobs.link_temporary(source, "bin")

    assert link.read_bytes() == DATA
    assert link.stat().st_ino != source.stat().st_ino


def test_removing_a_missing_blob_is_no_error(blobs: BlobFolder) -> None:
    blobs.write(DIGEST, "json", DATA)

    blobs.remove(DIGEST, "json")
    blobs.remove(DIGEST, "json")

    assert blobs.read(DIGEST, "json", CHECKSUM) is None


def leave_file(blobs: BlobFolder, process: int, host: str = "") -> Path:
    """Write a temporary file as a process would, perhaps one of another machine."""
    mine = blobs.create_temporary("json")
    own, _, token = mine.name.split("-")
    path = mine.with_name(f"{host or own}-{process}-{token}")
    path.write_bytes(DATA)
    return path


def test_a_process_of_another_user_is_alive(blobs: BlobFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    path = leave_file(blobs, 4711)

    def refuse(process: int, number: int) -> None:
        assert (process, number) == (4711, 0)
        raise PermissionError(errno.EPERM, "not yours")

    monkeypatch.setattr(os, "kill", refuse)

    assert blobs.remove_leftovers() == 0
    assert path.exists()


def test_temporary_files_of_other_machines_are_removed_after_a_day(blobs: BlobFolder) -> None:
    young, old = leave_file(blobs, 1, "elsewhere"), leave_file(blobs, 1, "elsewhere")
    os.utime(old, (time.time() - 24 * 3600 - 60,) * 2)
    os.utime(young, (time.time() - 24 * 3600 + 60,) * 2)

    assert blobs.remove_leftovers() == 1
    assert (young.exists(), old.exists()) == (True, False)


def test_nothing_is_left_in_the_temporary_folder(cache: Cache, tmp_path: Path) -> None:
    record(cache, [create_image(i) for i in range(5)])

    assert list((tmp_path / "tmp").iterdir()) == []


def test_temporary_files_of_processes_that_are_gone_are_removed(cache: Cache, tmp_path: Path) -> None:
    assert cache.disk is not None
    mine = cache.disk.blobs.create_temporary("json")
    dead = mine.with_name(mine.name.replace(f"-{os.getpid()}-", f"-{2**22 + 5}-"))
    for path in (mine, dead):
        path.write_bytes(b"1")
    open_cache(tmp_path).close()

    assert (mine.exists(), dead.exists()) == (True, False)


def test_leftovers_are_removed_on_a_machine_with_a_long_name(
    blobs: BlobFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket, "gethostname", lambda: "a-machine-" * 6)
    alive = blobs.create_temporary("json")
    dead = alive.with_name(alive.name.replace(f"-{os.getpid()}-", f"-{2**22 + 1}-"))  # above the largest process id
    for path in (alive, dead):
        path.touch()

    assert blobs.remove_leftovers() == 1
    assert (alive.exists(), dead.exists()) == (True, False)


def test_a_pipe_in_the_place_of_a_blob_is_a_missing_blob_and_nobody_waits_for_it(tmp_path: Path) -> None:
    folder = BlobFolder(tmp_path)
    path = folder.find_path("ab" * 32, "bin")
    path.parent.mkdir(parents=True)
    os.mkfifo(path)

    assert folder.read("ab" * 32, "bin", "0" * 64) is None
    with pytest.raises(OSError, match="not a regular file"):
        hash_file(path)
