"""Documents in ComfyUI's canvas format, flattened."""

from __future__ import annotations

from typing import Any

import pytest

from studio.api.foreign import ForeignLink, ImportRule
from studio.errors import UsageError
from studio.graph.foreign.canvas_format import read_canvas
from studio.graph.foreign.canvas_slots import find_hidden_links, read_widgets
from studio.graph.foreign.flow import Flow, simplify

WIDGETS = {"Blur": ("radius",), "Seeded": ("seed+", "steps"), "Value": ("value",), "Save": (), "Load": ()}
RULES = {"Value": ImportRule(fold=lambda inputs: [inputs["value"]], widgets=("value",))}


def make_node(number: int, kind: str, *inputs: tuple[str, int | None], **more: Any) -> dict[str, Any]:
    slots = [{"name": name, "type": "IMAGE", "link": link} for name, link in inputs]
    return {"id": number, "type": kind, "inputs": slots, "outputs": [{"type": "IMAGE"}], **more}


def flatten(nodes: list[Any], links: list[Any], **more: Any) -> Flow:
    return simplify(read_canvas({"nodes": nodes, "links": links, **more}, WIDGETS.get), RULES)


def test_a_control_after_a_seed_is_no_value() -> None:
    flow = flatten([make_node(1, "Seeded", widgets_values=[7, "randomize", 20])], [])

    assert flow.nodes["1"].inputs == {"seed": 7, "steps": 20}


@pytest.mark.parametrize(("mode", "expected"), [(0, ForeignLink("2")), (4, ForeignLink("1")), (2, None)])
def test_a_bypassed_node_passes_its_input_on_and_a_muted_one_passes_nothing(mode: int, expected: Any) -> None:
    nodes = [make_node(1, "Load"), make_node(2, "Blur", ("image", 1), mode=mode), make_node(3, "Save", ("image", 2))]

    flow = flatten(nodes, [[1, 1, 0, 2, 0, "IMAGE"], [2, 2, 0, 3, 0, "IMAGE"]])

    assert flow.nodes["3"].inputs.get("image") == expected


def test_reroutes_are_passed_and_a_value_becomes_a_literal() -> None:
    nodes = [
        make_node(1, "Load"),
        make_node(2, "Reroute", ("", 1)),
        make_node(3, "Value", widgets_values=[4]),
        make_node(4, "Blur", ("image", 2), ("radius", 3), widgets_values=[9]),
    ]

    flow = flatten(nodes, [[1, 1, 0, 2, 0, "*"], [2, 2, 0, 4, 0, "*"], [3, 3, 0, 4, 1, "INT"]])

    assert flow.nodes["4"].inputs == {"image": ForeignLink("1"), "radius": 4}


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([7, False], {"seed": 7, "tiled": False}),
        ([7, "randomize", False], {"seed": 7, "tiled": False}),
        ([7, True, False], {"seed": 7, "tiled": False}),
        ([7, None, False], {"seed": 7, "tiled": False}),
        ([7], {"seed": 7}),
    ],
)
def test_a_bool_after_a_seed_is_a_control_only_if_there_are_more_values_than_widgets(
    values: list[Any], expected: dict[str, Any]
) -> None:
    assert read_widgets({"type": "Sample"}, values, ("seed+", "tiled")) == expected


def test_a_bool_between_two_seeds_is_a_value() -> None:
    found = read_widgets({"type": "Sample"}, [7, False, 8, "fixed"], ("seed+", "tiled", "other+"))

    assert found == {"seed": 7, "tiled": False, "other": 8}


def read_damaged(sent: list[int] | None, *links: list[Any]) -> tuple[dict[str, Any], list[str]]:
    """Return the inputs and the doubts of a node whose slot is linked to nothing, beside a table that links it."""
    load = make_node(1, "Load") | {"outputs": [{"type": "IMAGE", "links": sent}]}
    nodes = [load, make_node(2, "Save", ("image", None))]
    document = read_canvas({"nodes": nodes, "links": list(links)}, WIDGETS.get)
    return dict(document.nodes["2"].inputs), [why for _, why in document.unsure.values()]


def test_a_slot_without_a_link_is_linked_by_an_output_that_names_it_and_says_so() -> None:
    inputs, doubts = read_damaged([4], [4, 1, 0, 2, 0, "IMAGE"])

    assert inputs == {"image": ForeignLink("1")}
    assert doubts == ["linked by the table of links alone: image"]


def test_of_several_links_to_a_slot_that_names_none_the_last_counts() -> None:
    inputs, _ = read_damaged([4, 5], [4, 1, 0, 2, 0, "IMAGE"], [5, 1, 1, 2, 0, "IMAGE"])

    assert inputs == {"image": ForeignLink("1", 1)}


@pytest.mark.parametrize("sent", [None, []])
def test_a_link_that_neither_end_names_is_none(sent: list[int] | None) -> None:
    assert read_damaged(sent, [4, 1, 0, 2, 0, "IMAGE"]) == ({}, [])


def make_subgraph(name: str, inner: str) -> dict[str, Any]:
    """Return a subgraph of one node between its input and its output."""
    links = [
        {"id": 1, "origin_id": -10, "origin_slot": 0, "target_id": 5, "target_slot": 0},
        {"id": 2, "origin_id": -10, "origin_slot": 1, "target_id": 5, "target_slot": 1},
        {"id": 3, "origin_id": 5, "origin_slot": 0, "target_id": -20, "target_slot": 0},
    ]
    ends = [{"name": "image", "type": "IMAGE"}, {"name": "radius", "type": "FLOAT"}]
    nodes = [make_node(5, inner, ("image", 1), ("radius", 2), widgets_values=[9])]
    return {"id": name, "nodes": nodes, "links": links, "inputs": ends, "outputs": [{"name": "out"}]}


def test_a_subgraph_is_flattened_with_the_values_where_it_is_used() -> None:
    nodes = [
        make_node(1, "Load"),
        make_node(2, "sub", ("image", 1), widgets_values=[3]),
        make_node(4, "Save", ("image", 2)),
    ]
    definitions = {"subgraphs": [make_subgraph("sub", "Blur")]}

    flow = flatten(nodes, [[1, 1, 0, 2, 0, "*"], [2, 2, 0, 4, 0, "*"]], definitions=definitions)

    assert flow.nodes["2:5"].inputs == {"image": ForeignLink("1"), "radius": 3}
    assert flow.nodes["4"].inputs == {"image": ForeignLink("2:5")}


def test_subgraphs_that_contain_themselves_are_an_error() -> None:
    definitions = {"subgraphs": [make_subgraph("sub", "sub")]}

    with pytest.raises(UsageError, match="nested more than 32 deep"):
        flatten([make_node(2, "sub")], [], definitions=definitions)


def test_subgraphs_that_double_at_each_level_are_an_error() -> None:
    levels = [make_subgraph(f"s{n}", f"s{n + 1}") for n in range(20)]
    for level in levels:
        level["nodes"] = [{**level["nodes"][0], "id": number} for number in (5, 6)]

    with pytest.raises(UsageError, match="more than 20000 nodes"):
        flatten([make_node(2, "s0")], [], definitions={"subgraphs": levels})


def test_the_links_of_a_subgraph_are_read_once_however_often_it_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[Any] = []

    def count(rows: Any, links: Any) -> Any:
        read.append(len(rows))
        return find_hidden_links(rows, links)

    monkeypatch.setattr("studio.graph.foreign.canvas_format.find_hidden_links", count)
    nodes = [make_node(1, "Load"), *(make_node(number, "sub", ("image", 1)) for number in range(2, 6))]
    links = [[1, 1, 0, 2, 0, "IMAGE"]]

    flow = flatten(nodes, links, definitions={"subgraphs": [make_subgraph("sub", "Blur")]})

    assert read == [5, 1]
    assert [flow.nodes[f"{number}:5"].inputs["image"] for number in range(2, 6)] == [ForeignLink("1")] * 4


def test_a_cycle_is_an_error_that_shows_it() -> None:
    nodes = [make_node(1, "Blur", ("image", 2)), make_node(2, "Blur", ("image", 1))]

    with pytest.raises(UsageError, match=r"cycle: (1 -> 2 -> 1|2 -> 1 -> 2)"):
        flatten(nodes, [[1, 1, 0, 2, 0, "*"], [2, 2, 0, 1, 0, "*"]])


def test_links_to_nowhere_and_of_wrong_types_are_no_values() -> None:
    nodes = [make_node(1, "Save", ("image", 10**30), ("mask", 2), ("other", 3))]

    flow = flatten(nodes, [[2, 99, 0, 1, 0, "*"], [3, {"a": 1}, 0, 1, 0, "*"], "x", [1]])

    assert flow.nodes["1"].inputs == {}
