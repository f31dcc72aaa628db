"""What came with a graph is found by every way to write its path, from the folder of each graph in it."""

from __future__ import annotations

import posixpath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studio.graph.carried import Carried, join_paths

ENTRIES = {"photo.png": 1, "parts/photo.png": 2, "../shared/photo.png": 3, "/media/photo.png": 4}


def test_a_path_may_be_written_in_any_way() -> None:
    carried = Carried({"./photo.png": 1})

    assert [carried[path] for path in ("photo.png", "./photo.png", "parts/../photo.png")] == [1, 1, 1]
    assert "other.png" not in carried


@pytest.mark.parametrize(
    ("folder", "path", "entry"),
    [
        ("parts", "photo.png", 2),
        ("parts", "../photo.png", 1),
        ("parts", "../../shared/photo.png", 3),
        ("../shared", "photo.png", 3),
        ("parts", "/media/photo.png", 4),
    ],
)
def test_a_graph_in_a_folder_finds_what_it_named_from_there(folder: str, path: str, entry: int) -> None:
    assert Carried(ENTRIES).enter(folder)[path] == entry


def test_a_folder_in_a_folder_is_entered_step_by_step() -> None:
    inner = Carried({"a/b/photo.png": 1, "photo.png": 2}).enter("a").enter("b")

    assert (inner["photo.png"], inner["../../photo.png"]) == (1, 2)


def test_the_names_are_those_that_a_graph_in_the_folder_writes() -> None:
    assert set(Carried(ENTRIES).enter("parts")) == {
        "photo.png",
        "../photo.png",
        "../../shared/photo.png",
        "/media/photo.png",
    }


def test_what_only_the_name_of_a_folder_above_could_say_has_no_name_there() -> None:
    carried = Carried({"photo.png": 1, "../other/photo.png": 2}).enter("../other")

    assert list(carried) == ["photo.png"]
    assert len(carried) == 1


_NAMES = st.sampled_from(["a", "b", "..", "."])
_PATHS = st.lists(_NAMES, min_size=1, max_size=4).map("/".join)


@given(folder=_PATHS, path=_PATHS)
def test_every_name_that_is_listed_leads_to_its_entry(folder: str, path: str) -> None:
    carried = Carried({path: 1}).enter(folder)

    assert all(carried[name] == 1 for name in carried)
    assert all(join_paths(folder, name) == posixpath.normpath(path) for name in carried)
