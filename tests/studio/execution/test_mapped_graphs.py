"""Graphs in graphs, mapped over lists or not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from fakes import Probe, Recorder, get_error, graph, name_node

from studio.app import Studio
from studio.graph import parse_graph


def write_graph(path: Path, inputs: dict[str, Any], nodes: dict[str, Any], **outputs: str) -> None:
    """Write a graph file."""
    path.write_text(json.dumps(graph(nodes, **outputs) | {"inputs": inputs}), encoding="utf-8")


@pytest.fixture
def inner(tmp_path: Path) -> Path:
    """A folder with `inner.json`: o = a + 1 + 10."""
    nodes = {"x": ("fake.add", {"a": "@inputs.a"}), "y": ("fake.add", {"a": "@x", "b": 10})}
    write_graph(tmp_path / "inner.json", {"a": {"type": "int"}}, nodes, o="y")
    return tmp_path


def run_file(studio: Studio, folder: Path, nodes: dict[str, Any], **outputs: str) -> Any:
    """Run a graph that stands in a folder."""
    write_graph(folder / "outer.json", {}, nodes, **outputs)
    return studio.run(folder / "outer.json")


def test_a_graph_file_is_a_node_type(studio: Studio, inner: Path) -> None:
    assert run_file(studio, inner, {"g": ("graph:inner.json", {"a": 5})}, o="g").outputs == {"o": 16}


def test_a_mapped_graph_gives_a_list(studio: Studio, inner: Path, probe: Probe) -> None:
    nodes = {
        "l": ("fake.count", {"n": 4}),
        "g": ("graph:inner.json", {"a": "@l"}),
        "t": ("fake.total", {"numbers": "@g"}),
    }
    recorder = Recorder()
    result = run_file(studio, inner, nodes, each="g", all="t")
    again = studio.run(inner / "outer.json", on_event=recorder)

    assert result.outputs == again.outputs == {"each": [11, 12, 13, 14], "all": 50}
    assert probe.calls["add"] == 8
    assert recorder.names("g") == ["NodeCached"]


def test_a_mapped_graph_over_a_table_and_over_nothing(studio: Studio, inner: Path) -> None:
    nodes = {
        "t": ("fake.grid", {"rows": 2, "columns": 2}),
        "g": ("graph:inner.json", {"a": "@t"}),
        "e": ("fake.count", {"n": 0}),
        "h": ("graph:inner.json", {"a": "@e"}),
    }

    assert run_file(studio, inner, nodes, g="g", h="h").outputs == {"g": [[11, 12], [13, 14]], "h": []}


def test_graphs_nest_and_map_inside_one_another(studio: Studio, inner: Path) -> None:
    nodes = {
        "l": ("fake.count", {"n": "@inputs.n"}),
        "g": ("graph:inner.json", {"a": "@l"}),
        "t": ("fake.total", {"numbers": "@g"}),
    }
    write_graph(inner / "middle.json", {"n": {"type": "int"}}, nodes, o="t")
    outer = {"l": ("fake.count", {"n": 3, "start": 1}), "g": ("graph:middle.json", {"a": "@l"})}
    outer["g"] = ("graph:middle.json", {"n": "@l"})

    assert run_file(studio, inner, outer, o="g")["o"] == [11, 23, 36]


def test_when_skips_a_graph(studio: Studio, inner: Path, probe: Probe) -> None:
    nodes = {
        "l": ("fake.count", {"n": 2}),
        "even": ("fake.is_even", {"a": 3}),
        "g": name_node("graph:inner.json", {"a": 5}, "even"),
        "h": name_node("graph:inner.json", {"a": "@l"}, "even"),
    }
    result = run_file(studio, inner, nodes, g="g", h="h")

    assert (result.status, result.outputs) == ("done", {})
    assert probe.calls["add"] == 0


def test_a_failure_in_a_mapped_graph_is_one_failed_node(studio: Studio, inner: Path) -> None:
    nodes = {"f": ("fake.fail_at", {"a": "@inputs.a", "bad": 2})}
    write_graph(inner / "bad.json", {"a": {"type": "int"}}, nodes, o="f")
    outer = {
        "l": ("fake.count", {"n": 4}),
        "g": ("graph:bad.json", {"a": "@l"}),
        "k": ("fake.total", {"numbers": "@l"}),
    }
    result = run_file(studio, inner, outer, o="g", k="k")

    assert (result.status, result.outputs) == ("partly done", {"k": 6})
    assert "g[2]/f" in get_error(result).message


# -- with the plugin for logic ---------------------------------------------------------------------------

INNER = {
    "studio": 1,
    "inputs": {"x": {"type": "int", "default": 1, "maximum": 10}},
    "nodes": {"s": {"type": "logic.number_to_text", "inputs": {"number": {"from": "inputs.x"}}}},
    "outputs": {"x": {"from": "inputs.x"}, "s": {"from": "s"}},
}


@pytest.fixture
def engine() -> Any:
    with Studio(on_disk=False) as studio:
        yield studio


def run_outer(engine: Studio, folder: Path, graph: dict[str, Any], **inputs: Any) -> Any:
    (folder / "inner.json").write_text(json.dumps(INNER), encoding="utf-8")
    return engine.run(parse_graph({"studio": 1, **graph}, base=folder), inputs)


def test_a_graph_in_a_graph_checks_what_an_edge_brings(engine: Studio, tmp_path: Path) -> None:
    graph = {
        "inputs": {"n": {"type": "int", "default": 1}},
        "nodes": {"i": {"type": "graph:inner.json", "inputs": {"x": {"from": "inputs.n"}}}},
        "outputs": {"s": {"from": "i.s"}},
    }

    assert run_outer(engine, tmp_path, graph, n=10)["s"] == "10"
    failed = run_outer(engine, tmp_path, graph, n=11)

    assert failed.status == "failed"
    assert failed.errors[0].code == "E303"
    assert "<= 10" in failed.errors[0].message


def test_when_on_a_graph_also_skips_what_is_handed_through(engine: Studio, tmp_path: Path) -> None:
    graph = {
        "inputs": {"on": {"type": "bool", "default": False}},
        "nodes": {"i": {"type": "graph:inner.json", "when": {"from": "inputs.on"}, "inputs": {"x": 5}}},
        "outputs": {"x": {"from": "i.x"}, "s": {"from": "i.s"}},
    }

    assert run_outer(engine, tmp_path, graph).outputs == {}
    assert run_outer(engine, tmp_path, graph, on=True).outputs == {"x": 5, "s": "5"}
