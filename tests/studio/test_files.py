"""Files appear whole or not at all, last after a power failure, and a full disk is recognised."""

from __future__ import annotations

import errno
import os
import shutil
import sqlite3
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from studio.api import Audio, AudioType, TypeSpec
from studio.api.builtin import create_builtin_value_types
from studio.batch.export import write_rows
from studio.cache.blobs import BlobFolder
from studio.errors import MediaError, StudioError
from studio.files import (
    is_disk_full,
    is_temporary_name,
    load_remakeable,
    replace_file,
    replace_files,
    resolve_path,
    write_remakeable,
)
from studio.graph.builder import write_document
from studio.provenance.carried_text import CarriedText
from studio.provenance.manifest import write_manifest
from studio.provenance.output_folder import OutputFolder

# -- whole or not at all -------------------------------------------------------------------------------------


def test_the_new_content_takes_the_place_of_the_old(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("old", encoding="utf-8")

    with replace_file(path) as temporary:
        temporary.write_text("new", encoding="utf-8")
        assert path.read_text(encoding="utf-8") == "old"
        assert temporary.parent == tmp_path
        assert temporary.suffix == ".txt"

    assert path.read_text(encoding="utf-8") == "new"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("error", [ValueError("no"), OSError(errno.EIO, "no"), KeyboardInterrupt()])
def test_after_any_exception_the_old_content_is_there_and_nothing_else(tmp_path: Path, error: BaseException) -> None:
    path = tmp_path / "a.txt"
    path.write_text("old", encoding="utf-8")

    with pytest.raises(type(error)), replace_file(path) as temporary:  # noqa: PT012
        temporary.write_text("half", encoding="utf-8")
        raise error

    assert path.read_text(encoding="utf-8") == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_an_exception_before_anything_was_written_is_the_one_that_is_seen(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="first"), replace_file(tmp_path / "a.txt"):
        raise ValueError("first")

    assert list(tmp_path.iterdir()) == []


def test_a_writer_that_wrote_nothing_is_an_error_that_names_the_file(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError) as caught, replace_file(tmp_path / "a.txt"):
        pass

    assert caught.value.filename == str(tmp_path / "a.txt")


@pytest.mark.parametrize("suffix", ["", ".png", "." + "x" * 240])
def test_every_name_that_a_file_can_have_can_be_written(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a{suffix}"

    with replace_file(path) as temporary:
        temporary.write_bytes(b"x")
        assert is_temporary_name(temporary.name)

    assert path.read_bytes() == b"x"


def test_only_the_writers_own_names_are_temporary() -> None:
    assert is_temporary_name(".0a1b2c3d4e5f-partial.png")
    assert not is_temporary_name("my-partial.png")
    assert not is_temporary_name(".hidden.png")


def test_errors_never_show_the_temporary_name(tmp_path: Path) -> None:
    path = tmp_path / "a.jpgg"

    with pytest.raises(MediaError) as media, replace_file(path) as temporary:
        raise MediaError("E512", f"cannot write {temporary.name}", where=str(temporary), hint=f"rename {temporary}")
    with pytest.raises(FileNotFoundError) as system, replace_file(path) as temporary:
        (temporary / "below").read_bytes()

    assert str(media.value) == f"E512 {path}: cannot write a.jpgg\n  hint: rename {path}"
    assert media.value.args == ("E512", "cannot write a.jpgg", str(path), f"rename {path}")
    assert str(system.value) == f"[Errno 2] No such file or directory: '{path}/below'"


def test_an_exclusive_file_never_replaces_one(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    for text, expected in (("first", None), ("second", FileExistsError)):
        try:
            with replace_file(path, exclusive=True) as temporary:
                temporary.write_text(text, encoding="utf-8")
        except FileExistsError:
            assert expected is FileExistsError
        else:
            assert expected is None

    assert path.read_text(encoding="utf-8") == "first"
    assert list(tmp_path.iterdir()) == [path]


def test_several_files_appear_when_the_last_one_is_written(tmp_path: Path) -> None:
    with replace_files(tmp_path) as folder:
        (folder / "1.txt").write_text("1", encoding="utf-8")
        (folder / "2.txt").write_text("2", encoding="utf-8")
        assert not list(tmp_path.glob("*.txt"))

    assert sorted(path.name for path in tmp_path.iterdir()) == ["1.txt", "2.txt"]


def test_of_several_files_none_appears_after_an_exception(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="stop"), replace_files(tmp_path) as folder:  # noqa: PT012
        (folder / "1.txt").write_text("1", encoding="utf-8")
        raise ValueError("stop")

    assert list(tmp_path.iterdir()) == []


# -- after a power failure -----------------------------------------------------------------------------------


class RecordedDisk:
    """A disk that records fsyncs and renames, and says what a power failure may leave at a path after each.

    The content of a file is certain from its fsync on; before, it may be empty. A rename may or may not have reached
    the disk until the folder's fsync.
    """

    def __init__(self, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.path = path
        self.prefixes: list[set[bytes | None]] = []
        self._synced: dict[int, bytes] = {}
        self._inodes: set[int | None] = {None}
        if path.exists():
            self._inodes = {path.stat().st_ino}
            self._synced[path.stat().st_ino] = path.read_bytes()
        self._note()
        fsync, replace = os.fsync, os.replace

        def record_fsync(descriptor: int) -> None:
            fsync(descriptor)
            status = os.fstat(descriptor)
            if stat.S_ISREG(status.st_mode):
                with open(f"/proc/self/fd/{descriptor}", "rb") as file:
                    self._synced[status.st_ino] = file.read()
            elif os.path.samestat(status, self.path.parent.stat()):
                self._inodes = {self.path.stat().st_ino if self.path.exists() else None}
            self._note()

        def record_replace(source: Any, target: Any) -> None:
            inode = os.stat(source).st_ino
            replace(source, target)
            if Path(target) == self.path:
                self._inodes.add(inode)
            self._note()

        monkeypatch.setattr(os, "fsync", record_fsync)
        monkeypatch.setattr(os, "replace", record_replace)

    def _note(self) -> None:
        self.prefixes.append({None if inode is None else self._synced.get(inode, b"") for inode in self._inodes})


def _write_output(path: Path) -> None:
    value_types = {value_type.python: value_type for value_type in create_builtin_value_types()}
    folder = OutputFolder(path.parent, path.name)
    folder.write("o", "new" * 5000, TypeSpec("text"), value_types, CarriedText({}), {})
    folder.sync()


def _write_blob(path: Path) -> None:
    BlobFolder(path.parents[2]).write(path.stem, path.suffix[1:], b"new" * 5000)


def _adopt_blob(path: Path) -> None:
    folder = BlobFolder(path.parents[2])
    temporary, _ = folder.write_stream(lambda target: target.write_bytes(b"new" * 5000) and None, path.suffix[1:])
    folder.adopt(temporary, path.stem, path.suffix[1:])


def _write_pictures(path: Path) -> None:
    with replace_files(path.parent) as folder:
        (folder / path.name).write_bytes(b"new")


WRITERS: dict[str, tuple[str, Callable[[Path], object], bool]] = {
    "any file": ("a.bin", lambda path: _replace(path), True),
    "several files": ("a.png", _write_pictures, True),
    "output": ("a.txt", _write_output, True),
    "manifest": (".studio/r.json", lambda path: write_manifest({"run": path.stem}, path.parents[1]), True),
    "graph": ("g.json", lambda path: write_document({"studio": 1, "nodes": {}, "outputs": {}}, path), True),
    "table": ("t.csv", lambda path: write_rows([], "csv", path), True),
    "blob": ("blobs/ab/abcd.bin", _write_blob, False),
    "adopted blob": ("blobs/ab/abcd.bin", _adopt_blob, False),
}
"""By what is written: its path, what writes it, and whether the new content lasts once it is written."""


def _replace(path: Path, **options: Any) -> None:
    with replace_file(path, **options) as temporary:
        temporary.write_bytes(b"new" * 5000)


@pytest.mark.parametrize("old", [b"old" * 5000, None], ids=["over a file", "new file"])
@pytest.mark.parametrize("kind", WRITERS)
def test_a_power_failure_at_any_point_leaves_the_old_or_the_new_file_whole(
    kind: str, old: bytes | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name, write, lasts = WRITERS[kind]
    path = tmp_path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    if old is not None:
        path.write_bytes(old)
    disk = RecordedDisk(path, monkeypatch)

    write(path)

    new = path.read_bytes()
    assert new != old
    assert all(prefix <= {old, new} for prefix in disk.prefixes), disk.prefixes
    assert disk.prefixes[-1] == ({new} if lasts else {old, new})


def test_the_recorded_disk_sees_a_missing_fsync(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    disk = RecordedDisk(tmp_path / "a", monkeypatch)

    _replace(tmp_path / "a", sync="none")

    assert b"" in disk.prefixes[-1]


def test_a_file_system_that_cannot_sync_folders_is_no_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fsync = os.fsync

    def refuse_folders(descriptor: int) -> None:
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, "Invalid argument")
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", refuse_folders)

    _replace(tmp_path / "a")

    assert (tmp_path / "a").read_bytes() == b"new" * 5000


def test_a_folder_that_cannot_be_written_to_the_disk_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fsync = os.fsync

    def fail_for_folders(descriptor: int) -> None:
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError(errno.EIO, "Input/output error")
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", fail_for_folders)

    with pytest.raises(OSError, match="Input/output error"):
        _replace(tmp_path / "a")


# -- full disks ----------------------------------------------------------------------------------------------


def _raise_from(cause: BaseException) -> Iterator[BaseException]:
    """Yield errors that a full disk led to."""
    for suppress in (False, True):
        try:
            try:
                raise cause
            except BaseException as error:
                raise ValueError("cannot write") from (None if suppress else error)
        except ValueError as error:
            yield error


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_and_a_used_up_quota_are_recognised(number: int) -> None:
    error = OSError(number, os.strerror(number))

    assert is_disk_full(error)
    assert all(map(is_disk_full, _raise_from(error)))


@pytest.mark.parametrize(
    "error",
    [OSError(errno.EACCES, "No space left on device"), ValueError("No space left on device"), OSError("disk is full")],
)
def test_what_an_error_says_is_not_what_counts(error: Exception) -> None:
    assert not is_disk_full(error)


def test_a_full_database_is_recognised(tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / "t")
    connection.execute("pragma max_page_count = 2")
    connection.execute("create table t (x)")

    with pytest.raises(sqlite3.OperationalError) as caught:
        connection.execute("insert into t values (?)", (b"x" * 100_000,))
    connection.close()

    assert is_disk_full(caught.value)


def test_the_errors_of_a_run_keep_the_mark_across_processes() -> None:
    import pickle

    error = StudioError("E512", "no")
    error.disk_full = True

    assert is_disk_full(pickle.loads(pickle.dumps(error)))  # noqa: S301
    assert not is_disk_full(StudioError("E512", "no space left on device"))


@pytest.mark.parametrize("extension", ["wav", "flac", "ogg", "mp3", "m4a", "opus"])
def test_audio_that_fills_the_disk_says_that_it_is_full(small_disk: Path, extension: str) -> None:
    filler = small_disk / "filler"
    filler.write_bytes(b"x" * (shutil.disk_usage(small_disk).free - 2**16))
    samples = np.random.default_rng(0).uniform(-1, 1, (48_000 * 10, 2)).astype(np.float32)

    with pytest.raises(MediaError) as caught, replace_file(small_disk / f"a.{extension}") as temporary:
        AudioType().write_file(Audio(samples, 48_000), temporary, None)

    assert is_disk_full(caught.value)
    assert list(small_disk.iterdir()) == [filler]


def test_a_path_is_resolved_also_through_a_link_in_a_circle(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to("folder")
    (tmp_path / "circle").symlink_to("circle")

    assert resolve_path(tmp_path / "link" / "x.png") == resolve_path(tmp_path) / "folder" / "x.png"
    assert resolve_path(tmp_path / "circle").name == "circle"


# -- what can be made again ----------------------------------------------------------------------------------


def test_what_can_be_made_again_is_read_as_it_was_written(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "kept.json"
    write_remakeable(path, b'{"format": 3, "rows": [1, 2]}')

    assert load_remakeable(path, 3, lambda found: found["rows"]) == [1, 2]
    assert load_remakeable(path, 4, lambda found: found["rows"]) is None
    assert load_remakeable(path, 3, lambda found: found["others"]) is None
    assert load_remakeable(path.with_name("none.json"), 3, dict) is None


@pytest.mark.parametrize("data", [b"", b"\xff", b"5", b"null", b"[]", b"{}", b'{"format": 3', b"[" * 100_000])
def test_damage_of_what_can_be_made_again_is_as_if_there_were_none(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "kept.json").write_bytes(data)

    assert load_remakeable(tmp_path / "kept.json", 3, dict) is None


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes in this file system")
def test_a_pipe_in_the_place_of_what_can_be_made_again_lets_nobody_wait(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "kept.json")

    assert load_remakeable(tmp_path / "kept.json", 3, dict) is None
