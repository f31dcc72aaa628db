"""A composed drawing: title, arrows, cards, ports and legend, all inside its borders."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from studio.graph.drawing.compose import compose_drawing
from studio.graph.drawing.shapes import Curve, Dot, Drawing, Rectangle, Shape, Words
from studio.graph.drawing.text import measure_text
from studio.graph.resolved import ResolvedGraph

Resolve = Callable[..., ResolvedGraph]


def iterate(drawing: Drawing) -> Iterator[Shape]:
    for group in drawing.groups:
        yield from group.shapes


def read_words(drawing: Drawing) -> list[str]:
    return [shape.text for shape in iterate(drawing) if isinstance(shape, Words)]


@pytest.fixture
def cyclic(resolve: Resolve) -> ResolvedGraph:
    """Two nodes that need each other."""
    nodes = {n: {"type": "image.invert", "inputs": {"image": {"from": other}}} for n, other in ("ab", "ba")}
    return resolve(nodes=nodes, outputs={"o": {"from": "b"}})


@pytest.mark.parametrize("name", ["mixed", "hostile", "cyclic"])
def test_everything_lies_inside_the_drawing(request: pytest.FixtureRequest, name: str) -> None:
    drawing = compose_drawing(request.getfixturevalue(name), {"new": "a standing with a long name" * 3})

    for shape in iterate(drawing):
        match shape:
            case Rectangle(x, y, width, height):
                corners = [(x, y), (x + width, y + height)]
            case Curve(points):
                corners = list(points)
            case Dot(x, y, radius):
                corners = [(x - radius, y - radius), (x + radius, y + radius)]
            case Words(x, y, text, size, _, bold, anchor):
                width = measure_text(text, size, bold=bold)
                x -= {"start": 0.0, "middle": width / 2, "end": width}[anchor]
                corners = [(x, y - size), (x + width, y)]
        assert all(0 <= x <= drawing.width and 0 <= y <= drawing.height for x, y in corners), shape


def test_the_title_says_how_much_there_is(mixed: ResolvedGraph, resolve: Resolve) -> None:
    assert read_words(compose_drawing(mixed))[:2] == ["Mixed", "3 nodes, 2 inputs, 2 outputs"]
    one = resolve(nodes={"a": {"type": "image.new"}}, outputs={"o": {"from": "a"}})
    assert read_words(compose_drawing(one))[1] == "1 node, 1 output"


def test_an_arrow_ends_in_dots_and_says_where_it_leads(mixed: ResolvedGraph) -> None:
    drawing = compose_drawing(mixed)
    dots = {(shape.x, shape.y) for shape in iterate(drawing) if isinstance(shape, Dot)}
    arrows = [group for group in drawing.groups if "→" in group.tooltip and isinstance(group.shapes[0], Curve)]

    assert len(arrows) == 5
    assert arrows[1].tooltip == "new → sheet: image → images"
    for group in arrows:
        curve = group.shapes[-1]
        assert isinstance(curve, Curve)
        assert {curve.points[0], curve.points[-1]} <= dots


def test_the_legend_explains_what_is_drawn_and_nothing_else(mixed: ResolvedGraph, resolve: Resolve) -> None:
    words = read_words(compose_drawing(mixed, {"new": "hit"}))
    plain = resolve(nodes={"a": {"type": "image.new"}}, outputs={"o": {"from": "a"}})

    assert words[-5:] == ["hit 1", "not used 1", "list", "when", "runs for each entry or frame"]
    assert read_words(compose_drawing(plain))[-1] == "image"  # the type of its output: no legend


def test_cards_are_drawn_over_arrows(mixed: ResolvedGraph) -> None:
    groups = compose_drawing(mixed).groups
    kinds = [type(group.shapes[0]) for group in groups]

    assert max(i for i, kind in enumerate(kinds) if kind is Curve) < kinds.index(Rectangle)
