"""A full disk: a clear error, nothing half-written, and what was cached before stays."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any

import pytest
from fakes import Probe, graph, open_studio

from studio.app import Studio

SIDE = 256  # 192 KiB a image
FITS, TOO_MANY = 3, 30


def build_graph(images: int) -> dict[str, Any]:
    """Return a graph with so many images."""
    return graph(
        {f"i{n}": ("fake.image", {"side": SIDE, "seed": n}) for n in range(images)},
        **{f"o{n}": f"i{n}" for n in range(images)},
    )


def check_what_is_left(folder: Path, expected: dict[str, Any]) -> None:
    """Check that the cache is whole and still has what it had."""
    assert list((folder / "tmp").iterdir()) == []
    with open_studio(folder, probe := Probe()) as studio:
        assert studio.cache.disk is not None
        assert studio.cache.disk.verify() == []
        assert studio.run(build_graph(FITS)).outputs == expected
    assert not probe.calls


def run_over(folder: Path) -> dict[str, Any]:
    """Run more than fits; check what the run says of it. Return what had been cached before."""
    with open_studio(folder) as studio:
        before = studio.run(build_graph(FITS))
        assert before.warnings == []
    with open_studio(folder) as studio:
        result = studio.run(build_graph(TOO_MANY))
        again = studio.run(build_graph(TOO_MANY), cache="off")
    assert (result.status, result.outputs) == ("done", again.outputs)
    assert len(result.warnings) == 1, result.warnings
    assert result.warnings[0].startswith("E402")
    assert "full" in result.warnings[0]
    assert "prune" in result.warnings[0]
    return before.outputs


def test_a_full_cache_disk_costs_a_warning_and_nothing_else(small_disk: Path) -> None:
    expected = run_over(small_disk / "cache")

    check_what_is_left(small_disk / "cache", expected)


def test_a_write_that_fails_half_way_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "cache"
    sync = os.fsync
    room = iter(range(FITS + 2))

    def sync_while_there_is_room(descriptor: int) -> None:
        if next(room, None) is None:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        sync(descriptor)

    monkeypatch.setattr(os, "fsync", sync_while_there_is_room)
    expected = run_over(folder)
    monkeypatch.undo()

    check_what_is_left(folder, expected)


def test_outputs_that_do_not_fit_say_so_and_leave_no_half_files(small_disk: Path, tmp_path: Path) -> None:
    out = small_disk / "out"
    with open_studio(tmp_path / "cache") as studio:
        result = studio.run(build_graph(TOO_MANY), output=out)

    assert result.status == "partly done"
    assert {error.code for error in result.errors} <= {"E312", "E512"}
    assert all("space" in str(error) for error in result.errors)
    written = {file.path for file in result.files}
    assert written == set(out.glob("*.png"))
    assert list(out.glob(".*partial*")) == []
    assert 0 < len(written) < TOO_MANY


def test_a_node_that_fills_the_disk_says_so(tmp_path: Path) -> None:
    with open_studio(tmp_path) as studio:
        (error,) = studio.run(graph({"f": ("fake.fail", {"kind": "disk"})}, o="f")).errors

    assert error.code == "E310"
    assert "free space" in error.hint


def test_a_run_continues_when_the_table_cannot_be_read(tmp_path: Path) -> None:
    with open_studio(tmp_path, probe := Probe()) as studio:
        damage(studio)
        result = studio.run(graph({"a": ("fake.add", {"a": 1}), "b": ("fake.add", {"a": "@a"})}, o="b"))

        assert (result.status, result.outputs) == ("done", {"o": 3})
        assert {warning[:4] for warning in result.warnings} == {"E401"}
    assert probe.calls["add"] == 2


def damage(studio: Studio) -> None:
    """Take the table away from under the cache."""
    assert studio.cache.disk is not None
    studio.cache.disk.table.close()
