"""Patterns name the files of one folder, in natural order."""

from __future__ import annotations

from pathlib import Path

import pytest

from studio.graph.frames import FramesProblem
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


@pytest.fixture
def shot(tmp_path: Path) -> Path:
    """A folder with frames 1001 to 1006 without 1003, and a few names with signs in them."""
    names = [f"shot.{number}.png" for number in (1001, 1002, 1004, 1005, 1006)]
    for name in [*names, "shot.7.png", "icon@2x.png", "big@2x.png", "a #1.png", "take##.png", "take12.png"]:
        (tmp_path / name).touch()
    return tmp_path


@pytest.mark.parametrize("sign", ["%04d", "####", "@@@@", "#", "@", "%d"])
def test_every_way_to_write_a_number_finds_the_same_frames(shot: Path, sign: str) -> None:
    wanted = ["shot.1004.png", "shot.1006.png"]

    assert find_names(shot, f"shot.{sign}.png 1004-1006x2") == wanted
    assert find_names(shot, f"shot.{sign}.png 1006,1004") == wanted[::-1]


@pytest.mark.parametrize(
    ("pattern", "wanted"),
    [
        ("shot.####.png", 5),
        ("shot.#.png", 6),
        ("shot.@@@@@.png", 0),
        ("shot.1004-1006####.png", 3),
        ("shot.1004-1005,1001@@@@.png", 3),
        ("*@2x.png", 2),
        ("icon@2x.png", 1),
        ("a #1.png", 1),
        ("take##.png", 1),  # a file of this very name
        ("????##.png", 1),
    ],
)
def test_signs_are_numbers_where_they_stand_for_one(shot: Path, pattern: str, wanted: int) -> None:
    assert len(find_names(shot, pattern)) == wanted


def test_the_same_frames_are_chosen_from_what_is_known(tmp_path: Path) -> None:
    known = [f"in/shot.{number:04d}.png" for number in range(1, 20)]

    assert find_names(tmp_path, "in/shot.####.png 3-7x2", known) == [known[2], known[4], known[6]]
    assert find_names(tmp_path, "in/shot.9-8####.png", known) == [known[8], known[7]]


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ("shot.####.png 1001-1006", "1 of 6 frames of 'shot.####.png' are missing: 1003"),
        ("shot.####.png 999-1009", "6 of 11 frames of 'shot.####.png' are missing: 999-1000, 1003, 1007-1009"),
        ("none/x.####.png 1-3", "3 of 3 frames of 'none/x.####.png' are missing: 1-3"),
        ("shot.####.png 1001-10o6", "invalid frames '1001-10o6': expected 'x' or ',' at character 8, found 'o'"),
        ("shot.1-2####.png 1-2", "frames are named twice"),
        ("shot.%d.%d.png 1-2", "frames go with one number in a name, and 'shot.%d.%d.png' has 2"),
    ],
)
def test_frames_that_cannot_be_found_are_named(shot: Path, pattern: str, message: str) -> None:
    with pytest.raises(FramesProblem) as problem:
        find_names(shot, pattern)

    assert message in problem.value.message


def test_two_files_of_one_frame_are_an_error(shot: Path) -> None:
    (shot / "shot.01004.png").touch()

    with pytest.raises(FramesProblem, match=r"frame 1004 .* has several files"):
        find_names(shot, "shot.#.png 1004-1005")


def test_a_name_with_spaces_and_a_number_behind_is_a_name(tmp_path: Path) -> None:
    (tmp_path / "my photo 3").touch()

    assert find_names(tmp_path, "my photo 3") == ["my photo 3"]
