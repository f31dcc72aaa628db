"""Versions in documents: stated, left out where they say nothing, and a whole graph brought to today's names."""

from __future__ import annotations

from typing import Any, NamedTuple

import pytest

from studio.api import Context, Migration, node
from studio.graph import ResolvedGraph, parse_graph, resolve_graph
from studio.graph.versions import migrate_document, omit_versions, state_versions
from tests.studio.graph.catalogs import create_catalog


class Parts(NamedTuple):
    """Attributes:
    text: The words.
    count: How many.
    """

    text: str
    count: int


@node(
    "words.repeat",
    version="2.1",
    migrations={1: Migration(inputs={"n": "times"}, outputs={"result": "text", "total": "count"})},
    replaces=["words.again"],
)
def repeat(ctx: Context, *, times: int = 1, words: list[str] = []) -> Parts:  # noqa: B006  (never written to)
    """Repeat."""
    return Parts("a" * times, times)


@node("words.same", version="1.4")
def same(ctx: Context, *, flag: bool = True) -> bool:
    """Pass on."""
    return flag


CATALOG = create_catalog(repeat, same)


def resolve(nodes: dict[str, Any], edge: str = "a") -> ResolvedGraph:
    document = {"studio": 1, "title": "Words", "nodes": nodes, "outputs": {"o": {"from": edge}}}
    return resolve_graph(parse_graph(document), CATALOG)


@pytest.mark.parametrize(
    ("node", "version"),
    [
        ({"type": "words.repeat"}, "2.1"),
        ({"type": "words.repeat", "version": None, "inputs": {"times": 2}}, "2.1"),
        ({"type": "words.repeat", "version": "1.0"}, "1.0"),
        ({"type": "words.repeat", "inputs": {"n": 2}}, "1.0"),
        ({"type": "words.again"}, "2.1"),
    ],
)
def test_a_node_states_the_version_that_it_is_read_as(node: dict[str, Any], version: str) -> None:
    stated = state_versions(resolve({"a": node}))

    assert stated["nodes"]["a"] == {**node, "version": version}
    assert stated["title"] == "Words"
    again = resolve_graph(parse_graph(stated), CATALOG)
    assert not again.errors
    assert "W104" not in [finding.code for finding in again.findings]
    assert state_versions(again) == stated


def test_a_node_of_unknown_type_and_a_graph_state_none() -> None:
    nodes = {"a": {"type": "words.nosuch"}, "b": {"type": "graph:nosuch.json"}}

    assert state_versions(resolve(nodes))["nodes"] == nodes


def test_stating_versions_leaves_the_document_as_it_was() -> None:
    resolved = resolve({"a": {"type": "words.same"}})

    state_versions(resolved)

    assert resolved.graph.json["nodes"] == {"a": {"type": "words.same"}}


@pytest.mark.parametrize("version", [None, "1", "1.0", "1.4"])
def test_a_version_that_says_nothing_is_left_out(version: str | None) -> None:
    node = {"type": "words.same", "inputs": {"flag": True}}

    assert omit_versions(resolve({"a": {**node, "version": version}}))["nodes"] == {"a": node}


def test_a_version_that_changes_the_meaning_is_kept() -> None:
    node = {"type": "words.repeat", "version": "1.0", "inputs": {"n": 2}}

    assert omit_versions(resolve({"a": node}))["nodes"] == {"a": node}


def test_a_migrated_document_has_todays_names_everywhere() -> None:
    nodes = {
        "a": {"type": "words.again", "version": "1.0", "inputs": {"n": 2}, "description": "Say it"},
        "flag": {"type": "words.same"},
        "b": {
            "type": "words.repeat",
            "inputs": {"n": {"from": "a.total"}, "words": ["x", {"from": "a.result"}]},
            "when": {"from": "flag"},
        },
    }

    migrated = migrate_document(resolve(nodes, "b.result"))

    assert migrated == {
        "studio": 1,
        "title": "Words",
        "nodes": {
            "a": {"type": "words.repeat", "version": "2.1", "inputs": {"times": 2}, "description": "Say it"},
            "flag": {"type": "words.same", "version": "1.4"},
            "b": {
                "type": "words.repeat",
                "version": "2.1",
                "inputs": {"times": {"from": "a.count"}, "words": ["x", {"from": "a.text"}]},
                "when": {"from": "flag"},
            },
        },
        "outputs": {"o": {"from": "b.text"}},
    }
    assert resolve_graph(parse_graph(migrated), CATALOG).findings == []
    assert migrate_document(resolve_graph(parse_graph(migrated), CATALOG)) == migrated
