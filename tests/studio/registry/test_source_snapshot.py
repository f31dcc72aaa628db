"""`SourceSnapshot`: while it holds, looking at a plugin's files again would find the same."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from studio.registry.source_files import SourceFile, SourceReader
from studio.registry.source_snapshot import SourceSnapshot, take_snapshot
from studio.registry.source_tree import SourceTree, locate_tree

LONG_AGO = 1_000_000_000


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A package that imports a module beside it, has data, and was written long ago."""
    folder = tmp_path / "mine"
    (folder / "data").mkdir(parents=True)
    (folder / "__init__.py").write_text("import beside, missing", encoding="utf-8")
    (folder / "data/table.json").write_text("1", encoding="utf-8")
    (tmp_path / "beside.py").write_text("", encoding="utf-8")
    return folder


def look(tree: SourceTree) -> SourceSnapshot | None:
    reader = SourceReader()
    reader.begun_ns += 10**10  # as if all this had been written ten seconds ago
    files = tree.collect(reader)
    return take_snapshot([replace_settled(file) for file in files.values()], reader)


def replace_settled(file: SourceFile) -> SourceFile:
    object.__setattr__(file, "settled", True)
    return file


def test_a_snapshot_holds_while_nothing_changes(package: Path) -> None:
    snapshot = look(locate_tree(str(package)))

    assert snapshot is not None
    assert snapshot.holds()


CHANGES: dict[str, Callable[[Path], object]] = {
    "a file is edited": lambda mine: (mine / "data/table.json").write_text("22", encoding="utf-8"),
    "a file is added": lambda mine: (mine / "data/more.json").write_text("1", encoding="utf-8"),
    "a file is removed": lambda mine: (mine / "data/table.json").unlink(),
    "a file is renamed": lambda mine: (mine / "data/table.json").rename(mine / "data/other.json"),
    "a folder is added": lambda mine: (mine / "luts").mkdir(),
    "a module that was missing is there": lambda mine: (mine.parent / "missing.py").write_text("", encoding="utf-8"),
    "an imported module is edited": lambda mine: (mine.parent / "beside.py").write_text("x = 1", encoding="utf-8"),
    "a file has another time": lambda mine: os.utime(mine / "__init__.py", (LONG_AGO, LONG_AGO)),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_snapshot_does_not_hold_after(package: Path, change: str) -> None:
    snapshot = look(locate_tree(str(package)))
    assert snapshot is not None

    CHANGES[change](package)

    assert not snapshot.holds()


@pytest.mark.parametrize("text", ["open('late.json')", "glob('*.lut')", "HERE / 'luts'", "from late import x"])
def test_a_file_that_a_module_names_and_that_comes_later_counts(tmp_path: Path, text: str) -> None:
    module = tmp_path / "mine.py"
    module.write_text(text, encoding="utf-8")
    snapshot = look(locate_tree(str(module)))
    assert snapshot is not None

    (tmp_path / "luts").mkdir()
    for name in ("late.json", "a.lut", "luts/a", "late.py"):
        (tmp_path / name).write_text("1", encoding="utf-8")

    assert not snapshot.holds()


def test_what_has_just_changed_has_no_snapshot(package: Path) -> None:
    reader = SourceReader()

    files = locate_tree(str(package)).collect(reader)

    assert take_snapshot(files.values(), reader) is None


def test_a_snapshot_ends_by_itself(package: Path) -> None:
    snapshot = look(locate_tree(str(package)))
    assert snapshot is not None

    assert not SourceSnapshot(snapshot.statuses, expires=0.0).holds()
