"""The graphs that shipped with 0.1.0, as they were then: valid, and brought up to date by `studio migrate`."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from studio.app import Studio
from studio.cli.main import main
from studio.settings import Settings

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "tests" / "golden" / "0.1.0" / "graphs"
GRAPHS = sorted(str(path.relative_to(FOLDER)) for path in FOLDER.rglob("*.json"))
OLD_NAMES = {"W103", "W104"}


@pytest.fixture(scope="module")
def studio() -> Iterator[Studio]:
    """A Studio with the plugins that ship, in memory."""
    with Studio(Settings(device="cpu"), on_disk=False) as opened:
        yield opened


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The old graphs with their media, which are those of today."""
    copy = tmp_path_factory.mktemp("graphs") / "graphs"
    shutil.copytree(ROOT / "graphs", copy)
    shutil.copytree(FOLDER, copy, dirs_exist_ok=True)
    return copy


def test_every_graph_that_shipped_is_here() -> None:
    assert len(GRAPHS) == 26


@pytest.mark.parametrize("name", GRAPHS)
def test_a_graph_is_valid(studio: Studio, folder: Path, name: str) -> None:
    found = studio.validate(studio.load(folder / name))

    assert {finding.code for finding in found} <= OLD_NAMES


def test_they_are_migrated_once_and_for_all(studio: Studio, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    copy = folder.parent / "migrated"
    shutil.copytree(folder, copy)
    names = [str(copy / name) for name in GRAPHS]

    assert migrate(names) == 0
    assert "video.colorize -> style.colorize_video 2.0; inputs key_frames -> keyframes" in capsys.readouterr().out
    assert [finding for name in names for finding in studio.validate(studio.load(name))] == []

    assert migrate(names) == 0
    assert capsys.readouterr().out.splitlines() == [f"{name}: nothing to change" for name in names]


def migrate(names: list[str]) -> int:
    """Call `studio migrate` and return its exit code."""
    with pytest.raises(SystemExit) as ended:
        main(["migrate", *names, "--device", "cpu"])
    return int(ended.value.code or 0)
