"""The result of any node can be seen, though no output of the graph has it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from studio.errors import GraphError
from studio.graph import parse_graph
from studio.graph.node_outputs import add_node_outputs

DOCUMENT: dict[str, Any] = {
    "studio": 1,
    "nodes": {
        "one": {"type": "logic.calculate", "inputs": {"expression": "1 + 1"}},
        "two": {"type": "logic.calculate", "inputs": {"expression": "a * 10", "a": {"from": "one"}}},
        "never": {"type": "logic.calculate", "inputs": {"expression": "1 / (a - 2)", "a": {"from": "one"}}},
    },
    "outputs": {"two": {"from": "one"}, "rest": {"from": "never"}},
}


def test_an_output_is_added_for_each_node_that_none_is_named_like() -> None:
    graph, names = add_node_outputs(parse_graph(DOCUMENT), ["one", "two", "one.value", "nothing"])

    assert names == ["one", "two", "one_value", "nothing"]
    assert graph.json["outputs"] == {**DOCUMENT["outputs"], "one": {"from": "one"}, "one_value": {"from": "one.value"}}
    assert graph.document.outputs["one_value"].edge == "one.value"
    assert DOCUMENT["outputs"].keys() == {"two", "rest"}


def test_a_name_that_is_taken_is_made_free() -> None:
    document = {**DOCUMENT, "outputs": {"one_value": {"from": "two"}}}

    graph, names = add_node_outputs(parse_graph(document), ["one.value"])

    assert names == ["one_value_"]
    assert graph.json["outputs"]["one_value"] == {"from": "two"}


def test_without_names_of_nodes_the_graph_stays_the_same() -> None:
    graph = parse_graph(DOCUMENT)

    assert add_node_outputs(graph, ["rest"])[0] is graph
    assert add_node_outputs(graph, None) == (graph, None)
    assert add_node_outputs(graph, "rest") == (graph, ["rest"])


def test_a_run_shows_the_result_of_a_node_and_runs_no_other(tmp_path: Path) -> None:
    from studio import Studio

    with Studio(on_disk=False) as studio:
        result = studio.run(DOCUMENT, only=["one"], output=tmp_path)

        assert result.status == "done"
        assert (tmp_path / "one.json").read_text(encoding="utf-8") == "2\n"
        assert result.manifest["cache"]["calls"] == 1
        with pytest.raises(GraphError) as caught:
            studio.run(DOCUMENT, only=["three"])
    (finding,) = caught.value.findings
    assert finding.code == "E133"
    assert finding.hint == "its outputs: two, rest; ids of nodes count too: one, two, never"


def test_a_near_name_of_a_node_is_suggested() -> None:
    from studio import Studio

    with Studio(on_disk=False) as studio, pytest.raises(GraphError) as caught:
        studio.plan(parse_graph(DOCUMENT), only=["onne"])
    assert caught.value.findings[0].hint == "did you mean 'one'?"


def test_a_plan_is_made_for_a_node() -> None:
    from studio import Studio

    with Studio(on_disk=False) as studio:
        plan = studio.plan(parse_graph(DOCUMENT), only=["one"])

    assert list(plan.outputs) == ["one"]
