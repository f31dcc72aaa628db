"""A resolved graph becomes a plan: graphs in graphs flattened, files read once, what a graph is given checked."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fakes import graph, name_node, open_studio
from PIL import Image

from studio.app import InputFile, Studio
from studio.errors import GraphError
from studio.execution.flatten import create_plan
from studio.execution.plan import Plan
from studio.graph import parse_graph
from studio.graph.source import Constant, Reference

INNER = {
    "studio": 1,
    "inputs": {"n": {"type": "int", "default": 5, "maximum": 9}, "through": {"type": "int", "default": 0}},
    "nodes": {"x": {"type": "fake.add", "inputs": {"a": {"from": "inputs.n"}}}},
    "outputs": {"sum": {"from": "x"}, "same": {"from": "inputs.through"}},
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a graph and pictures."""
    place = tmp_path / "graphs"
    (place / "more").mkdir(parents=True)
    (place / "inner.json").write_text(json.dumps(INNER), encoding="utf-8")
    for name, color in (("photo.png", "red"), ("more/photo.png", "blue")):
        Image.new("RGB", (4, 4), color).save(place / name)
    return place


@pytest.fixture
def studio(tmp_path: Path) -> Iterator[Studio]:
    """A Studio with the fakes."""
    with open_studio(tmp_path / "cache", on_disk=False) as made:
        yield made


def plan(studio: Studio, folder: Path, document: dict[str, Any], inputs: Any = None, **more: Any) -> Plan:
    return studio.plan(parse_graph(document, base=folder), inputs, **more)


def test_literals_are_constants_and_edges_lead_to_outputs(studio: Studio, folder: Path) -> None:
    made = plan(studio, folder, graph({"x": ("fake.add", {"a": 2}), "y": ("fake.add", {"a": "@x"})}, o="y"))

    assert made.nodes["x"].inputs["a"].source == Constant(2)
    assert made.nodes["y"].inputs["a"].source == Reference("x", "int")
    assert made.outputs["o"][0] == Reference("y", "int")


def test_a_graph_in_a_graph_becomes_nodes_with_its_name_in_front(studio: Studio, folder: Path) -> None:
    document = graph({"g": ("graph:inner.json", {}), "y": ("fake.add", {"a": "@g.sum"})}, o="y")

    made = plan(studio, folder, document)

    assert list(made.nodes) == ["g/x", "y"]
    assert made.nodes["g/x"].inputs["a"].source == Constant(5)
    assert made.nodes["y"].inputs["a"].source == Reference("g/x", "int")


def test_what_a_graph_in_a_graph_is_given_is_checked_on_the_way(studio: Studio, folder: Path) -> None:
    document = graph({"x": ("fake.add", {"a": 2}), "g": ("graph:inner.json", {"n": "@x"})}, o="g.sum")

    made = plan(studio, folder, document)

    check = made.nodes["g/inputs.n"]
    assert check.node_type is not None
    assert (check.node_type.id, check.inputs["value"].source) == ("studio.check", Reference("x", "int"))
    assert made.nodes["g/x"].inputs["a"].source == Reference("g/inputs.n", "value")


def test_what_a_caller_gives_is_checked_once_and_what_a_graph_gives_on_the_way(studio: Studio, folder: Path) -> None:
    by_graph = plan(studio, folder, graph({"g": ("graph:inner.json", {"n": 3})}, o="g.sum"))
    by_caller = plan(studio, folder, INNER, {"n": 3}, only=["sum"])

    assert list(by_graph.nodes) == ["g/inputs.n", "g/x"]
    assert list(by_caller.nodes) == ["x"]


def test_a_graph_that_is_mapped_stays_one_node(studio: Studio, folder: Path) -> None:
    made = plan(studio, folder, graph({"g": ("graph:inner.json", {"n": [1, 2]})}, o="g.sum"))

    (node,) = made.nodes.values()
    assert (node.id, node.type_name, node.depth) == ("g", "graph", 1)
    assert node.subgraph is not None


def test_a_condition_holds_for_every_node_of_a_graph_and_for_what_passes_through(studio: Studio, folder: Path) -> None:
    even = ("fake.is_even", {"a": 2})
    document = graph({"even": even, "g": name_node("graph:inner.json", {"through": 7}, "even")}, s="g.sum", t="g.same")

    made = plan(studio, folder, document)

    condition = (Reference("even", "bool"),)
    assert made.nodes["g/x"].conditions == condition
    assert made.nodes["g/outputs.same"].conditions == condition
    assert made.outputs["s"][0] == Reference("g/x", "int")  # a node inside needs no check: it is skipped itself
    assert made.outputs["t"][0] == Reference("g/outputs.same", "value")


def test_a_file_is_read_once_and_two_of_one_name_are_two(studio: Studio, folder: Path) -> None:
    same = {"type": "fake.same", "inputs": {"value": {"from": "inputs.photo"}}}
    document = {
        "studio": 1,
        "inputs": {name: {"type": "image", "optional": True} for name in ("photo", "other", "third")},
        "nodes": {
            name: {"type": "fake.same", "inputs": {"value": {"from": f"inputs.{name}"}}}
            for name in ("photo", "other", "third")
        }
        | {"again": same},
        "outputs": {name: {"from": name} for name in ("photo", "other", "third", "again")},
    }
    given = {
        "photo": InputFile(folder / "photo.png"),
        "other": InputFile(folder / "more" / "photo.png"),
        "third": InputFile(folder / "photo.png"),
    }

    made = plan(studio, folder, document, given)

    reading = {node_id: node for node_id, node in made.nodes.items() if node_id.startswith("file:")}
    assert list(reading) == ["file:photo.png:image", "file:photo.png:image'"]
    assert made.nodes["third"].inputs["value"].source == Reference("file:photo.png:image", "image")
    assert made.nodes["other"].inputs["value"].source == Reference("file:photo.png:image'", "image")


def test_only_the_outputs_asked_for_are_planned(studio: Studio, folder: Path) -> None:
    document = graph({"x": ("fake.add", {"a": 2}), "y": ("fake.add", {"a": 3})}, o="x", p="y")

    made = plan(studio, folder, document, only=["p"])

    assert (list(made.nodes), list(made.outputs)) == (["y"], ["p"])


def test_a_graph_with_errors_has_no_plan(studio: Studio, folder: Path) -> None:
    resolved = studio.resolve(parse_graph(graph({"x": ("fake.add", {"a": "two"})}, o="x"), base=folder))

    with pytest.raises(GraphError, match="expected a whole number, found 'two'"):
        create_plan(resolved, {}, None)  # type: ignore[arg-type]  # the reader is not reached
