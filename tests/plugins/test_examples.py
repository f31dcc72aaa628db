"""Each first-party node type has an example: a small graph that runs anywhere and shows what the node type does."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from studio.api import NodeType, get_node_type
from studio.graph import Graph
from studio.graph.builder import format_document
from studio.graph.example import EXAMPLE_FOLDER, find_example_file, load_example
from studio.testing import Report
from studio.testing.example_inspection import examine_in
from studio.testing.workspace import Workspace, open_workspace
from tests.plugins.test_first_party_node_types import FUNCTIONS, PACKAGES, PLUGINS

PENDING: list[str] = []  # node types whose examples are still to be written
SLOW: set[str] = set()
NEEDS_WEIGHTS = {"audio.from_text", "diffusion.edit_image", "speech.to_text"}
NEEDS_WEIGHTS |= {"vision.depth", "vision.detect", "vision.faces", "vision.pose", "vision.segment"}
NEEDS_WEIGHTS |= {"vision.find_foreground", "video.redraw"}
MOST_NODES = 6


@pytest.fixture(scope="module")
def workspace() -> Iterator[Workspace]:
    """A Studio with all plugins and a cache of its own."""
    with open_workspace((), discover=True) as workspace:
        yield workspace


def load(name: str) -> Graph:
    graph = load_example(get_node_type(FUNCTIONS[name]))
    assert graph is not None, f"write a graph that shows it to {EXAMPLE_FOLDER}/{name}.json of its plugin"
    return graph


def list_node_types() -> list[Any]:
    marks = {name: [pytest.mark.slow] for name in SLOW}
    return [pytest.param(name, marks=marks.get(name, [])) for name in FUNCTIONS if name not in PENDING]


@pytest.mark.parametrize("name", list_node_types())
def test_every_example_runs(name: str, workspace: Workspace) -> None:
    if name in PACKAGES:
        pytest.importorskip(PACKAGES[name], reason="needs the extra studio[drawing]")
    load(name)
    report = Report(name)

    examine_in(workspace, workspace.studio.registry.node_types[name], report)

    report.require()
    assert bool(report.skipped) == (name in NEEDS_WEIGHTS)


@pytest.mark.parametrize("name", [name for name in FUNCTIONS if name not in PENDING])
def test_every_example_is_short_titled_and_written_as_by_hand(name: str) -> None:
    graph = load(name)

    assert graph.document.title, "give it a title"
    assert len(graph.document.nodes) <= MOST_NODES
    assert not [node for node in graph.document.nodes.values() if node.version], "its plugin is of one version"
    assert graph.path is not None
    assert graph.path.read_text(encoding="utf-8") == format_document(graph.json)


def test_every_file_of_examples_belongs_to_a_node_type() -> None:
    declared: list[NodeType] = [get_node_type(function) for function in FUNCTIONS.values()]
    expected = {find_example_file(one) for one in declared}
    folders = [Path(str(plugin.__file__)).parent / EXAMPLE_FOLDER for plugin in PLUGINS]

    assert {path for folder in folders for path in folder.glob("*.json")} <= expected
