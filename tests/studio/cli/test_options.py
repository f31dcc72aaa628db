"""What --set gives: text by the input's type, and files that @ names."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from studio.app import InputFile
from studio.cli.options import parse_inputs
from studio.errors import UsageError
from studio.graph import Graph, parse_graph
from studio.graph.paths import InputPattern

INPUTS = {
    "words": {"type": "text"},
    "count": {"type": "int"},
    "flag": {"type": "bool"},
    "mode": {"type": "choice", "choices": ["fit", "@odd"]},
    "side": {"type": "int", "choices": [1, 2]},
    "photo": {"type": "image"},
    "photos": {"type": "list[image]"},
    "data": {"type": "json"},
    "names": {"type": "list[text]"},
    "place": {"type": "path"},
}


@pytest.fixture
def graph(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Graph:
    """A graph, in a folder of its own that is the current one."""
    monkeypatch.chdir(tmp_path)
    return parse_graph({"studio": 1, "inputs": INPUTS, "nodes": {}})


def read(graph: Graph, pair: str) -> Any:
    (value,) = parse_inputs(graph, [pair]).values()
    return value


def test_values_follow_the_type_of_the_input(graph: Graph) -> None:
    pairs = ["words=5", "count=5", "flag=On", "mode=fit", "side=2", 'data={"a": [1]}', "place=123", "other=[1]"]

    assert parse_inputs(graph, pairs) == {
        "words": "5",
        "count": 5,
        "flag": True,
        "mode": "fit",
        "side": 2,
        "data": {"a": [1]},
        "place": "123",
        "other": [1],
    }


def test_the_last_value_of_a_name_counts_and_a_value_may_hold_an_equals_sign(graph: Graph) -> None:
    assert parse_inputs(graph, ["words=a", "words=b=c"]) == {"words": "b=c"}


@pytest.mark.parametrize("pair", ["words", "=5", "", "  =x"])
def test_a_pair_without_a_name_is_refused(pair: str, graph: Graph) -> None:
    with pytest.raises(UsageError, match="gives no input a value") as error:
        parse_inputs(graph, [pair])
    assert error.value.code == "E005"


def test_a_medium_is_a_file_with_and_without_the_sign(graph: Graph) -> None:
    assert read(graph, "photo=a.png") == read(graph, "photo=@a.png") == InputFile(Path("a.png"))


def test_a_list_of_media_is_a_pattern_or_json(graph: Graph, tmp_path: Path) -> None:
    for name in ("f10.png", "f9.png"):
        (tmp_path / name).touch()
    (tmp_path / "list.json").write_text('["f9.png"]', encoding="utf-8")

    assert read(graph, "photos=f*.png") == [InputFile(Path("f9.png")), InputFile(Path("f10.png"))]
    assert read(graph, "photos=@f%d.png") == [InputFile(Path("f9.png")), InputFile(Path("f10.png"))]
    assert read(graph, 'photos=["f9.png"]') == read(graph, "photos=@list.json") == ["f9.png"]
    assert read(graph, "photos=x*.png") == InputPattern("x*.png")


def test_the_sign_reads_texts_and_json(graph: Graph, tmp_path: Path) -> None:
    (tmp_path / "words.txt").write_text("many words\n", encoding="utf-8")
    (tmp_path / "data.json").write_text('{"file": "a.png"}', encoding="utf-8")

    assert read(graph, "words=@words.txt") == "many words\n"
    assert read(graph, "data=@words.txt") == "many words\n"
    assert read(graph, "names=@data.json") == {"file": "a.png"}
    assert read(graph, "data=@data.json") == {"file": "a.png"}  # JSON, though it looks like a file
    assert read(graph, 'data={"file": "a.png"}') == {"file": "a.png"}


def test_two_signs_begin_a_text_with_one(graph: Graph) -> None:
    assert read(graph, "words=@@home") == "@home"
    assert read(graph, "mode=@@odd") == "@odd"


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("gone.txt", None, "cannot read 'gone.txt': no such file"),
        ("latin.txt", b"\xff\xfe\xfa", "'latin.txt' is not UTF-8 text"),
        ("broken.json", b"{", "'broken.json' is not JSON"),
    ],
)
def test_a_file_that_cannot_be_read_is_a_usage_error(
    name: str, content: bytes | None, words: str, graph: Graph, tmp_path: Path
) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)

    with pytest.raises(UsageError, match=words) as error:
        read(graph, f"data=@{name}")
    assert error.value.code == "E005"


def test_a_text_file_without_an_end_is_not_read_whole(graph: Graph, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("studio.cli.options._LONGEST_TEXT", 100)

    with pytest.raises(UsageError, match="'/dev/zero' has more than 100 characters") as error:
        read(graph, "data=@/dev/zero")
    assert error.value.code == "E005"


def test_a_file_where_none_is_taken_is_left_for_the_binder_to_refuse(graph: Graph) -> None:
    assert read(graph, "count=@a.png") == InputFile(Path("a.png"))
