"""The document of a graph: which values are edges, files, patterns and quoted literals, and the name of a graph."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from studio.errors import GraphError
from studio.graph import parse_graph
from studio.graph.document import is_edge, is_file, is_pattern, is_quoted

KINDS = (is_edge, is_file, is_pattern, is_quoted)


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ({"from": "a"}, is_edge),
        ({"from": 3}, is_edge),  # a broken edge, which is a finding and not a literal
        ({"file": "a.png"}, is_file),
        ({"files": "*.png"}, is_pattern),
        ({"literal": {"from": "a"}}, is_quoted),
        ({"literal": None}, is_quoted),
        ({"file": 3}, None),
        ({"files": ["a.png"]}, None),
        ({"from": "a", "to": "b"}, None),
        ({}, None),
        ("a", None),
        (None, None),
        ([{"from": "a"}], None),
    ],
)
def test_an_object_of_one_key_is_one_thing(value: Any, kind: Any) -> None:
    assert [test for test in KINDS if test(value)] == ([kind] if kind else [])


def test_a_graph_is_named_by_its_file() -> None:
    assert parse_graph({"studio": 1}, path=Path("a/poster.json")).name == "poster"
    assert parse_graph({"studio": 1}).name == "graph"


@pytest.mark.parametrize(
    "change",
    [
        {"nodes": {"1a": {"type": "x"}}},
        {"nodes": {"a": {"type": ""}}},
        {"nodes": {"a": {"type": "x", "version": "1.x"}}},
        {"inputs": {"i": {"type": "List[int]"}}},
        {"inputs": {"i": {"type": "int", "minimum": "1"}}},
        {"outputs": {"o": {"from": "a.b.c"}}},
        {"outputs": {"o": {"source": "a"}}},
        {"requires": {"x": 1}},
        {"more": 1},
    ],
    ids=str,
)
def test_what_the_format_does_not_have_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(GraphError):
        parse_graph({"studio": 1, **change})
