"""Patterns name the files of one folder, in natural order."""

from __future__ import annotations

from pathlib import Path

import pytest

from studio.graph.pattern import find_names

NAMES = ["f10.png", "f2.png", "f1.png", "notes.txt", ".f3.png", "f+1.png"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with another in it that holds files."""
    inside = tmp_path / "frames"
    (inside / "deep").mkdir(parents=True)
    for name in NAMES:
        (inside / name).touch()
    return tmp_path


@pytest.mark.parametrize(
    ("pattern", "wanted"),
    [
        ("frames/f%d.png", ["f1.png", "f2.png", "f10.png"]),
        ("frames/f%02d.png", ["f10.png"]),
        ("frames/f?.png", ["f1.png", "f2.png"]),
        ("./frames/f+*.png", ["f+1.png"]),
        ("frames/f1.png", ["f1.png"]),
        ("frames", ["f+1.png", "f1.png", "f2.png", "f10.png", "notes.txt"]),
        ("frames/", ["f+1.png", "f1.png", "f2.png", "f10.png", "notes.txt"]),
        ("frames/*.jpg", []),
        ("frames/f%0099999999999d.png", []),
        ("frames/f%0000000000002d.png", ["f10.png"]),
        ("nowhere/*", []),
        ("frames/f1.png/*", []),
    ],
)
def test_files_that_fit_come_in_natural_order(folder: Path, pattern: str, wanted: list[str]) -> None:
    assert sorted(find_names(folder, pattern)) == sorted(f"frames/{name}" for name in wanted)
    numbered = [name for name in find_names(folder, pattern) if name[8:9].isdigit()]
    assert numbered == [f"frames/{name}" for name in wanted if name[1].isdigit()]


@pytest.mark.parametrize("pattern", ["frames/f%d.png", "frames", "frames/", "./frames/f*.png"])
def test_what_is_known_is_chosen_from_though_nothing_is_on_disk(tmp_path: Path, pattern: str) -> None:
    known = ["frames/f10.png", "frames/f2.png", "other/f1.png", "f3.png"]

    assert find_names(tmp_path, pattern, known) == ["frames/f2.png", "frames/f10.png"]


def test_a_link_to_itself_hides_no_other_file(folder: Path) -> None:
    (folder / "frames" / "f0.png").symlink_to("f0.png")

    assert find_names(folder, "frames/f?.png") == ["frames/f1.png", "frames/f2.png"]
