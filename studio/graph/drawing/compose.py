"""Lays a graph out: its cards, arrows, title and legend as shapes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from studio.graph.drawing.arrows import Arrow, name_arrow
from studio.graph.drawing.boxes import Box, Link
from studio.graph.drawing.cards import compose_card, create_box, find_port
from studio.graph.drawing.layout import lay_out
from studio.graph.drawing.looks import ARROWS, CARD, GROUND, INK, LINE, QUIET, count_standing, find_look, find_standings
from studio.graph.drawing.shapes import Curve, Dot, Drawing, Group, Rectangle, Shape, Words
from studio.graph.drawing.sketch import Sketch, sketch_graph
from studio.graph.drawing.text import clean, clip_text, measure_text, shorten
from studio.graph.resolved import ResolvedGraph

_MARGIN, _HEAD, _FOOT = 36.0, 64.0, 44.0


def compose_drawing(resolved: ResolvedGraph, standings: Mapping[str, str] | None = None) -> Drawing:
    """Lay a graph out and return the shapes; see `sketch_graph` for the arguments and errors."""
    sketch = sketch_graph(resolved, standings)
    boxes = [create_box(card) for card in sketch.cards]
    links = _create_links(sketch)
    width, height = lay_out(boxes, links)
    _move_down(boxes, links)
    legend, legend_width = _compose_legend(sketch, _MARGIN, _HEAD + height + _MARGIN + 34.0)
    width = max(width, legend_width, measure_text(sketch.title, 20, bold=True), 220.0)
    height += 2 * _MARGIN + _HEAD + (_FOOT if legend else 12.0)
    groups = [
        Group(_compose_title(sketch)),
        *map(_compose_arrow, sketch.arrows, links),
        *map(compose_card, sketch.cards, boxes),
        Group(_compose_ports(sketch.arrows, links)),
    ]
    groups += [Group(tuple(legend))] if legend else []
    return Drawing(sketch.title, width + 2 * _MARGIN, height, GROUND, groups)


def _create_links(sketch: Sketch) -> list[Link]:
    cards = {card.key: card for card in sketch.cards}
    return [
        Link(
            arrow.source,
            arrow.target,
            find_port(cards[arrow.source], arrow.output, output=True),
            find_port(cards[arrow.target], arrow.input, output=False),
            arrow.backward,
        )
        for arrow in sketch.arrows
    ]


def _move_down(boxes: Iterable[Box], links: Iterable[Link]) -> None:
    """Make room for the margin and the title."""
    for box in boxes:
        box.x, box.y = box.x + _MARGIN, box.y + _MARGIN + _HEAD
    for link in links:
        link.points = [(x + _MARGIN, y + _MARGIN + _HEAD) for x, y in link.points]


def _compose_title(sketch: Sketch) -> tuple[Shape, ...]:
    nodes = sum(card.kind == "node" for card in sketch.cards)
    ends = [f"{nodes} node{'s' * (nodes != 1)}"]
    for kind in ("input", "output"):
        number = sum(card.kind == kind for card in sketch.cards)
        ends += [f"{number} {kind}{'s' * (number != 1)}"] if number else []
    return (
        Words(_MARGIN, _MARGIN + 14, clip_text(clean(sketch.title), 20, 1200, bold=True), 20, INK, bold=True),
        Words(_MARGIN, _MARGIN + 35, ", ".join(ends), 12.5, QUIET),
    )


def _compose_arrow(arrow: Arrow, link: Link) -> Group:
    stroke, width, dash = ARROWS[arrow.kind]
    points = tuple(link.points)
    halo = Curve(points, GROUND, width + 4.0)
    tooltip = f"{arrow.source.partition('.')[2]} → {arrow.target.partition('.')[2]}: {name_arrow(arrow)}"
    return Group((halo, Curve(points, stroke, width, dash)), tooltip.removesuffix(": "))


def _compose_ports(arrows: Iterable[Arrow], links: Iterable[Link]) -> tuple[Shape, ...]:
    dots: dict[Dot, None] = {}
    for arrow, link in zip(arrows, links, strict=True):
        stroke = ARROWS[arrow.kind][0]
        for x, y in (link.points[0], link.points[-1]):
            dots[Dot(x, y, 3.6, "#ffffff", stroke)] = None
    return tuple(dots)


def _compose_legend(sketch: Sketch, x: float, y: float) -> tuple[list[Shape], float]:
    """Return the legend and its width: standings with numbers, then what kinds of edge and card mean."""
    shapes: list[Shape] = []
    start = x
    for word, number in find_standings(sketch).items():
        look = find_look(word)
        text = shorten(clean(count_standing(word, number)), 40)
        shapes += [
            Rectangle(x, y - 10, 14, 14, 4.0, look.pale, look.strong, 1.5, (3.0, 2.0) if look.dashed else ()),
            Words(x + 21, y + 1.5, text, 12, INK),
        ]
        x += 21 + measure_text(text, 12) + 22
    kinds = {arrow.kind for arrow in sketch.arrows}
    for kind, text in (("list", "list"), ("condition", "when"), ("broken", "edge in error")):
        if kind in kinds:
            stroke, width, dash = ARROWS[kind]
            line = ((x, y - 3), (x + 9, y - 3), (x + 18, y - 3), (x + 26, y - 3))
            shapes += [Curve(line, stroke, width, dash), Words(x + 33, y + 1.5, text, 12, INK)]
            x += 33 + measure_text(text, 12) + 22
    if any(card.mark for card in sketch.cards):
        text = "runs for each entry or frame"
        shapes += [Rectangle(x + d, y - 8 - d, 14, 10, 3.0, CARD, LINE, 1.1) for d in (4, 0)]
        shapes.append(Words(x + 25, y + 1.5, text, 12, INK))
        x += 25 + measure_text(text, 12) + 22
    return shapes, x - start
