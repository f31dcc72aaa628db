"""Layered layout of boxes and links, left to right (Sugiyama, Tagawa and Toda 1981), in pure geometry."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence

import networkx as nx

from studio.graph.drawing.boxes import Box, Item, Lane, Link, Point, collect_segments
from studio.graph.drawing.column_order import order_columns
from studio.graph.drawing.rows import place_rows

COLUMN_GAP = 76.0
MAX_LANES = 20_000
BACK_GAP = 18.0
BEND = 36.0


def lay_out(boxes: Sequence[Box], links: Sequence[Link]) -> tuple[float, float]:
    """Place boxes and route links, in place; return the width and height that they take.

    Links that are not `backward` must make no cycle.
    """
    if not boxes:
        return 0.0, 0.0
    known = {box.key: box for box in boxes}
    forward = [link for link in links if not link.backward]
    _assign_columns(boxes, forward)
    lanes = _find_all_lanes(forward, known)
    segments = collect_segments(forward, lanes)
    columns = order_columns(_create_columns(boxes, lanes), segments, known)
    tops = place_rows(columns, segments, known)
    for box in boxes:
        box.y = tops[box.key]
    spans = _place_columns(boxes)
    _route_forward(forward, lanes, known, tops, spans)
    bottom = _route_backward([link for link in links if link.backward], known)
    return max(box.x + box.width for box in boxes), bottom


def _assign_columns(boxes: Sequence[Box], links: Iterable[Link]) -> None:
    """Put each box right of all it needs; one that needs nothing goes directly before its first use."""
    graph: nx.DiGraph[str] = nx.DiGraph()
    graph.add_nodes_from(box.key for box in boxes)
    graph.add_edges_from((link.source, link.target) for link in links)
    column = {key: index for index, keys in enumerate(nx.topological_generations(graph)) for key in keys}
    for key in column:
        followers = [column[other] for other in graph.successors(key)]
        if followers and not graph.in_degree(key):
            column[key] = min(followers) - 1
    for box in boxes:
        box.column = column[box.key]


def _find_all_lanes(links: Sequence[Link], boxes: Mapping[str, Box]) -> list[list[Lane]]:
    """Return the lanes of each link; none at all where there would be too many to place."""
    lanes = [_find_lanes(link, boxes) for link in links]
    return lanes if sum(map(len, lanes)) <= MAX_LANES else [[] for _ in links]


def _find_lanes(link: Link, boxes: Mapping[str, Box]) -> list[Lane]:
    between = range(boxes[link.source].column + 1, boxes[link.target].column)
    return [Lane(link.source, link.start, column) for column in between]


def _create_columns(boxes: Sequence[Box], lanes: Iterable[Iterable[Lane]]) -> list[list[Item]]:
    columns: list[list[Item]] = [[] for _ in range(max(box.column for box in boxes) + 1)]
    for box in boxes:
        columns[box.column].append(box.key)
    for lane in dict.fromkeys(itertools.chain.from_iterable(lanes)):
        columns[lane.column].append(lane)
    return columns


# -- columns and routes --------------------------------------------------------------------------------


def _place_columns(boxes: Sequence[Box]) -> dict[int, tuple[float, float]]:
    """Set the boxes' x and width; return where each column begins and ends."""
    widths = _find_widest(boxes)
    filled = _find_widest(box for box in boxes if box.align == "fill")
    spans: dict[int, tuple[float, float]] = {}
    x = 0.0
    for column in sorted(widths):
        spans[column] = (x, x + widths[column])
        x += widths[column] + COLUMN_GAP
    for box in boxes:
        left, right = spans[box.column]
        if box.align == "fill":
            box.width = filled[box.column]
        box.x = right - box.width if box.align == "right" else left
    return spans


def _find_widest(boxes: Iterable[Box]) -> dict[int, float]:
    """Return the greatest width in each column."""
    widths: dict[int, float] = {}
    for box in boxes:
        widths[box.column] = max(widths.get(box.column, 0.0), box.width)
    return widths


def _route_forward(
    links: Sequence[Link],
    lanes: Sequence[Sequence[Lane]],
    boxes: Mapping[str, Box],
    tops: Mapping[Item, float],
    spans: Mapping[int, tuple[float, float]],
) -> None:
    """Set the points of links that lead right, each through its lanes."""
    for link, between in zip(links, lanes, strict=True):
        link.points = _route(link, boxes, [(lane, tops[lane]) for lane in between], spans)


def _route_backward(links: Iterable[Link], boxes: Mapping[str, Box]) -> float:
    """Set the points of links that lead back, below all boxes; return where the lowest one runs."""
    bottom = max(box.y + box.height for box in boxes.values())
    for link in links:
        bottom += BACK_GAP
        link.points = _route_back(boxes[link.source], boxes[link.target], link, bottom)
    return bottom


def _route(
    link: Link, boxes: Mapping[str, Box], lanes: Sequence[tuple[Lane, float]], spans: Mapping[int, tuple[float, float]]
) -> list[Point]:
    source, target = boxes[link.source], boxes[link.target]
    stops: list[Point] = [(source.x + source.width, source.y + link.start)]
    for lane, y in lanes:
        left, right = spans[lane.column]
        stops += [(left, y), (right, y)]
    stops.append((target.x, target.y + link.end))
    points = [stops[0]]
    for (x1, y1), (x2, y2) in itertools.pairwise(stops):
        y1 = points[-1][1]
        y2 = y1 if abs(y2 - y1) < 1.5 else y2  # a line that is almost level looks broken
        middle = (x2 - x1) * 0.5
        points += [(x1 + middle, y1), (x2 - middle, y2), (x2, y2)]
    return points


def _route_back(source: Box, target: Box, link: Link, low: float) -> list[Point]:
    """Return a way back that runs below all boxes."""
    (x1, y1), (x2, y2) = (source.x + source.width, source.y + link.start), (target.x, target.y + link.end)
    return [
        (x1, y1),
        (x1 + BEND, y1),
        (x1 + BEND, low),
        (x1, low),
        (x1 - BEND, low),
        (x2 + BEND, low),
        (x2, low),
        (x2 - BEND, low),
        (x2 - BEND, y2),
        (x2, y2),
    ]
