"""Kinds of models in graphs in graphs are found without a run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from studio.app import Studio
from studio.errors import GraphError
from studio.graph import load_graph
from tests.studio.execution.test_needed_models import following

__all__ = ["following"]

WRONG = "'builtin:pipe' is a pipeline, and 'controlnet' takes a controlnet"


def write_graphs(folder: Path, *, own: str | None, given: Any, counts: Any, deeper: bool) -> Path:
    """Write a graph with a graph in it, which takes a model or has one of its own."""
    control = {"from": "inputs.control"} if own is None else own
    node = {"type": "paint.follow", "inputs": {"controlnet": control}}
    inputs: dict[str, Any] = {"count": {"type": "int", "default": 1}}
    inputs |= {"control": {"type": "model"}} if own is None else {}
    inner = {"studio": 1, "inputs": inputs, "nodes": {"f": node}, "outputs": {"n": {"from": "f"}}}
    (folder / "inner.json").write_text(json.dumps(inner))
    values = {"count": counts} | ({"control": given} if own is None else {})
    outer = {
        "studio": 1,
        "nodes": {"g": {"type": "graph:./inner.json", "inputs": values}},
        "outputs": {"n": {"from": "g"}},
    }
    (folder / "outer.json").write_text(json.dumps(outer))
    if not deeper:
        return folder / "outer.json"
    top = {"studio": 1, "nodes": {"t": {"type": "graph:./outer.json"}}, "outputs": {"n": {"from": "t"}}}
    (folder / "top.json").write_text(json.dumps(top))
    return folder / "top.json"


@pytest.mark.parametrize(
    ("own", "given", "counts", "deeper", "where"),
    [
        ("builtin:pipe", None, 1, False, "/nodes/g~1f/inputs/controlnet"),
        (None, "builtin:pipe", 1, False, "/nodes/g~1f/inputs/controlnet"),
        ("builtin:pipe", None, 1, True, "/nodes/t~1g~1f/inputs/controlnet"),
        ("builtin:pipe", None, [1, 2], False, "/nodes/g~1f/inputs/controlnet"),  # the graph is mapped
        (None, "builtin:pipe", [1, 2], False, "/nodes/g~1f/inputs/controlnet"),
        ("builtin:pipe", None, [1, 2], True, "/nodes/t~1g~1f/inputs/controlnet"),
        ("builtin:control", None, 1, True, ""),
        (None, "builtin:control", [1, 2], False, ""),
    ],
)
def test_a_model_of_another_kind_in_a_graph_in_a_graph_is_found(
    following: Studio, tmp_path: Path, own: str | None, given: Any, counts: Any, deeper: bool, where: str
) -> None:
    path = write_graphs(tmp_path, own=own, given=given, counts=counts, deeper=deeper)

    findings = following.validate(load_graph(path))

    assert [(one.code, one.where, one.message) for one in findings] == [("E600", where, WRONG)] * bool(where)


def test_a_run_finds_it_too(following: Studio, tmp_path: Path) -> None:
    path = write_graphs(tmp_path, own="builtin:pipe", given=None, counts=1, deeper=True)

    with pytest.raises(GraphError, match="E600"):
        following.run(path)
