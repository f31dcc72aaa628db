"""Cards as shapes: ends of the graph and nodes, with their rows, badges and problems."""

from __future__ import annotations

from studio.graph.drawing.boxes import Box
from studio.graph.drawing.looks import BORDER, CARD, FAINT, INK, QUIET, Look, find_look
from studio.graph.drawing.shapes import Group, Rectangle, Shape, Words
from studio.graph.drawing.sketch import ERROR, UNUSED, Card, Row
from studio.graph.drawing.text import clean, clip_text, measure_text, shorten

_CARD_HEAD, _ROW, _PAD = 50.0, 21.0, 9.0
_WIDEST, _NARROWEST = 290.0, 132.0
_MOST_PROBLEMS = 3


def create_box(card: Card) -> Box:
    """Return the box of a card, with room for its text."""
    return _create_node_box(card) if card.kind == "node" else _create_end_box(card)


def _create_end_box(card: Card) -> Box:
    widths = [measure_text(card.title, 13.5, bold=True), measure_text(card.subtitle, 11.5)]
    widths += [measure_text(problem, 11) for problem in card.problems[:1]]
    height = 46.0 + 17.0 * bool(card.problems)
    return Box(card.key, min(max(widths) + 40.0, _WIDEST), height, "right" if card.kind == "input" else "left")


def _create_node_box(card: Card) -> Box:
    badge = measure_text(card.standing, 10.5) + 24.0 if card.standing else 0.0
    mark = 50.0 if card.mark else 0.0
    widths = [measure_text(card.title, 14.5, bold=True) + badge + mark + 32.0, measure_text(card.subtitle, 11.5) + 30.0]
    widths += [_measure_row(row) for row in card.rows]
    widths += [240.0] if card.problems else []
    lines = len(card.rows) + min(len(card.problems), _MOST_PROBLEMS)
    height = _CARD_HEAD + (lines * _ROW + 2 * _PAD - 4.0 if lines else 0.0)
    return Box(card.key, min(max(*widths, _NARROWEST), _WIDEST), height)


def _measure_row(row: Row) -> float:
    left = measure_text(row.left, 12) + (measure_text(row.value, 12) + 8.0 if row.value else 0.0)
    right = measure_text(row.right, 12) + 22.0 if row.right else 0.0
    return min(left, 190.0) + right + 30.0


def find_port(card: Card, name: str, *, output: bool) -> float:
    """Return how far below a card's top the arrows of an input or an output meet it."""
    if card.kind != "node":
        return 23.0
    for index, row in enumerate(card.rows):
        if name == (row.right if output else row.left) and (output or not row.value):
            return _CARD_HEAD + _PAD + (index + 0.5) * _ROW - 1.0
    return _CARD_HEAD / 2


def compose_card(card: Card, box: Box) -> Group:
    """Return the shapes of a card in its box."""
    shapes = _compose_end(card, box) if card.kind != "node" else _compose_node(card, box)
    return Group(tuple(shapes), card.tooltip)


def _compose_end(card: Card, box: Box) -> list[Shape]:
    wrong, faint = bool(card.problems), card.standing == UNUSED
    dark = card.kind == "output"
    fill, stroke = ("#2c3646", "#2c3646") if dark else ("#e9effb", "#a9bde6")
    if wrong or faint:
        look = find_look(ERROR if wrong else UNUSED)
        fill, stroke, dark = look.pale, look.strong, False
    left, room = box.x + 20.0, box.width - 36.0
    title = clip_text(card.title, 13.5, room, bold=True)
    shapes: list[Shape] = [
        Rectangle(box.x, box.y, box.width, box.height, 23.0, fill, stroke, 1.3, (4.0, 3.0) if faint else ()),
        Words(left, box.y + 20, title, 13.5, "#ffffff" if dark else INK, bold=True),
        Words(left, box.y + 36, clip_text(card.subtitle, 11.5, room), 11.5, "#b9c4d4" if dark else QUIET),
    ]
    if wrong:
        shapes.append(Words(left, box.y + 54, clip_text(clean(card.problems[0]), 11, room), 11, "#c8322f"))
    return shapes


def _compose_node(card: Card, box: Box) -> list[Shape]:
    look = find_look(card.standing)
    border = look.strong if card.standing else BORDER
    dash = (5.0, 4.0) if look.dashed else ()
    steps = (8.0, 4.0) if card.mark else ()
    shapes: list[Shape] = [
        *(Rectangle(box.x + d, box.y - d, box.width, box.height, 10.0, CARD, border, 1.1) for d in steps),
        Rectangle(box.x + 1, box.y + 3, box.width, box.height, 10.0, "#e3e7ed"),
        Rectangle(box.x, box.y, box.width, box.height, 10.0, look.pale if card.standing else "#eef1f6"),
    ]
    if box.height > _CARD_HEAD:
        shapes += [
            Rectangle(box.x, box.y + _CARD_HEAD, box.width, box.height - _CARD_HEAD, 10.0, CARD),
            Rectangle(box.x, box.y + _CARD_HEAD, box.width, 12.0, 0.0, CARD),
        ]
    shapes.append(Rectangle(box.x, box.y, box.width, box.height, 10.0, "", border, 1.5 if card.standing else 1.2, dash))
    badges, right = _compose_badges(card, box, look)
    room = right - box.x - 16.0
    shapes += [
        *badges,
        Words(box.x + 14, box.y + 22, clip_text(card.title, 14.5, room, bold=True), 14.5, INK, bold=True),
        Words(box.x + 14, box.y + 39, clip_text(clean(card.subtitle), 11.5, box.width - 26), 11.5, QUIET),
    ]
    return shapes + _compose_rows(card, box)


def _compose_badges(card: Card, box: Box, look: Look) -> tuple[list[Shape], float]:
    """Return a card's standing and mark in its upper right corner, and where the room for its title ends."""
    shapes: list[Shape] = []
    right = box.x + box.width - 10.0
    for text, ground in ((shorten(clean(card.standing), 16), look.strong), (card.mark, "#56657d")):
        if text:
            width = measure_text(text, 10.5) + 14.0
            shapes += [
                Rectangle(right - width, box.y + 9, width, 17.0, 8.5, ground),
                Words(right - width / 2, box.y + 21.2, text, 10.5, "#ffffff", anchor="middle"),
            ]
            right -= width + 5.0
    return shapes, right


def _compose_rows(card: Card, box: Box) -> list[Shape]:
    shapes: list[Shape] = []
    y = box.y + _CARD_HEAD + _PAD + _ROW / 2 + 3.2
    for row in card.rows:
        right = box.x + box.width - 14.0
        if row.right:
            shapes.append(Words(right, y, row.right, 12, INK, anchor="end"))
            right -= measure_text(row.right, 12) + 14.0
        left = box.x + 14.0
        if row.left:
            name = clip_text(row.left, 12, right - left)
            shapes.append(Words(left, y, name, 12, FAINT if row.value else INK))
            left += measure_text(name, 12) + 8.0
        if row.value:
            value = clip_text(clean(row.value), 12, right - left)
            shapes.append(Words(left, y, value, 12, "#3d4a5f" if row.left else FAINT))
        y += _ROW
    for problem in card.problems[:_MOST_PROBLEMS]:
        shapes.append(Words(box.x + 14, y, clip_text(clean(problem), 11.5, box.width - 26), 11.5, "#c8322f"))
        y += _ROW
    return shapes
