"""Arrows: every edge of a graph once, with its kind; an edge that leads nowhere is not drawn."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from studio.graph.drawing.arrows import Arrow, collect_arrows, name_arrow
from studio.graph.resolved import ResolvedGraph

Resolve = Callable[..., ResolvedGraph]
INVERT = "image.invert"


def test_an_arrow_has_the_kind_of_what_travels_on_it(mixed: ResolvedGraph) -> None:
    assert collect_arrows(mixed) == [
        Arrow("inputs.sizes", "", "nodes.new", "width", "list"),
        Arrow("nodes.new", "image", "nodes.sheet", "images", "list"),
        Arrow("inputs.flag", "", "nodes.sheet", "when", "condition"),
        Arrow("nodes.sheet", "image", "outputs.sheet", "", "value"),
        Arrow("nodes.new", "image", "outputs.parts", "", "list"),
    ]


def test_an_edge_in_a_list_and_an_edge_of_its_own_are_drawn_alike(resolve: Resolve) -> None:
    images = [{"from": "a"}, {"from": "b"}, {"from": "a"}]
    resolved = resolve(
        nodes={
            "a": {"type": "image.new"},
            "b": {"type": "image.new"},
            "sheet": {"type": "image.grid", "inputs": {"images": images}},
        },
        outputs={"o": {"from": "sheet"}},
    )

    arrows = [(arrow.source, arrow.target) for arrow in collect_arrows(resolved)]

    assert arrows == [("nodes.a", "nodes.sheet"), ("nodes.b", "nodes.sheet"), ("nodes.sheet", "outputs.o")]


def test_an_edge_that_does_not_fit_is_broken_and_one_that_leads_nowhere_is_left_out(resolve: Resolve) -> None:
    resolved = resolve(
        inputs={"text": {"type": "text", "default": ""}},
        nodes={
            "new": {"type": "image.new"},
            "wrong": {"type": INVERT, "inputs": {"image": {"from": "inputs.text"}}},
            "extra": {"type": INVERT, "inputs": {"image": {"from": "new"}, "picture": {"from": "new"}}},
            "when": {"type": "image.new", "when": {"from": "new.sound"}},
            "lost": {"type": INVERT, "inputs": {"image": {"from": "nobody"}}, "when": {"from": "inputs.nothing"}},
        },
        outputs={"o": {"from": "new.sound"}},
    )

    found = {(arrow.source, arrow.target, arrow.input): arrow.kind for arrow in collect_arrows(resolved)}

    assert found == {
        ("inputs.text", "nodes.wrong", "image"): "broken",
        ("nodes.new", "nodes.extra", "image"): "value",
        ("nodes.new", "nodes.extra", "picture"): "broken",
        ("nodes.new", "nodes.when", "when"): "broken",
        ("nodes.new", "outputs.o", ""): "broken",
    }


def test_the_edges_of_a_cycle_that_lead_back_are_marked(resolve: Resolve) -> None:
    resolved = resolve(
        nodes={
            "a": {"type": INVERT, "inputs": {"image": {"from": "b"}}},
            "b": {"type": INVERT, "inputs": {"image": {"from": "a"}}},
            "self": {"type": INVERT, "inputs": {"image": {"from": "self"}}},
        },
        outputs={"o": {"from": "b"}},
    )

    backward = {(a.source, a.target) for a in collect_arrows(resolved) if a.backward and a.kind == "broken"}
    forward = {(a.source, a.target) for a in collect_arrows(resolved) if not a.backward}

    assert ("nodes.self", "nodes.self") in backward
    assert len(backward & {("nodes.a", "nodes.b"), ("nodes.b", "nodes.a")}) == 1
    assert ("nodes.b", "outputs.o") in forward


@pytest.mark.parametrize(
    ("output", "name", "words"),
    [("image", "first", "image → first"), ("image", "image", "image"), ("", "seed", "seed"), ("image", "", "image")],
)
def test_an_arrow_is_named_after_its_ends(output: str, name: str, words: str) -> None:
    assert name_arrow(Arrow("nodes.a", output, "nodes.b", name)) == words
