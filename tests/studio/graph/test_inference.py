"""Types that follow from what a node is given: through lists, videos and type variables."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from studio.api import Input, Model, TypeSpec
from studio.graph import parse_graph, resolve_graph
from studio.graph.inference import find_type, guess_type, join_video, map_variables
from studio.graph.resolved import Bound, ResolvedGraph, ResolvedNode
from studio.graph.source import Collected, Constant, FileSource, GraphInput, NamedPath, Reference
from studio.registry import Registry

INPUTS = {
    "clip": {"type": "video", "optional": True},
    "photos": {"type": "list[image]", "optional": True},
    "sizes": {"type": "list[int]", "default": [8, 9]},
}


def resolve(registry: Registry, folder: Path, **nodes: Any) -> ResolvedGraph:
    outputs = {name: {"from": name} for name in nodes}
    document = {"studio": 1, "inputs": INPUTS, "nodes": nodes, "outputs": outputs}
    return resolve_graph(parse_graph(document, base=folder), registry)


def find_outputs(registry: Registry, folder: Path, **nodes: Any) -> dict[str, str]:
    return {name: str(spec) for name, (_, spec) in resolve(registry, folder, **nodes).outputs.items()}


def put(kind: str, **inputs: Any) -> dict[str, Any]:
    return {"type": kind, "inputs": inputs}


def test_a_list_at_an_input_that_takes_one_makes_a_list(registry: Registry, folder: Path) -> None:
    found = find_outputs(
        registry,
        folder,
        literal=put("image.new", width=[8, 9]),
        edge=put("image.new", width={"from": "inputs.sizes"}),
        further=put("image.invert", image={"from": "edge"}),
        together=put("image.grid", images={"from": "further"}),
    )

    assert found == {"literal": "list[image]", "edge": "list[image]", "further": "list[image]", "together": "image"}


def test_a_video_at_an_input_that_takes_an_image_makes_a_video(registry: Registry, folder: Path) -> None:
    nodes = {"a": put("image.invert", image={"from": "inputs.clip"})}
    document = {"studio": 1, "inputs": {"clip": {"type": "video"}}, "nodes": nodes, "outputs": {"o": {"from": "a"}}}

    resolved = resolve_graph(parse_graph(document, base=folder), registry)

    assert str(resolved.outputs["o"][1]) == "video"
    assert resolved.nodes["a"].stream
    assert resolved.nodes["a"].depth == 0


def test_a_list_beside_a_video_zips_with_its_frames(registry: Registry, folder: Path) -> None:
    nodes = {
        "a": put("image.blend", base={"from": "inputs.clip"}, top={"from": "new"}, opacity=[0.1, 0.2]),
        "new": put("image.new"),
    }
    document = {"studio": 1, "inputs": {"clip": {"type": "video"}}, "nodes": nodes, "outputs": {"o": {"from": "a"}}}

    resolved = resolve_graph(parse_graph(document, base=folder), registry)

    assert resolved.errors == []
    assert {name: (bound.depth, bound.stream) for name, bound in resolved.nodes["a"].inputs.items()} == {
        "base": (0, True),
        "top": (0, False),
        "opacity": (0, True),
    }
    assert str(resolved.outputs["o"][1]) == "video"


def test_only_a_list_of_one_level_zips_with_frames() -> None:
    def bind(name: str, depth: int, *, stream: bool = False) -> Bound:
        return Bound(GraphInput(name), TypeSpec("float"), depth, stream)

    node = ResolvedNode("a", inputs={"v": bind("v", 0, stream=True), "one": bind("x", 1), "two": bind("y", 2)})

    join_video(node)

    assert {name: (bound.depth, bound.stream) for name, bound in node.inputs.items()} == {
        "v": (0, True),
        "one": (0, True),
        "two": (2, False),
    }


def test_a_graph_that_is_given_a_video_is_resolved_for_videos(registry: Registry, folder: Path) -> None:
    inner = """{"studio": 1, "inputs": {"image": {"type": "image"}},
        "nodes": {"x": {"type": "image.invert", "inputs": {"image": {"from": "inputs.image"}}}},
        "outputs": {"image": {"from": "x"}}}"""
    (folder / "inner.json").write_text(inner, encoding="utf-8")
    nodes = {"a": put("graph:inner.json", image={"from": "inputs.clip"})}
    document = {"studio": 1, "inputs": {"clip": {"type": "video"}}, "nodes": nodes, "outputs": {"o": {"from": "a"}}}

    resolved = resolve_graph(parse_graph(document, base=folder), registry)

    assert str(resolved.outputs["o"][1]) == "video"
    assert resolved.nodes["a"].subgraph is not None
    assert resolved.nodes["a"].subgraph.nodes["x"].stream
    assert not resolved.nodes["a"].stream


def test_a_variable_is_what_all_its_inputs_have_in_common(registry: Registry, folder: Path) -> None:
    found = find_outputs(
        registry,
        folder,
        new=put("image.new"),
        same=put("logic.collect", items=[{"from": "new"}, {"from": "new"}]),
        numbers=put("logic.collect", items=[1, 2.5]),
        mixed=put("logic.collect", items=[{"from": "new"}, "text"]),
    )

    assert found["same"] == "list[image]"
    assert found["numbers"] == "list[number]"
    assert found["mixed"] == "list[any]"


def test_lists_of_unequal_length_do_not_zip_and_a_list_of_one_stretches(registry: Registry, folder: Path) -> None:
    def find_codes(**inputs: Any) -> list[str]:
        return [finding.code for finding in resolve(registry, folder, a=put("image.new", **inputs)).errors]

    assert find_codes(width=[1, 2], height=[1, 2, 3]) == ["E128"]
    assert find_codes(width=[1], height=[1, 2, 3]) == []
    assert find_codes(width={"from": "inputs.sizes"}, height=[1, 2, 3]) == []  # known in the run alone


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (True, "bool"),
        (1, "int"),
        (1.0, "float"),
        ("x", "text"),
        (Model("builtin:a"), "model"),
        ({"a": 1}, "json"),
        (None, "json"),
        ([1, 2.0], "list[number]"),
        ([], "list[json]"),
        ([[1]], "list[list[int]]"),
        ([1, "x"], "list[any]"),
    ],
)
def test_the_type_of_a_literal(value: Any, expected: str) -> None:
    assert str(guess_type(value)) == expected


def test_the_type_of_each_source(registry: Registry, folder: Path) -> None:
    resolved = resolve(registry, folder, a=put("image.new"))

    assert find_type(Reference("a", "image"), resolved) == TypeSpec("image")
    assert find_type(Reference("gone", "image"), resolved) is None
    assert str(find_type(GraphInput("photos"), resolved)) == "list[image] or null"
    assert find_type(FileSource(folder / "photo.png", "mask", "photo.png"), resolved) == TypeSpec("mask")
    assert find_type(Constant("x"), resolved) == TypeSpec("text")
    assert find_type(NamedPath("a.png"), resolved) is None
    assert str(find_type(Collected((Reference("a", "image"), Constant(1))), resolved)) == "list[any]"


def test_a_mapped_node_maps_its_inputs_of_any_type(registry: Registry, folder: Path) -> None:
    nodes = {
        "two": put("logic.collect", items=[{"from": "inputs.photos"}, {"from": "inputs.photos"}]),
        "zip": put("logic.switch", condition=[True, False, True], if_true={"from": "inputs.sizes"}, if_false=[1, 2, 3]),
        "whole": put("logic.switch", condition=True, if_true={"from": "inputs.sizes"}, if_false=[1, 2, 3]),
        "one": put("logic.switch", condition=[True, False], if_true={"from": "inputs.sizes"}, if_false=0),
        "nested": put("logic.item", items={"from": "two"}, index=[0, 1]),
        "flat": put("logic.item", items={"from": "inputs.sizes"}, index=[0, 1]),
        "repeated": put("logic.repeat", value={"from": "inputs.sizes"}, count=[2, 3]),
    }

    found = find_outputs(registry, folder, **nodes)

    assert {name: found[name] for name in nodes if name != "two"} == {
        "zip": "list[int]",
        "whole": "list[int]",
        "one": "list[int]",
        "nested": "list[image]",
        "flat": "list[int]",
        "repeated": "list[list[int]]",
    }


def test_lists_of_any_type_and_unequal_length_are_refused(registry: Registry, folder: Path) -> None:
    node = put("logic.switch", condition=[True, False, True], if_true=[1, 2], if_false=[1, 2, 3])

    assert [finding.code for finding in resolve(registry, folder, a=node).errors] == ["E128"]


def test_a_variable_beside_a_video_takes_frames_and_entries() -> None:
    any_type = TypeSpec("any", variable="T")
    node = ResolvedNode(
        "a",
        inputs={
            "v": Bound(GraphInput("clip"), TypeSpec("image"), stream=True),
            "frames": Bound(GraphInput("clip"), any_type),
            "entries": Bound(GraphInput("sizes"), any_type),
            "whole": Bound(GraphInput("sizes"), any_type.listed()),
        },
    )
    resolved = ResolvedGraph(parse_graph({"studio": 1, "nodes": {}, "outputs": {}}))
    for name, spec in {"clip": TypeSpec("video"), "sizes": TypeSpec("int", 1)}.items():
        resolved.inputs[name] = Input(name, spec, required=True)

    map_variables(node, resolved)
    join_video(node)

    assert {name: (bound.depth, bound.stream) for name, bound in node.inputs.items()} == {
        "v": (0, True),
        "frames": (0, True),
        "entries": (0, True),
        "whole": (0, False),
    }
