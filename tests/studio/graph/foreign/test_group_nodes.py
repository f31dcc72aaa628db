"""Group nodes of older canvas documents, flattened by the rules of ComfyUI's `groupNode.ts`."""

from __future__ import annotations

from typing import Any

import pytest

from studio.api.foreign import ForeignLink, ImportRule
from studio.errors import UsageError
from studio.graph.foreign.canvas_format import read_canvas
from studio.graph.foreign.document import ForeignDocument
from studio.graph.foreign.flow import Flow, simplify

WIDGETS = {
    "Blur": ("radius",),
    "Seeded": ("seed+", "steps"),
    "Text": ("text",),
    "Mix": ("amount",),
    "PrimitiveNode": ("value+",),
    "Save": (),
    "Load": (),
}
RULES = {"PrimitiveNode": ImportRule(fold=lambda inputs: [inputs["value"]], widgets=("value+",))}
Slots = tuple[tuple[str, str], ...]


def make_inner(kind: str, *inputs: str, widgets: tuple[str, ...] = (), outputs: int = 1, **more: Any) -> dict[str, Any]:
    """Return a node of a group; `widgets` are those that were turned into inputs."""
    slots: list[dict[str, Any]] = [{"name": name, "type": "IMAGE", "link": None} for name in inputs]
    slots += [{"name": name, "type": "INT", "link": None, "widget": {"name": name}} for name in widgets]
    return {"type": kind, "inputs": slots, "outputs": [{"name": "IMAGE", "type": "IMAGE"}] * outputs, **more}


def read(group: dict[str, Any], values: Any, *inputs: tuple[str, int | None], **more: Any) -> ForeignDocument:
    """Read a document that uses a group as node 9, between Load nodes 1 to 3 and Save nodes 11 to 13.

    A link has the number of its Load or Save node.
    """
    nodes: list[Any] = [{"id": number, "type": "Load", "outputs": [{"type": "IMAGE"}]} for number in (1, 2, 3)]
    slots = [{"name": name, "type": "IMAGE", "link": link} for name, link in inputs]
    nodes.append({"id": 9, "type": "workflow>mine", "inputs": slots, "outputs": [], "widgets_values": values, **more})
    nodes += [
        {"id": number, "type": "Save", "inputs": [{"name": "image", "type": "IMAGE", "link": number}]}
        for number in (11, 12, 13)
    ]
    links = [[number, number, 0, 9, number - 1, "IMAGE"] for number in (1, 2, 3)]
    links += [[number, 9, number - 11, number, 0, "IMAGE"] for number in (11, 12, 13)]
    document = {"nodes": nodes, "links": links, "extra": {"groupNodes": {"mine": group}}}
    return read_canvas(document, WIDGETS.get)


def flatten(group: dict[str, Any], values: Any, *inputs: tuple[str, int | None]) -> Flow:
    return simplify(read(group, values, *inputs), RULES)


def get_saved(flow: Flow) -> list[Any]:
    return [flow.nodes[number].inputs.get("image") for number in ("11", "12", "13")]


def test_the_nodes_of_a_group_take_links_and_widgets_of_where_it_is_used() -> None:
    group = {
        "nodes": [
            make_inner("Seeded", "image", widgets_values=[1, "fixed", 2]),
            make_inner("Blur", "image", widgets_values=[3]),
        ],
        "links": [[None, 0, 0, 0, 7, "IMAGE"], [0, 0, 1, 0, 8, "IMAGE"]],
        "external": [[1, 0, "IMAGE"]],
    }

    flow = flatten(group, [70, "randomize", 20, 4.5], ("image", 1))

    assert flow.nodes["9:0"].inputs == {"image": ForeignLink("1"), "seed": 70, "steps": 20}
    assert flow.nodes["9:1"].inputs == {"image": ForeignLink("9:0"), "radius": 4.5}
    assert get_saved(flow) == [ForeignLink("9:1"), None, None]


def test_names_that_are_taken_are_prefixed_with_the_title_or_the_type() -> None:
    blur = make_inner("Blur", "image")
    group = {"nodes": [blur, {**blur, "title": "Soft"}, {**blur, "title": "Soft"}, blur], "links": []}

    flow = flatten(
        group, [1, 2, 3, 4], ("image", 1), ("Soft image", 2), ("Soft 2 image", 3), ("Blur image", None)
    )  # fmt: skip

    found = [flow.nodes[f"9:{at}"].inputs for at in range(4)]
    assert [inputs["radius"] for inputs in found] == [1, 2, 3, 4]
    assert [inputs.get("image") for inputs in found] == [ForeignLink("1"), ForeignLink("2"), ForeignLink("3"), None]


def test_a_name_or_a_label_of_the_users_is_used_and_what_is_hidden_is_left_out() -> None:
    nodes = [make_inner("Mix", "image", "mask"), make_inner("Blur", "image")]
    nodes[1]["inputs"][0]["label"] = "to blur"
    config = {
        "0": {"input": {"image": {"name": "photo"}, "mask": {"visible": False}}, "output": {"0": {"visible": False}}}
    }

    flow = flatten({"nodes": nodes, "links": [], "config": config}, [0.5, 2], ("photo", 1), ("to blur", 2), ("mask", 3))

    assert flow.nodes["9:0"].inputs == {"image": ForeignLink("1"), "amount": 0.5}
    assert flow.nodes["9:1"].inputs == {"image": ForeignLink("2"), "radius": 2}
    assert get_saved(flow) == [ForeignLink("9:1"), None, None]


@pytest.mark.parametrize(("values", "steps"), [([4.5], 2), ([4.5, 9], 9), ([4.5, 9, "increment"], 9)])
def test_a_widget_that_became_an_input_comes_last(values: list[Any], steps: int) -> None:
    group = {
        "nodes": [
            make_inner("Seeded", "image", widgets=("seed", "steps"), widgets_values=[1, "fixed", 2]),
            make_inner("Blur", "image", widgets_values=[3]),
            make_inner("PrimitiveNode", title="the seed", widgets_values=[6, "fixed"]),
        ],
        "links": [[2, 0, 0, 1, 5, "INT"]],
    }

    flow = flatten(group, [values[0], 77, "fixed", *values[1:]], ("image", 1), ("Blur image", 2))

    assert flow.nodes["9:0"].inputs == {"image": ForeignLink("1"), "seed": 77, "steps": steps}
    assert flow.nodes["9:1"].inputs == {"image": ForeignLink("2"), "radius": 4.5}


def test_a_link_to_a_widget_that_became_an_input_counts_more_than_its_value() -> None:
    group = {"nodes": [make_inner("Blur", "image", widgets=("radius",), widgets_values=[3])], "links": []}

    flow = flatten(group, [5], ("image", 1), ("radius", 2))

    assert flow.nodes["9:0"].inputs == {"image": ForeignLink("1"), "radius": ForeignLink("2")}


def test_outputs_are_those_that_lead_outside_or_nowhere() -> None:
    group = {
        "nodes": [make_inner("Seeded", outputs=3), make_inner("Blur", "image"), make_inner("Mix", "image")],
        "links": [[0, 0, 1, 0, 5, "IMAGE"], [0, 1, 2, 0, 5, "IMAGE"]],
        "external": [[0, 1, "IMAGE"], [{"type": "Blur"}, 0, "IMAGE"]],
    }

    assert get_saved(flatten(group, [])) == [ForeignLink("9:0", 1), ForeignLink("9:0", 2), ForeignLink("9:1")]


def test_reroutes_inside_are_passed() -> None:
    reroute = {"type": "Reroute", "inputs": [{"name": "", "type": "*", "link": None}], "outputs": [{"type": "IMAGE"}]}
    group = {
        "nodes": [make_inner("Load"), reroute, make_inner("Blur", "image"), reroute],
        "links": [[0, 0, 1, 0, 5, "*"], [1, 0, 2, 0, 5, "*"], [2, 0, 3, 0, 5, "*"]],
    }

    flow = flatten(group, [2])

    assert flow.nodes["9:2"].inputs == {"image": ForeignLink("9:0"), "radius": 2}
    assert get_saved(flow) == [ForeignLink("9:2"), None, None]


def test_a_reroute_at_the_edge_of_a_group_is_named_by_the_type_that_it_passes() -> None:
    reroute = {"type": "Reroute", "inputs": [{"name": "", "type": "*", "link": None}], "outputs": [{"type": "*"}]}
    leading = {
        "nodes": [reroute, make_inner("Blur", "image")],
        "links": [[None, 0, 0, 0, 7, "MODEL"], [0, 0, 1, 0, 8, "IMAGE"]],
    }
    passing = {"nodes": [reroute], "links": [[None, 0, 0, 0, 7, "MODEL"]], "external": [[0, 0, "CLIP"]]}
    leaving = {"nodes": [reroute], "links": [], "external": [[0, 0, "CLIP"]]}

    blurred = flatten(leading, [2], ("IMAGE", 1)).nodes["9:1"].inputs

    assert blurred == {"image": ForeignLink("1"), "radius": 2}
    assert get_saved(flatten(passing, [], ("MODEL", 2)))[0] == ForeignLink("2")
    assert get_saved(flatten(leaving, [], ("CLIP", 3)))[0] == ForeignLink("3")


def test_notes_inside_have_no_widgets() -> None:
    note = {"type": "Note", "inputs": [], "outputs": [], "widgets_values": ["words"]}

    document = read({"nodes": [note, make_inner("Blur", "image", widgets_values=[3])], "links": []}, [5], ("image", 1))

    assert (document.nodes["9:1"].inputs["radius"], list(document.notes), document.unsure) == (5, ["words"], {})


def test_groups_may_be_nested() -> None:
    inner = {"nodes": [make_inner("Blur", "image", widgets_values=[3])], "links": []}
    outer = {"nodes": [make_inner("Text", widgets_values=["a"]), make_inner("workflow/inner", "image")], "links": []}
    document = {
        "nodes": [{"id": 9, "type": "workflow/outer", "inputs": [], "widgets_values": ["b", 7]}],
        "links": [],
        "extra": {"groupNodes": {"inner": inner, "outer": outer}},
    }

    flow = simplify(read_canvas(document, WIDGETS.get), RULES)

    assert flow.nodes["9:0"].inputs == {"text": "b"}
    assert flow.nodes["9:1:0"].inputs == {"radius": 7}


def test_values_that_do_not_fit_are_left_and_told() -> None:
    group = {
        "nodes": [make_inner("Blur", "image", widgets_values=[3]), make_inner("Odd", widgets_values=[1, 2])],
        "links": [],
    }

    fitting, wrong = read(group, [4, 5, 6], ("image", 1)), read(group, [4, 5], ("image", 1))

    assert (fitting.nodes["9:0"].inputs["radius"], dict(fitting.unsure)) == (4, {})
    assert (wrong.nodes["9:0"].inputs["radius"], list(wrong.unsure)) == (3, ["9"])


@pytest.mark.parametrize(
    "group",
    [
        {"nodes": "x"},
        {
            "nodes": [1, None, {"type": 3, "inputs": "x", "outputs": [5]}],
            "links": 7,
            "external": {"a": 1},
            "config": [],
        },
        {"nodes": [make_inner("Blur", "image")], "links": [[0, 0, 9, 9], ["a"], [-1, 0, 0, 0], [0, 10**30, 0, -1]]},
        {"nodes": [make_inner("Blur", "image")], "links": [], "external": [[0], 5], "config": {"0": {"input": 3}}},
        {"nodes": [{"type": "Blur", "inputs": [{"name": [], "label": {}, "widget": {}}, {"name": {}}]}], "links": []},
        {"nodes": [{"type": "Reroute", "inputs": [{}]}], "links": [[0, 0, 0, "a", 1, []], [None, 0, 0, 0, 1, []]]},
    ],
)
def test_a_group_that_is_malformed_never_crashes(group: dict[str, Any]) -> None:
    assert "9" in read(group, {"a": 1}, ("image", 1)).nodes


def test_a_group_that_contains_itself_is_an_error() -> None:
    with pytest.raises(UsageError, match="nested more than 32 deep"):
        read({"nodes": [make_inner("workflow>mine", "image")], "links": []}, [], ("image", 1))


def nest(levels: int, width: int) -> dict[str, Any]:
    """Return groups of which each has the one before some times."""
    groups: dict[str, Any] = {"g0": {"nodes": [make_inner("Blur", "image")], "links": []}}
    for level in range(1, levels):
        groups[f"g{level}"] = {"nodes": [make_inner(f"workflow>g{level - 1}")] * width, "links": []}
    return groups


@pytest.mark.parametrize("groups", [
    nest(12, 4),
    {"wide": {"nodes": [make_inner("Save")] * 20_001, "links": []}},
    {"linked": {"nodes": [make_inner("Blur", "image")], "links": [[0, 0, 0, 0, 1, "IMAGE"]] * 20_001}},
])  # fmt: skip
def test_groups_that_are_too_large_are_an_error(groups: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match="its groups have more than 20000 nodes and widgets"):
        read_canvas({"nodes": [], "links": [], "extra": {"groupNodes": groups}}, WIDGETS.get)


def test_a_subgraph_is_not_taken_for_a_group() -> None:
    subgraph = {"id": "s", "nodes": [], "links": [], "group_widgets": 5}

    document = {"nodes": [{"id": 1, "type": "s"}], "links": [], "definitions": {"subgraphs": [subgraph]}}

    assert "1" in read_canvas(document, WIDGETS.get).nodes
