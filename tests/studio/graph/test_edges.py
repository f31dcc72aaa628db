"""What edges lead to, and that an error is one finding: what follows from it is silent."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from studio.errors import Finding
from studio.graph import parse_graph, resolve_graph
from studio.graph.edges import find_edges, find_needed_nodes
from studio.graph.source import GraphInput, Reference
from studio.registry import Registry

NEW = {"type": "image.new"}


def find(registry: Registry, folder: Path, nodes: dict[str, Any], *outputs: str, **parts: Any) -> list[Finding]:
    named = {f"o{number}": {"from": source} for number, source in enumerate(outputs)}
    document = {"studio": 1, "nodes": nodes, "outputs": named, **parts}
    return resolve_graph(parse_graph(document, base=folder), registry).findings


def list_codes(findings: list[Finding]) -> list[tuple[str, str]]:
    return [(finding.code, finding.where) for finding in findings]


def test_an_edge_leads_to_an_output_or_an_input(registry: Registry, folder: Path) -> None:
    nodes = {"a": {"type": "image.new", "inputs": {"width": {"from": "inputs.n"}}}}
    inputs = {"n": {"type": "int", "optional": True, "default": 8}}
    outputs = {"first": {"from": "a"}, "named": {"from": "a.image"}, "given": {"from": "inputs.n"}}
    document = {"studio": 1, "inputs": inputs, "nodes": nodes, "outputs": outputs}

    resolved = resolve_graph(parse_graph(document, base=folder), registry)

    sources = {name: (source, str(spec)) for name, (source, spec) in resolved.outputs.items()}
    assert sources == {
        "first": (Reference("a", "image"), "image"),
        "named": (Reference("a", "image"), "image"),
        "given": (GraphInput("n"), "int"),
    }  # an input with a default is never empty, though it is optional
    assert resolved.findings == []


def test_edges_are_found_in_lists_however_deep() -> None:
    value = [{"from": "a"}, [[{"from": "b.c"}], 1], {"x": {"from": "no edge"}}]

    assert list(find_edges(value, "/v")) == [("/v/0", "a"), ("/v/1/0/0", "b.c")]


def test_the_nodes_that_a_node_needs_include_its_condition() -> None:
    node = {"type": "t", "when": {"from": "w"}, "inputs": {"x": [{"from": "a.b"}], "y": {"from": "inputs.i"}}}
    document = {"studio": 1, "nodes": {"n": node}}

    assert find_needed_nodes(parse_graph(document).document.nodes["n"]) == ["w", "a"]


FOLLOWING: dict[str, tuple[dict[str, Any], list[tuple[str, str]]]] = {
    "a number into an image, and a grid of the result": (
        {
            "text": {"type": "logic.template", "inputs": {"template": "x"}},
            "a": {"type": "image.invert", "inputs": {"image": [{"from": "text"}]}},
            "o": {"type": "image.grid", "inputs": {"images": {"from": "a"}}},
        },
        [("E114", "/nodes/a/inputs/image/0/from")],
    ),
    "a list with a wrong entry, whose result would be a list": (
        {
            "a": {"type": "image.new", "inputs": {"width": [8, "wide"]}},
            "o": {"type": "image.grid", "inputs": {"images": {"from": "a"}}},
        },
        [("E114", "/nodes/a/inputs/width/1")],
    ),
    "a misspelt input, and a grid of what it would map": (
        {
            "a": {"type": "image.new", "inputs": {"widht": [8, 9]}},
            "o": {"type": "image.grid", "inputs": {"images": {"from": "a"}}},
        },
        [("E110", "/nodes/a/inputs/widht")],
    ),
    "a dangling edge, and two nodes behind it": (
        {
            "a": {"type": "image.invert", "inputs": {"image": {"from": "nowhere"}}},
            "b": {"type": "image.invert", "inputs": {"image": {"from": "a"}}},
            "o": {"type": "image.grid", "inputs": {"images": {"from": "b"}}},
        },
        [("E112", "/nodes/a/inputs/image/from")],
    ),
    "a pattern that nothing fits": (
        {
            "a": {"type": "image.invert", "inputs": {"image": {"files": "none/*"}}},
            "o": {"type": "image.grid", "inputs": {"images": {"from": "a"}}},
        },
        [("E129", "/nodes/a/inputs/image")],
    ),
    "a graph that has an error, and one of its outputs": (
        {
            "a": {"type": "graph:inner.json"},
            "o": {"type": "image.invert", "inputs": {"image": {"from": "a.picture"}}},
        },
        [("E112", "/nodes/a/type#/outputs/picture/from")],
    ),
}


@pytest.mark.parametrize("name", FOLLOWING)
def test_errors_that_follow_from_an_error_are_silent(name: str, registry: Registry, folder: Path) -> None:
    nodes, expected = FOLLOWING[name]
    (folder / "inner.json").write_text('{"studio": 1, "outputs": {"picture": {"from": "nowhere"}}}', encoding="utf-8")

    assert list_codes(find(registry, folder, nodes, "o")) == expected


def test_a_wrong_number_leaves_the_type_of_a_node_known(registry: Registry, folder: Path) -> None:
    nodes = {
        "a": {"type": "image.new", "inputs": {"width": 0}},
        "o": {"type": "image.grid", "inputs": {"images": {"from": "a"}}},
    }

    found = list_codes(find(registry, folder, nodes, "o"))

    assert found == [("E117", "/nodes/a/inputs/width"), ("E114", "/nodes/o/inputs/images/from")]


def test_an_output_that_a_broken_node_has_not_is_found(registry: Registry, folder: Path) -> None:
    nodes = {"a": {"type": "image.invert", "inputs": {"image": {"from": "nowhere"}}}}

    assert ("E113", "/outputs/o0/from") in list_codes(find(registry, folder, nodes, "a.imag"))


def test_a_node_is_not_called_unused_where_a_broken_edge_may_lead_to_it(registry: Registry, folder: Path) -> None:
    used = {"a": NEW, "b": {"type": "image.invert", "inputs": {"image": {"from": "aa"}}}}
    missing = {"a": NEW, "b": {"type": "image.invert"}}
    inputs = {"n": {"type": "int", "default": 1}}
    width = {"a": {"type": "image.new", "inputs": {"width": {"from": "inputs.m"}}}}

    assert list_codes(find(registry, folder, used, "b")) == [("E112", "/nodes/b/inputs/image/from")]
    assert list_codes(find(registry, folder, missing, "b")) == [("E111", "/nodes/b/inputs")]
    assert list_codes(find(registry, folder, {"a": NEW}, "aa")) == [("E112", "/outputs/o0/from")]
    assert list_codes(find(registry, folder, {"a": NEW})) == [("E125", "/outputs")]
    assert list_codes(find(registry, folder, width, "a", inputs=inputs)) == [
        ("E112", "/nodes/a/inputs/width/from")
    ]  # and nothing says that input n is not used


def test_a_node_beside_a_broken_one_is_unused_all_the_same(registry: Registry, folder: Path) -> None:
    nodes = {"a": {"type": "image.new", "inputs": {"width": 0}}, "b": NEW}

    assert list_codes(find(registry, folder, nodes, "a")) == [("E117", "/nodes/a/inputs/width"), ("W101", "/nodes/b")]
