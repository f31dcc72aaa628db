"""Draws the flowcharts of pages, which are Mermaid text, as SVG: a browser would load Mermaid from another host."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Mapping, Sequence

from studio.graph.drawing.boxes import Box, Link
from studio.graph.drawing.layout import lay_out
from studio.graph.drawing.text import measure_text

_BLOCK = re.compile(r"^```mermaid\nflowchart (?:TD|LR)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_BOX = re.compile(r'(?P<key>[\w/-]+?)(?:\["(?P<text>[^"]*)"\])?(?=\s|$)')
_ARROW = re.compile(r'\s+(?:-- "?(?P<label>[^"]*?)"? -->|-->)\s+')
_HEIGHT, _SIZE, _MARGIN = 34.0, 13.0, 8.0
_FLATNESS = 0.72
"""How much of the distance between rows is kept."""
_DROP = _HEIGHT * (1 - _FLATNESS)
"""How far an arrow starts below its place in the layout, at the lower edge of its box."""


def draw_diagrams(text: str) -> str:
    """Return a page with its flowcharts as SVG."""
    return _BLOCK.sub(lambda match: draw_flowchart(match[1]), text)


def draw_flowchart(source: str) -> str:
    """Return the lines of a flowchart, `a["text"] -- label --> b --> c`, as an SVG element that runs downwards."""
    names: dict[str, str] = {}
    arrows: list[tuple[str, str, str]] = []
    for line in filter(None, map(str.strip, source.splitlines())):
        arrows += _read_line(line, names)
    # laid out from left to right with sides exchanged, so that it runs downwards
    boxes = {key: Box(key, _HEIGHT, measure_text(text, _SIZE) + 28) for key, text in names.items()}
    links = [_create_link(source, target, boxes) for source, target, _ in arrows]
    height, width = lay_out(list(boxes.values()), links)
    shapes = [*_draw_links(links, [label for _, _, label in arrows]), *_draw_boxes(boxes, names)]
    return _wrap(shapes, width, height * _FLATNESS + _HEIGHT)


def _read_line(line: str, names: dict[str, str]) -> Iterator[tuple[str, str, str]]:
    """Yield source, target and label of each arrow of a line, and note the texts of boxes."""
    parts = _ARROW.split(line)
    keys: list[str] = []
    for part in parts[::2]:
        match = _BOX.fullmatch(part.strip())
        assert match, f"a flowchart has the line {line!r}"
        keys.append(match["key"])
        names[match["key"]] = match["text"] or names.get(match["key"]) or match["key"]
    for index, label in enumerate(parts[1::2]):
        yield keys[index], keys[index + 1], label or ""


def _create_link(source: str, target: str, boxes: Mapping[str, Box]) -> Link:
    order = list(boxes)
    start, end = boxes[source].height / 2, boxes[target].height / 2
    return Link(source, target, start, end, backward=order.index(source) > order.index(target))


def _turn(x: float, y: float) -> tuple[float, float]:
    """Return where a point of the layout is drawn."""
    return y, x * _FLATNESS


def _draw_links(links: Sequence[Link], labels: Sequence[str]) -> Iterator[str]:
    for link, label in zip(links, labels, strict=True):
        points = [_turn(*point) for point in link.points]
        (x, y), *others = points
        path = f"M {x:.1f} {y + _DROP:.1f} C " + " ".join(f"{x:.1f} {y:.1f}" for x, y in others)
        yield f'<path d="{path}" fill="none" stroke="currentColor" marker-end="url(#tip)"/>'
        if label:
            x, y = (points[0][0] + points[-1][0]) / 2, (points[0][1] + _DROP + points[-1][1]) / 2
            yield _write_text(label, x, y + 4, 11)


def _draw_boxes(boxes: Mapping[str, Box], names: Mapping[str, str]) -> Iterator[str]:
    for key, box in boxes.items():
        x, y = _turn(box.x, box.y)
        yield (
            f'<rect x="{x:.1f}" y="{y:.1f}" width="{box.height:.1f}" height="{_HEIGHT:g}" rx="5" '
            'fill="none" stroke="currentColor"/>'
        )
        yield _write_text(names[key], x + box.height / 2, y + _HEIGHT / 2 + _SIZE / 3, _SIZE)


def _write_text(text: str, x: float, y: float, size: float) -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size:g}" text-anchor="middle" fill="currentColor">'
        f"{html.escape(text)}</text>"
    )


def _wrap(shapes: Sequence[str], width: float, height: float) -> str:
    box = f"{-_MARGIN:g} {-_MARGIN:g} {width + 2 * _MARGIN:.0f} {height + 2 * _MARGIN:.0f}"
    tip = '<marker id="tip" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="8" markerHeight="8" orient="auto">'
    tip += '<path d="M 0 0 L 8 4 L 0 8 z" fill="currentColor"/></marker>'
    return (
        f'<div class="flowchart"><svg viewBox="{box}" style="max-width: {width + 2 * _MARGIN:.0f}px" role="img">'
        f"<defs>{tip}</defs>{''.join(shapes)}</svg></div>"
    )
