"""Models that a graph names, and defaults of its inputs that a node refuses: found without running."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fakes import create_settings

from studio.app import Studio
from studio.errors import Finding
from studio.graph import parse_graph

TINT = {"type": "image.new", "inputs": {"color": {"from": "inputs.tint"}}}


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    """A Studio with the first-party plugins."""
    with Studio(create_settings(tmp_path_factory.mktemp("studio")), on_disk=False) as opened:
        yield opened


def find(studio: Studio, folder: Path, nodes: dict[str, Any], outputs: list[str], **inputs: Any) -> list[Finding]:
    document = {"studio": 1, "inputs": inputs, "nodes": nodes, "outputs": {name: {"from": name} for name in outputs}}
    return [f for f in studio.validate(parse_graph(document, base=folder)) if f.severity == "error"]


def list_places(findings: list[Finding]) -> list[tuple[str, str]]:
    return [(finding.code, finding.where) for finding in findings]


def test_a_default_that_a_node_refuses_is_found_where_it_is_written(studio: Studio, tmp_path: Path) -> None:
    (found,) = find(studio, tmp_path, {"a": TINT}, ["a"], tint={"type": "text", "default": "blurple"})

    assert (found.code, found.where) == ("E505", "/inputs/tint/default")
    assert found.expected == "a color"
    assert "blurple" in found.found


def test_a_value_that_the_caller_must_give_is_not_guessed(studio: Studio, tmp_path: Path) -> None:
    assert find(studio, tmp_path, {"a": TINT}, ["a"], tint={"type": "text"}) == []


def test_a_default_behind_a_condition_may_never_be_used(studio: Studio, tmp_path: Path) -> None:
    when = {"tint": {"type": "text", "default": ""}, "has_tint": {"type": "bool", "default": False}}

    assert find(studio, tmp_path, {"a": {**TINT, "when": {"from": "inputs.has_tint"}}}, ["a"], **when) == []


def test_unknown_and_absent_models_are_found_together_with_other_errors(studio: Studio, tmp_path: Path) -> None:
    draw = {"type": "diffusion.text_to_image", "inputs": {"prompt": "a", "model": "builtin:mnii"}}
    enlarge = {"type": "upscale.image", "inputs": {"image": {"from": "draw"}, "model": {"from": "inputs.net"}}}
    wrong = {"type": "image.new", "inputs": {"color": "blurple"}}

    found = find(
        studio,
        tmp_path,
        {"draw": draw, "enlarge": enlarge, "wrong": wrong},
        ["enlarge", "wrong"],
        net={"type": "model", "default": "file:nothing.safetensors"},
    )

    assert sorted(list_places(found)) == [
        ("E505", "/nodes/wrong/inputs/color"),
        ("E602", "/inputs/net/default"),
        ("E602", "/nodes/draw/inputs/model"),
    ]
    assert all(each.expected and each.found and each.hint for each in found)


def test_models_of_a_list_are_found_with_their_place(studio: Studio, tmp_path: Path) -> None:
    loras = ["file:a.safetensors", "hub:somebody/lora"]
    draw = {"type": "diffusion.text_to_image", "inputs": {"prompt": "a", "loras": loras}}

    assert list_places(find(studio, tmp_path, {"a": draw}, ["a"])) == [("E602", "/nodes/a/inputs/loras/0")]


def test_values_go_into_graphs_in_the_graph(studio: Studio, tmp_path: Path) -> None:
    inner = {
        "studio": 1,
        "inputs": {"tint": {"type": "text", "default": "red"}},
        "nodes": {"a": TINT},
        "outputs": {"image": {"from": "a"}},
    }
    (tmp_path / "inner.json").write_text(json.dumps(inner), encoding="utf-8")
    node = {"type": "graph:inner.json"}

    assert find(studio, tmp_path, {"n": node}, ["n"]) == []
    given = find(studio, tmp_path, {"n": {**node, "inputs": {"tint": "blurple"}}}, ["n"])
    assert list_places(given) == [("E505", "/nodes/n/inputs/tint")]


def test_a_run_refuses_what_a_caller_gives(studio: Studio, tmp_path: Path) -> None:
    document = {
        "studio": 1,
        "inputs": {"tint": {"type": "text"}},
        "nodes": {"a": TINT},
        "outputs": {"a": {"from": "a"}},
    }

    with pytest.raises(Exception, match="E505 /nodes/a/inputs/color: invalid color 'blurple'"):
        studio.run(document, {"tint": "blurple"})
