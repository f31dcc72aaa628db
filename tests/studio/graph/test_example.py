"""The example of a node type is found with its function, in its package, or beside its module."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import replace
from importlib import import_module
from pathlib import Path

import pytest

from studio.api import Context, NodeType, get_node_type, node
from studio.errors import GraphError
from studio.graph.example import find_example_file, find_example_place, load_example, names_files

GRAPH = {"studio": 1, "nodes": {"a": {"type": "moon.rise"}}, "outputs": {"text": {"from": "a"}}}
MODULE = '''\
from studio.api import Context, node

@node("moon.rise")
def rise(ctx: Context) -> str:
    """Rise."""
    return "up"
'''


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder to import modules from, which are forgotten at the end."""
    monkeypatch.syspath_prepend(str(tmp_path))
    before = set(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - before:
        del sys.modules[name]


def write(path: Path, text: str = "") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def import_rise(name: str) -> NodeType:
    return get_node_type(import_module(name).rise)


def test_an_example_lies_in_the_outermost_package(folder: Path) -> None:
    for name in ("studio_rising/__init__.py", "studio_rising/nodes/__init__.py"):
        write(folder / name)
    write(folder / "studio_rising/nodes/sky.py", MODULE)
    write(folder / "studio_rising/examples/moon.rise.json", json.dumps(GRAPH))
    declared = import_rise("studio_rising.nodes.sky")

    graph = load_example(declared)

    assert graph is not None
    assert graph.json == GRAPH
    assert find_example_file(declared) == folder / "studio_rising/examples/moon.rise.json"


def test_an_example_of_a_single_file_lies_beside_it(folder: Path) -> None:
    write(folder / "moon_alone.py", MODULE)
    write(folder / "examples/moon.rise.json", json.dumps(GRAPH))

    graph = load_example(import_rise("moon_alone"))

    assert graph is not None
    assert graph.json == GRAPH


def test_a_node_type_without_an_example_says_where_one_would_lie(folder: Path) -> None:
    write(folder / "moon_bare.py", MODULE)
    declared = import_rise("moon_bare")

    assert load_example(declared) is None
    assert find_example_place(declared) == folder / "examples/moon.rise.json"


def test_an_example_may_be_declared_with_the_function() -> None:
    @node("moon.rise", example=GRAPH)
    def rise(ctx: Context) -> str:
        """Rise."""
        return "up"

    graph = load_example(get_node_type(rise))

    assert graph is not None
    assert graph.json == GRAPH


def test_an_example_that_is_no_graph_names_its_file(folder: Path) -> None:
    write(folder / "moon_broken.py", MODULE)
    write(folder / "examples/moon.rise.json", '{"studio": 1, "nodes": 3}')

    with pytest.raises(GraphError) as caught:
        load_example(import_rise("moon_broken"))

    assert caught.value.source == str(folder / "examples/moon.rise.json")


@pytest.mark.parametrize("where", ["", "<stdin>:1", "/nowhere/moon.py:4"])
def test_a_function_without_a_file_has_no_example(where: str) -> None:
    @node("moon.rise")
    def rise(ctx: Context) -> str:
        """Rise."""
        return "up"

    declared = replace(get_node_type(rise), where=where)

    assert load_example(declared) is None
    assert find_example_place(declared) is None


@pytest.mark.parametrize(
    ("part", "expected"),
    [
        ({"nodes": {"a": {"inputs": {"file": {"file": "media/a.png"}}}}}, True),
        ({"inputs": {"shots": {"default": [{"files": "shot.####.png"}]}}}, True),
        ({"nodes": {"a": {"inputs": {"file": {"from": "inputs.photo"}, "text": "file"}}}}, False),
    ],
)
def test_files_are_seen_in_a_graph(part: object, expected: bool) -> None:
    assert names_files(part) == expected
