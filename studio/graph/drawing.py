"""Drawings of a graph: Mermaid text, and shapes that become SVG here and PNG in `picture`.

A graph with errors is drawn too: nodes that findings speak of are red and say what is wrong, and edges that lead
nowhere good are red and dashed.
"""

from __future__ import annotations

import json
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from xml.sax.saxutils import escape as escape_xml
from xml.sax.saxutils import quoteattr

from studio.errors import Finding, UsageError
from studio.graph.document import NodeDocument, is_file, is_quoted
from studio.graph.layout import Box, Link, Point, lay_out
from studio.graph.parse import escape
from studio.graph.resolve import ResolvedGraph, ResolvedNode, find_edges

MAX_NODES = 1000
MAX_SETTINGS = 5
FAILED, ERROR = "failed", "error"
UNUSED = "not used"


# -- what is drawn ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Row:
    """One line in a node's card: an input on the left, an output on the right, either may be missing.

    Attributes:
        left: Name of the input.
        value: The literal that it has, or "" where an edge leads to it.
        right: Name of the output.
    """

    left: str = ""
    value: str = ""
    right: str = ""


@dataclass(frozen=True)
class Card:
    """An input of the graph, a node, or an output of the graph, as it is drawn.

    Attributes:
        key: Unique in the drawing.
        kind: "input", "node" or "output".
        title: Its name.
        subtitle: Its type.
        standing: What a standing says about a node, or "".
        rows: The lines of a node's card.
        problems: What is wrong with it, one line each.
        mark: "each" for a node that is mapped over a list, "frames" over a film, or "".
        tooltip: What is shown when the pointer rests on it.
    """

    key: str
    kind: str
    title: str
    subtitle: str
    standing: str = ""
    rows: tuple[Row, ...] = ()
    problems: tuple[str, ...] = ()
    mark: str = ""
    tooltip: str = ""


@dataclass(frozen=True)
class Arrow:
    """An edge as it is drawn, from one card's row to another's.

    Attributes:
        source: Key of the card it starts at.
        output: Name of the output.
        target: Key of the card it ends at.
        input: Name of the input; "when" for a condition.
        kind: "value", "list", "condition" or "broken".
        backward: Whether it leads back.
    """

    source: str
    output: str
    target: str
    input: str
    kind: str = "value"
    backward: bool = False


@dataclass(frozen=True)
class Sketch:
    """What a drawing shows, before it is laid out."""

    title: str
    cards: tuple[Card, ...]
    arrows: tuple[Arrow, ...]


def sketch_graph(resolved: ResolvedGraph, standings: Mapping[str, str] | None = None) -> Sketch:
    """Return what a drawing of a graph shows.

    Args:
        resolved: The graph, with or without errors.
        standings: For nodes by id: "hit", "miss", "unknown", "always runs", "skipped", "failed" or another word.

    Raises:
        UsageError: E020 if the graph has more than 1000 nodes.
    """
    document = resolved.graph.document
    count = len(document.nodes)
    if max(count, len(document.inputs), len(document.outputs)) > MAX_NODES:
        raise UsageError(
            "E020",
            f"a graph of {count} nodes is too large to draw",
            where=str(resolved.graph.path or ""),
            hint=f"the limit is {MAX_NODES} nodes; move parts of it into graphs of their own",
        )
    arrows = _collect_arrows(resolved)
    problems = _collect_problems(resolved.errors)
    used = {arrow.source for arrow in arrows}
    cards = [
        Card(
            f"inputs.{name}",
            "input",
            name,
            declared.type,
            "" if f"inputs.{name}" in used else UNUSED,
            problems=tuple(problems.get(("inputs", name), ())),
            tooltip=declared.description,
        )
        for name, declared in document.inputs.items()
    ]
    unused = {f.where for f in resolved.findings if f.code == "W101"}
    for node_id, node in document.nodes.items():
        wrong = tuple(problems.get(("nodes", node_id), ()))
        standing = UNUSED if f"/nodes/{escape(node_id)}" in unused else (standings or {}).get(node_id, "")
        cards.append(_create_node_card(node_id, node, resolved.nodes[node_id], arrows, wrong, standing))
    cards += [
        Card(
            f"outputs.{name}",
            "output",
            name,
            _name_type(resolved, name),
            "",
            problems=tuple(problems.get(("outputs", name), ())),
            tooltip=declared.description,
        )
        for name, declared in document.outputs.items()
    ]
    return Sketch(document.title or resolved.graph.name, tuple(cards), tuple(arrows))


def _name_type(resolved: ResolvedGraph, output: str) -> str:
    return str(resolved.outputs[output][1]) if output in resolved.outputs else "?"


def _create_node_card(
    node_id: str,
    node: NodeDocument,
    resolved: ResolvedNode,
    arrows: Iterable[Arrow],
    problems: tuple[str, ...],
    standing: str,
) -> Card:
    key = f"nodes.{node_id}"
    connected = {arrow.input for arrow in arrows if arrow.target == key}
    settings = {name: _describe_setting(value) for name, value in node.inputs.items() if name not in connected}
    left = [Row(name) for name in node.inputs if name in connected]
    left += [Row("when")] if "when" in connected else []
    left += [Row(name, value) for name, value in list(settings.items())[:MAX_SETTINGS]]
    if len(settings) > MAX_SETTINGS:
        left.append(Row(value=f"and {len(settings) - MAX_SETTINGS} more"))
    outputs = {arrow.output for arrow in arrows if arrow.source == key}
    right = [name for name in resolved.outputs if name in outputs] + sorted(outputs - set(resolved.outputs))
    rows = [Row(row.left, row.value, name) for row, name in _pair(left, right)]
    summary = resolved.node_type.summary if resolved.node_type else ""
    about = [node.description or summary, *(f"{name}: {value}" for name, value in settings.items()), *problems]
    mark = "frames" if resolved.stream else "each" if resolved.depth else ""
    return Card(
        key,
        "node",
        node_id,
        node.type,
        ERROR if problems else standing,
        tuple(rows),
        problems,
        mark,
        "\n".join(filter(None, about)),
    )


def _pair(left: Sequence[Row], right: Sequence[str]) -> list[tuple[Row, str]]:
    length = max(len(left), len(right))
    return [(left[i] if i < len(left) else Row(), right[i] if i < len(right) else "") for i in range(length)]


def _describe_setting(value: Any) -> str:
    if is_file(value):
        return str(value["file"]).rpartition("/")[2]
    if is_quoted(value):
        value = value["literal"]
    text = value if isinstance(value, str) and value.strip() else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 200 else text[:199] + "…"


def _collect_problems(errors: Iterable[Finding]) -> dict[tuple[str, str], list[str]]:
    """Return what is wrong by the part of the document that it is wrong with."""
    found: dict[tuple[str, str], list[str]] = {}
    for finding in errors:
        parts = [part.replace("~1", "/").replace("~0", "~") for part in finding.where.split("#")[0].split("/")]
        if len(parts) >= 3:
            found.setdefault((parts[1], parts[2]), []).append(f"{finding.code} {finding.message}")
    return found


def _collect_arrows(resolved: ResolvedGraph) -> list[Arrow]:
    document = resolved.graph.document
    order = {node_id: index for index, node_id in enumerate(resolved.nodes)}
    arrows: dict[Arrow, None] = {}
    for node_id, node in document.nodes.items():
        ends = [(name, source) for name, value in node.inputs.items() for _, source in find_edges(value)]
        for name, source in ends:
            broken = name not in resolved.nodes[node_id].inputs
            _add_arrow(arrows, resolved, source, f"nodes.{node_id}", name, "broken" if broken else "", order)
        if node.when is not None:
            kind = "condition" if resolved.nodes[node_id].when is not None else "broken"
            _add_arrow(arrows, resolved, node.when.source, f"nodes.{node_id}", "when", kind, order)
    for name, declared in document.outputs.items():
        kind = "" if name in resolved.outputs else "broken"
        _add_arrow(arrows, resolved, declared.source, f"outputs.{name}", "", kind, order)
    return list(arrows)


def _add_arrow(
    arrows: dict[Arrow, None],
    resolved: ResolvedGraph,
    source: str,
    target: str,
    name: str,
    kind: str,
    order: Mapping[str, int],
) -> None:
    head, _, tail = source.partition(".")
    if head == "inputs":
        if tail in resolved.inputs:
            is_list = resolved.inputs[tail].spec.depth > 0
            arrows[Arrow(f"inputs.{tail}", "", target, name, kind or ("list" if is_list else "value"))] = None
        return
    if head not in order:
        return
    outputs = resolved.nodes[head].outputs
    output = tail or next(iter(outputs), "")
    is_list = output in outputs and outputs[output].depth > 0
    backward = target.startswith("nodes.") and order[head] >= order[target.removeprefix("nodes.")]
    kind = kind or ("broken" if backward else "list" if is_list else "value")
    arrows[Arrow(f"nodes.{head}", output, target, name, kind, backward)] = None


# -- Mermaid ---------------------------------------------------------------------------------------------


def draw_mermaid(resolved: ResolvedGraph, standings: Mapping[str, str] | None = None) -> str:
    """Return the drawing of a graph as Mermaid text; see `sketch_graph` for the arguments and errors."""
    sketch = sketch_graph(resolved, standings)
    names = {card.key: f"n{index}" for index, card in enumerate(sketch.cards)}
    lines = ["---", f"title: {_quote_yaml(sketch.title)}", "---", "flowchart LR"]
    lines += [f"  {names[card.key]}{_write_mermaid_card(card)}" for card in sketch.cards]
    lines += [_write_mermaid_arrow(arrow, names) for arrow in sketch.arrows]
    shown = _find_standings(sketch)
    if shown:
        lines.append('  subgraph legend ["legend"]')
        lines += [
            f'    k{i}("{_escape_mermaid(_count(word, number))}")' for i, (word, number) in enumerate(shown.items())
        ]
        lines.append("  end")
    for index, word in enumerate(shown):
        look = _find_look(word)
        members = [names[card.key] for card in sketch.cards if card.kind == "node" and card.standing == word]
        dash = ",stroke-dasharray:4 3" if look.dashed else ""
        lines.append(f"  classDef s{index} fill:{look.pale},stroke:{look.strong},stroke-width:2px,color:#1d2430{dash};")
        lines.append(f"  class {','.join([*members, f'k{index}'])} s{index};")
    lines.append("  classDef input fill:#e9effb,stroke:#a9bde6,color:#1d2430;")
    lines.append("  classDef output fill:#2c3646,stroke:#2c3646,color:#ffffff;")
    for kind in ("input", "output"):
        members = [names[card.key] for card in sketch.cards if card.kind == kind]
        lines += [f"  class {','.join(members)} {kind};"] if members else []
    return "\n".join(lines) + "\n"


def _write_mermaid_card(card: Card) -> str:
    title = _escape_mermaid(card.title) + (f" #40;{card.mark}#41;" if card.mark else "")
    problem = f"<br/>{_escape_mermaid(_shorten(card.problems[0], 80))}" if card.problems else ""
    label = f'"{title}<br/><small>{_escape_mermaid(_shorten(card.subtitle, 60))}</small>{problem}"'
    if card.kind == "node":
        return f"[[{label}]]" if card.mark else f"({label})"
    return f"([{label}])"


def _write_mermaid_arrow(arrow: Arrow, names: Mapping[str, str]) -> str:
    line = {"list": "==>", "condition": "-.->", "broken": "-.-x"}.get(arrow.kind, "-->")
    name = _name_arrow(arrow)
    label = f'|"{_escape_mermaid(name)}"|' if name else ""
    return f"  {names[arrow.source]} {line}{label} {names[arrow.target]}"


def _name_arrow(arrow: Arrow) -> str:
    if not arrow.input or arrow.output == arrow.input:
        return arrow.output or arrow.input
    return f"{arrow.output} → {arrow.input}" if arrow.output else arrow.input


def _escape_mermaid(text: str) -> str:
    """Write all that Mermaid or HTML could read as more than a letter as a character code."""
    plain = _clean(text)
    return "".join(c if c.isalnum() or c in " _.,:/-+=→…×" else f"#{ord(c)};" for c in plain)


def _quote_yaml(text: str) -> str:
    quoted = json.dumps(_clean(text), ensure_ascii=False)
    return "".join(f"\\u{ord(c):04x}" if c in "<>&%{}`#" else c for c in quoted)


def _clean(text: str) -> str:
    """Return text in one line, without what XML and terminals cannot take."""
    line = "".join(" " if c.isspace() else c for c in text)
    return "".join(c for c in line if unicodedata.category(c) not in ("Cc", "Cf", "Cs", "Co", "Cn"))


def _shorten(text: str, length: int) -> str:
    return text if len(text) <= length else text[: length - 1] + "…"


# -- looks -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Look:
    """The colours of a standing."""

    strong: str
    pale: str
    dashed: bool = False


_LOOKS = {
    "hit": Look("#178a5c", "#e2f5ec"),
    "miss": Look("#c9770c", "#fdf0dc"),
    "unknown": Look("#66758c", "#eaeef4"),
    "always runs": Look("#7253c4", "#eee8fb"),
    "skipped": Look("#98a1ae", "#f2f4f6", dashed=True),
    UNUSED: Look("#98a1ae", "#f2f4f6", dashed=True),
    FAILED: Look("#c8322f", "#fce8e6"),
    ERROR: Look("#c8322f", "#fce8e6"),
}
_PLAIN = Look("#5b6b84", "#eef1f6")
_INK, _QUIET, _FAINT, _LINE = "#1d2430", "#66707f", "#8b95a3", "#8d9aae"
_GROUND, _CARD, _BORDER = "#f7f8fa", "#ffffff", "#cdd4de"
_ARROWS = {
    "value": (_LINE, 1.7, ()),
    "list": ("#56657d", 3.4, ()),
    "condition": ("#7253c4", 1.7, (5.0, 4.0)),
    "broken": ("#c8322f", 1.9, (6.0, 4.0)),
}


def _find_look(standing: str) -> Look:
    return _LOOKS.get(standing, _PLAIN)


def _find_standings(sketch: Sketch) -> dict[str, int]:
    """Return the standings in a drawing with the number of nodes, those that are known in their order first."""
    counts = Counter(card.standing for card in sketch.cards if card.kind == "node" and card.standing)
    return {
        word: counts[word] for word in [*(w for w in _LOOKS if w in counts), *(w for w in counts if w not in _LOOKS)]
    }


def _count(word: str, number: int) -> str:
    return f"{word} {number}"


# -- shapes ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Rectangle:
    """A rectangle with round corners."""

    x: float
    y: float
    width: float
    height: float
    radius: float
    fill: str
    stroke: str = ""
    stroke_width: float = 1.0
    dash: tuple[float, ...] = ()


@dataclass(frozen=True)
class Curve:
    """Cubic Bezier curves: a start point and then three points for each."""

    points: tuple[Point, ...]
    stroke: str
    stroke_width: float
    dash: tuple[float, ...] = ()


@dataclass(frozen=True)
class Dot:
    """A disc with a ring."""

    x: float
    y: float
    radius: float
    fill: str
    stroke: str


@dataclass(frozen=True)
class Words:
    """A line of text; `anchor` is "start", "middle" or "end", `y` is its baseline."""

    x: float
    y: float
    text: str
    size: float
    fill: str
    bold: bool = False
    anchor: str = "start"


Shape = Rectangle | Curve | Dot | Words


@dataclass(frozen=True)
class Group:
    """Shapes that belong together, with what is shown when the pointer rests on them."""

    shapes: tuple[Shape, ...]
    tooltip: str = ""


@dataclass
class Drawing:
    """Shapes on a ground, in the order in which they are drawn."""

    title: str
    width: float
    height: float
    ground: str
    groups: list[Group] = field(default_factory=list)


_MARGIN, _HEAD, _FOOT = 36.0, 64.0, 44.0
_CARD_HEAD, _ROW, _PAD = 50.0, 21.0, 9.0
_WIDEST, _NARROWEST = 290.0, 132.0


def compose_drawing(resolved: ResolvedGraph, standings: Mapping[str, str] | None = None) -> Drawing:
    """Lay a graph out and return the shapes; see `sketch_graph` for the arguments and errors."""
    sketch = sketch_graph(resolved, standings)
    boxes = {card.key: _create_box(card) for card in sketch.cards}
    cards = {card.key: card for card in sketch.cards}
    links = [
        Link(
            a.source,
            a.target,
            _find_port(cards[a.source], a.output, output=True),
            _find_port(cards[a.target], a.input, output=False),
            a.backward,
        )
        for a in sketch.arrows
    ]
    width, height = lay_out(list(boxes.values()), links)
    for box in boxes.values():
        box.x, box.y = box.x + _MARGIN, box.y + _MARGIN + _HEAD
    for link in links:
        link.points = [(x + _MARGIN, y + _MARGIN + _HEAD) for x, y in link.points]
    legend, legend_width = _compose_legend(sketch, _MARGIN, _HEAD + height + _MARGIN + 34.0)
    width = max(width, legend_width, measure_text(sketch.title, 20, bold=True), 220.0)
    drawing = Drawing(
        sketch.title, width + 2 * _MARGIN, height + 2 * _MARGIN + _HEAD + (_FOOT if legend else 12.0), _GROUND
    )
    drawing.groups.append(Group(_compose_title(sketch)))
    drawing.groups += [_compose_arrow(arrow, link) for arrow, link in zip(sketch.arrows, links, strict=True)]
    drawing.groups += [_compose_card(card, boxes[card.key]) for card in sketch.cards]
    drawing.groups += [Group(_compose_ports(sketch.arrows, links))]
    drawing.groups += [Group(tuple(legend))] if legend else []
    return drawing


def _compose_title(sketch: Sketch) -> tuple[Shape, ...]:
    nodes = sum(card.kind == "node" for card in sketch.cards)
    ends = [f"{nodes} node{'s' * (nodes != 1)}"]
    for kind in ("input", "output"):
        number = sum(card.kind == kind for card in sketch.cards)
        ends += [f"{number} {kind}{'s' * (number != 1)}"] if number else []
    return (
        Words(_MARGIN, _MARGIN + 14, clip_text(_clean(sketch.title), 20, 1200, bold=True), 20, _INK, bold=True),
        Words(_MARGIN, _MARGIN + 35, ", ".join(ends), 12.5, _QUIET),
    )


def _create_box(card: Card) -> Box:
    if card.kind != "node":
        text = max(measure_text(card.title, 13.5, bold=True), measure_text(card.subtitle, 11.5))
        text = max([text, *(measure_text(p, 11) for p in card.problems[:1])])
        height = 46.0 + 17.0 * bool(card.problems)
        return Box(card.key, min(text + 40.0, _WIDEST), height, "right" if card.kind == "input" else "left")
    badge = measure_text(card.standing, 10.5) + 24.0 if card.standing else 0.0
    mark = 50.0 if card.mark else 0.0
    widths = [measure_text(card.title, 14.5, bold=True) + badge + mark + 32.0, measure_text(card.subtitle, 11.5) + 30.0]
    for row in card.rows:
        left = measure_text(row.left, 12) + (measure_text(row.value, 12) + 8.0 if row.value else 0.0)
        widths.append(min(left, 190.0) + (measure_text(row.right, 12) + 22.0 if row.right else 0.0) + 30.0)
    widths += [240.0] if card.problems else []
    lines = len(card.rows) + min(len(card.problems), 3)
    height = _CARD_HEAD + (lines * _ROW + 2 * _PAD - 4.0 if lines else 0.0)
    return Box(card.key, min(max(*widths, _NARROWEST), _WIDEST), height)


def _find_port(card: Card, name: str, *, output: bool) -> float:
    if card.kind != "node":
        return 23.0
    for index, row in enumerate(card.rows):
        if name == (row.right if output else row.left) and (output or not row.value):
            return _CARD_HEAD + _PAD + (index + 0.5) * _ROW - 1.0
    return _CARD_HEAD / 2


def _compose_card(card: Card, box: Box) -> Group:
    shapes = _compose_end(card, box) if card.kind != "node" else _compose_node(card, box)
    return Group(tuple(shapes), card.tooltip)


def _compose_end(card: Card, box: Box) -> list[Shape]:
    wrong, faint = bool(card.problems), card.standing == UNUSED
    dark = card.kind == "output"
    fill, stroke = ("#2c3646", "#2c3646") if dark else ("#e9effb", "#a9bde6")
    if wrong or faint:
        look = _find_look(ERROR if wrong else UNUSED)
        fill, stroke, dark = look.pale, look.strong, False
    left, room = box.x + 20.0, box.width - 36.0
    title = clip_text(card.title, 13.5, room, bold=True)
    shapes: list[Shape] = [
        Rectangle(box.x, box.y, box.width, box.height, 23.0, fill, stroke, 1.3, (4.0, 3.0) if faint else ()),
        Words(left, box.y + 20, title, 13.5, "#ffffff" if dark else _INK, bold=True),
        Words(left, box.y + 36, clip_text(card.subtitle, 11.5, room), 11.5, "#b9c4d4" if dark else _QUIET),
    ]
    if wrong:
        shapes.append(Words(left, box.y + 54, clip_text(_clean(card.problems[0]), 11, room), 11, "#c8322f"))
    return shapes


def _compose_node(card: Card, box: Box) -> list[Shape]:
    look = _find_look(card.standing)
    border = look.strong if card.standing else _BORDER
    dash = (5.0, 4.0) if look.dashed else ()
    shapes: list[Shape] = []
    steps = (8.0, 4.0) if card.mark else ()
    shapes += [Rectangle(box.x + d, box.y - d, box.width, box.height, 10.0, _CARD, border, 1.1) for d in steps]
    shapes += [
        Rectangle(box.x + 1, box.y + 3, box.width, box.height, 10.0, "#e3e7ed"),
        Rectangle(box.x, box.y, box.width, box.height, 10.0, look.pale if card.standing else "#eef1f6"),
    ]
    if box.height > _CARD_HEAD:
        shapes += [
            Rectangle(box.x, box.y + _CARD_HEAD, box.width, box.height - _CARD_HEAD, 10.0, _CARD),
            Rectangle(box.x, box.y + _CARD_HEAD, box.width, 12.0, 0.0, _CARD),
        ]
    shapes.append(Rectangle(box.x, box.y, box.width, box.height, 10.0, "", border, 1.5 if card.standing else 1.2, dash))
    right = box.x + box.width - 10.0
    for text, ink, ground in _find_badges(card, look):
        width = measure_text(text, 10.5) + 14.0
        shapes += [
            Rectangle(right - width, box.y + 9, width, 17.0, 8.5, ground),
            Words(right - width / 2, box.y + 21.2, text, 10.5, ink, anchor="middle"),
        ]
        right -= width + 5.0
    room = right - box.x - 16.0
    shapes += [
        Words(box.x + 14, box.y + 22, clip_text(card.title, 14.5, room, bold=True), 14.5, _INK, bold=True),
        Words(box.x + 14, box.y + 39, clip_text(_clean(card.subtitle), 11.5, box.width - 26), 11.5, _QUIET),
    ]
    return shapes + _compose_rows(card, box)


def _find_badges(card: Card, look: Look) -> list[tuple[str, str, str]]:
    badges = []
    if card.standing:
        badges.append((_shorten(_clean(card.standing), 16), "#ffffff", look.strong))
    if card.mark:
        badges.append((card.mark, "#ffffff", "#56657d"))
    return badges


def _compose_rows(card: Card, box: Box) -> list[Shape]:
    shapes: list[Shape] = []
    y = box.y + _CARD_HEAD + _PAD + _ROW / 2 + 3.2
    for row in card.rows:
        right = box.x + box.width - 14.0
        if row.right:
            shapes.append(Words(right, y, row.right, 12, _INK, anchor="end"))
            right -= measure_text(row.right, 12) + 14.0
        left = box.x + 14.0
        if row.left:
            name = clip_text(row.left, 12, right - left)
            shapes.append(Words(left, y, name, 12, _FAINT if row.value else _INK))
            left += measure_text(name, 12) + 8.0
        if row.value:
            value = clip_text(_clean(row.value), 12, right - left)
            shapes.append(Words(left, y, value, 12, "#3d4a5f" if row.left else _FAINT))
        y += _ROW
    for problem in card.problems[:3]:
        shapes.append(Words(box.x + 14, y, clip_text(_clean(problem), 11.5, box.width - 26), 11.5, "#c8322f"))
        y += _ROW
    return shapes


def _compose_arrow(arrow: Arrow, link: Link) -> Group:
    stroke, width, dash = _ARROWS[arrow.kind]
    points = tuple(link.points)
    halo = Curve(points, _GROUND, width + 4.0)
    tooltip = f"{arrow.source.partition('.')[2]} → {arrow.target.partition('.')[2]}: {_name_arrow(arrow)}"
    return Group((halo, Curve(points, stroke, width, dash)), tooltip.removesuffix(": "))


def _compose_ports(arrows: Iterable[Arrow], links: Iterable[Link]) -> tuple[Shape, ...]:
    dots: dict[Dot, None] = {}
    for arrow, link in zip(arrows, links, strict=True):
        stroke = _ARROWS[arrow.kind][0]
        for x, y in (link.points[0], link.points[-1]):
            dots[Dot(x, y, 3.6, "#ffffff", stroke)] = None
    return tuple(dots)


def _compose_legend(sketch: Sketch, x: float, y: float) -> tuple[list[Shape], float]:
    """Return the legend and its width: standings with numbers, then what kinds of edge and card mean."""
    shapes: list[Shape] = []
    start = x
    for word, number in _find_standings(sketch).items():
        look = _find_look(word)
        text = _shorten(_clean(_count(word, number)), 40)
        shapes += [
            Rectangle(x, y - 10, 14, 14, 4.0, look.pale, look.strong, 1.5, (3.0, 2.0) if look.dashed else ()),
            Words(x + 21, y + 1.5, text, 12, _INK),
        ]
        x += 21 + measure_text(text, 12) + 22
    kinds = {arrow.kind for arrow in sketch.arrows}
    for kind, text in (("list", "list"), ("condition", "when"), ("broken", "edge in error")):
        if kind in kinds:
            stroke, width, dash = _ARROWS[kind]
            line = ((x, y - 3), (x + 9, y - 3), (x + 18, y - 3), (x + 26, y - 3))
            shapes += [Curve(line, stroke, width, dash), Words(x + 33, y + 1.5, text, 12, _INK)]
            x += 33 + measure_text(text, 12) + 22
    if any(card.mark for card in sketch.cards):
        text = "runs for each entry or frame"
        shapes += [Rectangle(x + d, y - 8 - d, 14, 10, 3.0, _CARD, _LINE, 1.1) for d in (4, 0)]
        shapes.append(Words(x + 25, y + 1.5, text, 12, _INK))
        x += 25 + measure_text(text, 12) + 22
    return shapes, x - start


_THIN, _SLIM, _BROAD = set("ijl|.,:;'`!I "), set('ftr()[]{}/\\-"* '), set("mwMW@%")


def measure_text(text: str, size: float, *, bold: bool = False) -> float:
    """Return about how wide a line of text is in a sans serif font; on the safe side."""
    total = 0.0
    for c in text:
        if ord(c) > 0x2E80:
            total += 1.0
        elif c in _THIN:
            total += 0.3
        elif c in _SLIM:
            total += 0.39
        elif c in _BROAD:
            total += 0.88
        else:
            total += 0.68 if c.isupper() else 0.565
    return total * size * (1.06 if bold else 1.0)


def clip_text(text: str, size: float, width: float, *, bold: bool = False) -> str:
    """Cut a line of text to a width; what was cut shows as an ellipsis."""
    if measure_text(text, size, bold=bold) <= width:
        return text
    text = text[:400]
    while text and measure_text(text + "…", size, bold=bold) > width:
        text = text[:-1]
    return text + "…"


# -- SVG -------------------------------------------------------------------------------------------------


def draw_svg(resolved: ResolvedGraph, standings: Mapping[str, str] | None = None) -> str:
    """Return the drawing of a graph as SVG text; see `sketch_graph` for the arguments and errors."""
    return write_svg(compose_drawing(resolved, standings))


def draw_png(resolved: ResolvedGraph, standings: Mapping[str, str] | None = None, *, scale: float = 2.0) -> bytes:
    """Return the drawing of a graph as the bytes of a PNG file; see `sketch_graph` for the arguments and errors.

    Args:
        resolved: The graph, with or without errors.
        standings: For nodes by id, what the cache has of them.
        scale: Pixels for each unit; less is used where the picture would be too large.
    """
    from studio.graph.picture import write_png

    return write_png(compose_drawing(resolved, standings), scale)


def write_svg(drawing: Drawing) -> str:
    """Return shapes as SVG text."""
    width, height = f"{drawing.width:.0f}", f"{drawing.height:.0f}"
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" width="{width}" height="{height}"'
        f' viewBox="0 0 {width} {height}"'
        " font-family=\"Inter, 'Helvetica Neue', Helvetica, Arial, 'Liberation Sans', 'DejaVu Sans', sans-serif\">",
        f"<title>{escape_xml(_clean(drawing.title))}</title>",
        f'<rect width="100%" height="100%" fill="{drawing.ground}"/>',
    ]
    for group in drawing.groups:
        tooltip = "\n".join(_clean(line) for line in group.tooltip.splitlines())
        lines.append("<g>" + (f"<title>{escape_xml(tooltip)}</title>" if tooltip else ""))
        lines += [_write_shape(shape) for shape in group.shapes]
        lines.append("</g>")
    return "\n".join([*lines, "</svg>", ""])


def _write_shape(shape: Shape) -> str:
    match shape:
        case Rectangle(x, y, width, height, radius, fill, stroke, stroke_width, dash):
            return (
                f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" rx="{radius:g}"'
                f' fill="{fill or "none"}"{_write_stroke(stroke, stroke_width, dash)}/>'
            )
        case Curve(points, stroke, stroke_width, dash):
            start, *rest = [f"{x:.1f} {y:.1f}" for x, y in points]
            return f'<path d="M{start} C{" ".join(rest)}" fill="none"{_write_stroke(stroke, stroke_width, dash)}/>'
        case Dot(x, y, radius, fill, stroke):
            return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius:g}" fill="{fill}"{_write_stroke(stroke, 1.6, ())}/>'
        case Words(x, y, text, size, fill, bold, anchor):
            weight = ' font-weight="600"' if bold else ""
            place = f' text-anchor="{anchor}"' if anchor != "start" else ""
            return (
                f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size:g}" fill={quoteattr(fill)}{weight}{place}>'
                f"{escape_xml(_clean(text))}</text>"
            )
    raise AssertionError(shape)


def _write_stroke(stroke: str, width: float, dash: tuple[float, ...]) -> str:
    if not stroke:
        return ""
    dashes = f' stroke-dasharray="{" ".join(f"{d:g}" for d in dash)}"' if dash else ""
    return f' stroke="{stroke}" stroke-width="{width:g}"{dashes}'
