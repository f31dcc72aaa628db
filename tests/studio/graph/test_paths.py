"""Which files a graph or a caller may name."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from studio.graph.paths import InputFile, Paths, find_output_fault, hint_separator, is_existing_file, is_path, name_file


@pytest.fixture
def here(tmp_path: Path) -> Path:
    """A folder with a file, beside another file."""
    (tmp_path / "here" / "deep").mkdir(parents=True)
    (tmp_path / "here" / "a.txt").write_text("a", encoding="utf-8")
    (tmp_path / "outside.txt").write_text("b", encoding="utf-8")
    return (tmp_path / "here").resolve()


def test_a_graph_reads_what_lies_in_its_roots(here: Path) -> None:
    paths = Paths(here, (here,))

    assert paths.find("a.txt") == here / "a.txt"
    assert paths.find("deep/../a.txt") == here / "a.txt"
    assert paths.find("gone.txt") == here / "gone.txt"  # whether it exists is another question
    assert paths.find("../outside.txt") is None
    assert paths.find(str(here.parent / "outside.txt")) is None
    assert Paths(here, (here, here.parent)).find("../outside.txt") == here.parent / "outside.txt"


def test_links_are_followed_before_a_path_is_judged(here: Path) -> None:
    (here / "link.txt").symlink_to(here.parent / "outside.txt")
    os.symlink("loop", here / "loop")

    assert Paths(here, (here,)).find("link.txt") is None
    assert Paths(here, (here,)).find("loop") in (None, here / "loop")


def test_a_caller_reads_from_anywhere(here: Path) -> None:
    assert Paths(here).find("../outside.txt") == here.parent / "outside.txt"


@pytest.mark.parametrize("written", ["a\0b", "\ud800", "n" * 5000])
def test_what_cannot_be_a_path_is_found_nowhere(written: str, here: Path) -> None:
    assert not is_path(written)
    assert Paths(here, (here,)).find(written) is None
    assert Paths(here).find(written) is None
    assert Paths(here, (here,)).resolve(written) is None
    assert not is_existing_file(here / written[:10])


def test_a_file_is_recorded_as_a_graph_beside_it_would_write_it(here: Path) -> None:
    assert name_file(here / "deep" / "x.png", here) == "deep/x.png"
    assert name_file(here.parent / "outside.txt", here) == "../outside.txt"
    assert Paths(here, (here,)).describe("./a.txt", here / "a.txt") == "./a.txt"
    assert Paths(here).describe("./a.txt", here / "a.txt") == "a.txt"


def test_files_of_a_pattern_come_from_the_disk_or_from_what_is_recorded(here: Path) -> None:
    for name in ("f10.png", "f9.png"):
        (here / "deep" / name).touch()

    assert Paths(here, (here,)).find_names("deep/f%d.png") == ["deep/f9.png", "deep/f10.png"]
    assert Paths(here, (here,)).find_names("../*") is None
    assert Paths(here).find_names("../*.txt") == ["../outside.txt"]
    recorded = Paths(here, (here,), {"gone/f1.png": "d", "gone/f2.png": "e", "other.png": "f"})
    assert recorded.find_names("gone/*.png") == ["gone/f1.png", "gone/f2.png"]
    assert recorded.is_known("gone/f1.png")
    assert not Paths(here).is_known("gone/f1.png")


def test_an_input_file_takes_text_as_well() -> None:
    assert InputFile("a.png").path == Path("a.png")  # type: ignore[arg-type]  # as a caller may write it


FAULTS = {
    "a\0b": "remove the zero byte",
    "n" * 256: "shorten each name in it to 255 bytes",
    "a/" * 600 + "b": "shorten it to 1000 characters",
    "\ud800": "remove the lone surrogates",
    ".": "name a file inside it",
    "out/": "name a file inside it",
    "": "name a file",
}


@pytest.mark.parametrize("written", FAULTS)
def test_an_output_that_cannot_be_gets_the_reason_as_its_hint(written: str) -> None:
    fault = find_output_fault(written)

    assert fault is not None
    assert fault[1] == FAULTS[written]


@pytest.mark.parametrize("written", ["n" * 255, "out/a.png", "./a", "a.b/c"])
def test_a_name_that_an_output_may_have_has_no_fault(written: str) -> None:
    assert find_output_fault(written) is None


def test_a_path_with_backslashes_is_hinted_with_slashes_where_they_are_letters() -> None:
    assert hint_separator("..\\w\\x.wav") == "write '../w/x.wav': / separates folders"
    assert hint_separator("w/x.wav") == ""
