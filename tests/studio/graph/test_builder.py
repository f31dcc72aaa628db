"""`GraphBuilder` writes the documents that one writes by hand."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import studio
from studio.api import Model
from studio.errors import GraphError, UsageError
from studio.graph import GraphBuilder, check_graph, load_graph, parse_graph
from studio.graph.builder import format_document
from studio.graph.resolve import resolve_graph
from studio.graph.source import Constant
from studio.registry import Registry


def build_poster() -> GraphBuilder:
    g = GraphBuilder("Poster", requires={"studio-image": ">=0.1"})
    photo = g.input("photo", "image", default={"file": "photo.png"}, description="picture")
    small = g.add("image.resize", image=photo, width=512)
    caption = g.add("image.caption", id="caption", image=small, text="Hello")
    g.output("poster", caption, description="done")
    return g


def test_the_document_is_the_one_written_by_hand(registry: Registry, folder: Path) -> None:
    g = build_poster()

    assert g.to_json() == {
        "studio": 1,
        "title": "Poster",
        "inputs": {"photo": {"type": "image", "default": {"file": "photo.png"}, "description": "picture"}},
        "nodes": {
            "resize": {"type": "image.resize", "inputs": {"image": {"from": "inputs.photo"}, "width": 512}},
            "caption": {"type": "image.caption", "inputs": {"image": {"from": "resize"}, "text": "Hello"}},
        },
        "outputs": {"poster": {"from": "caption", "description": "done"}},
        "requires": {"studio-image": ">=0.1"},
    }
    assert check_graph(g.build(folder), registry) == []


def test_with_a_catalog_each_node_states_the_installed_version(registry: Registry) -> None:
    g = GraphBuilder("Poster", catalog=registry)
    g.add("image.new", id="a")
    g.add("probe.migrated", id="b", picture=Path("photo.png"))
    g.add("image.new", id="c", version="0.9")
    g.add("graph:part.json", id="d")
    g.add("nothing.there", id="e")

    versions = {name: node.get("version") for name, node in g.to_json()["nodes"].items()}

    assert versions == {"a": "1.0", "b": "3.1", "c": "0.9", "d": None, "e": None}


def test_it_is_exported_at_the_top() -> None:
    assert studio.GraphBuilder is GraphBuilder


def test_ids_are_made_from_types() -> None:
    g = GraphBuilder()

    ids = [
        g.add(kind).edge for kind in ("image.new", "image.new", "logic.new", "graph:./my graph.json", "graph:1.json")
    ]

    assert ids == ["new", "new_2", "new_3", "my_graph", "node_1"]


def test_outputs_lists_conditions_and_options_become_what_they_mean() -> None:
    g = GraphBuilder(description="d")
    flag = g.input("flag", "bool", default=True)
    info = g.add("image.info", image=Path("a") / "b.png", when=flag, version="1.0", description="look")
    g.add("logic.collect", items=(info["width"], [info.output("height")], 3), inputs={"id": 1, "when": None})
    g.add("probe.everything", model=Model("builtin:x"), data={"a": (1, np.float32(0.5), np.int64(2))})

    nodes = g.to_json()["nodes"]

    assert nodes["info"] == {
        "type": "image.info",
        "description": "look",
        "version": "1.0",
        "inputs": {"image": {"file": "a/b.png"}},
        "when": {"from": "inputs.flag"},
    }
    assert nodes["collect"]["inputs"] == {
        "id": 1,
        "when": None,
        "items": [{"from": "info.width"}, [{"from": "info.height"}], 3],
    }
    assert nodes["everything"]["inputs"] == {"model": "builtin:x", "data": {"a": [1, 0.5, 2]}}


@pytest.mark.parametrize(
    "value",
    [
        {"from": "new"},
        {"literal": 1},
        {"literal": {"from": "x"}},
        {"file": "a.png"},
        [{"from": "new"}],
        [{"literal": 1}],
        [[{"from": "new"}], 1],
        [{"file": "a.png"}, {"literal": 2}, {"from": "x"}],
        {"from": "a", "b": 1},
        {},
        [],
        None,
        "x",
        {"a": {"from": "new"}},
        {"file": 1},
    ],
    ids=str,
)
def test_a_value_stays_itself_whatever_it_looks_like(value: Any, registry: Registry, folder: Path) -> None:
    g = GraphBuilder()
    g.add("image.new", id="new")
    node = g.add("probe.everything", data=value)
    g.output("o", node)

    resolved = resolve_graph(g.build(folder), registry)

    assert resolved.errors == []
    assert read(resolved.nodes["everything"].inputs["data"].source) == value


def read(binding: Any) -> Any:
    return binding.value if isinstance(binding, Constant) else [read(entry) for entry in binding.entries]


def test_literals_beside_a_handle_in_a_list_stay_themselves(registry: Registry, folder: Path) -> None:
    g = GraphBuilder()
    text = g.add("logic.template", template="x")
    node = g.add("probe.everything", data=[text, {"from": "x"}, {"literal": 1}, [{"from": "y"}]])
    g.output("o", node)

    resolved = resolve_graph(g.build(folder), registry)
    entries = resolved.nodes["everything"].inputs["data"].source.entries  # type: ignore[union-attr]

    assert resolved.errors == []
    assert [read(entry) for entry in entries[1:]] == [{"from": "x"}, {"literal": 1}, [{"from": "y"}]]


def test_names_are_checked_at_once() -> None:
    g = build_poster()
    attempts = {
        "E011": [
            lambda: g.input("photo", "image"),
            lambda: g.add("image.new", id="caption"),
            lambda: g.output("poster", g.add("image.new")),
            lambda: g.add("image.new", inputs={"width": 1}, width=2),
        ],
        "E010": [
            lambda: g.input("a b", "image"),
            lambda: g.add("image.new", id="inputs"),
            lambda: g.add("image.new", id=""),
            lambda: g.input("x", "Image"),
            lambda: g.add(""),
            lambda: g.add("image.new", inputs={"1": 2}),
            lambda: g.output("", g.add("image.new")),
            lambda: g.add("image.new")["a.b"],
        ],
    }

    for code, calls in attempts.items():
        for call in calls:
            with pytest.raises(UsageError) as caught:
                call()
            assert caught.value.code == code
            assert caught.value.hint


@pytest.mark.parametrize(
    "value", [float("nan"), object(), b"bytes", {1: 2}, {"a": object()}], ids=lambda v: type(v).__name__
)
def test_what_cannot_stand_in_a_graph_is_refused(value: Any) -> None:
    with pytest.raises(UsageError, match="E012 input 'width' of node 'new'"):
        GraphBuilder().add("image.new", width=value)


def test_handles_are_refused_where_they_mean_nothing() -> None:
    g, other = build_poster(), build_poster()
    handle = g.add("image.new")

    for call in (
        lambda: other.add("image.invert", image=handle),
        lambda: g.add("probe.everything", data={"a": handle}),
        lambda: g.input("x", "image", default=handle),
        lambda: g.output("x", "new"),  # type: ignore[arg-type]
        lambda: g.add("image.new", when=True),  # type: ignore[arg-type]
    ):
        with pytest.raises(UsageError) as caught:
            call()
        assert caught.value.code == "E012"


def test_nesting_without_end_is_refused() -> None:
    deep: list[Any] = []
    for _ in range(100):
        deep = [deep]
    looped: list[Any] = []
    looped.append(looped)

    for value in (deep, {"a": deep}):
        with pytest.raises(UsageError):
            GraphBuilder().add("probe.everything", data=value)
    with pytest.raises((UsageError, RecursionError)):
        GraphBuilder().add("probe.everything", data=looped)


def test_what_is_saved_loads_again_and_is_stable(tmp_path: Path) -> None:
    path = build_poster().save(tmp_path / "poster.json")

    assert load_graph(path).document == build_poster().build().document
    assert path.read_text(encoding="utf-8") == build_poster().save(tmp_path / "again.json").read_text(encoding="utf-8")
    assert list(json.loads(path.read_text(encoding="utf-8"))) == [
        "studio",
        "title",
        "inputs",
        "nodes",
        "outputs",
        "requires",
    ]
    assert max(map(len, path.read_text(encoding="utf-8").splitlines())) <= 120


def test_long_documents_are_broken_into_lines() -> None:
    document = {"studio": 1, "nodes": {"a": {"type": "x", "inputs": {"data": ["w" * 30] * 9, "e": [], "f": {}}}}}

    text = format_document(document)

    assert json.loads(text) == document
    assert max(map(len, text.splitlines())) <= 120


def test_a_graph_that_is_none_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    path = build_poster().save(tmp_path / "poster.json")
    before = path.read_bytes()
    broken = build_poster()
    broken.add("image.new", version="one")

    with pytest.raises(GraphError):
        broken.save(path)

    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == ["poster.json"]


def test_a_file_that_cannot_be_written_leaves_nothing_behind(tmp_path: Path) -> None:
    for target in (tmp_path / "none" / "poster.json", tmp_path):
        with pytest.raises(UsageError) as caught:
            build_poster().save(target)
        assert caught.value.code == "E013"
    assert os.listdir(tmp_path) == []


def test_a_built_graph_is_independent_of_later_changes() -> None:
    g = build_poster()
    graph = g.build()

    g.add("image.new")

    assert list(graph.document.nodes) == ["resize", "caption"]
    assert parse_graph(g.to_json()).document != graph.document
