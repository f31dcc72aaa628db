"""Layered layout of boxes and links, left to right (Sugiyama, Tagawa and Toda 1981), in pure geometry."""

from __future__ import annotations

import itertools
from bisect import bisect_left, insort
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import networkx as nx

COLUMN_GAP = 76.0
ROW_GAP = 26.0
LANE_GAP = 16.0
ORDERING_SWEEPS = 12
PLACING_SWEEPS = 32
MAX_LANES = 20_000
BACK_GAP = 18.0
BEND = 36.0

Point = tuple[float, float]


@dataclass
class Box:
    """A rectangle to place. `x`, `y` and `column` are results; `align` says where it lies in a wider column.

    Attributes:
        key: Its name.
        width: Its width.
        height: Its height.
        align: "fill" is made as wide as its column's widest; "left" and "right" keep their width.
    """

    key: str
    width: float
    height: float
    align: str = "fill"
    x: float = 0.0
    y: float = 0.0
    column: int = 0


@dataclass
class Link:
    """A curve to draw from a box's right side to another's left side.

    Attributes:
        source: Key of the box where it starts.
        target: Key of the box where it ends.
        start: Where on the source's right side, from its top.
        end: Where on the target's left side, from its top.
        backward: It leads back (a cycle), and does not count for the order.
        points: The result: a start point and then three points for each cubic Bezier curve.
    """

    source: str
    target: str
    start: float
    end: float
    backward: bool = False
    points: list[Point] = field(default_factory=list)


@dataclass(frozen=True)
class _Lane:
    """Room for links that pass a column: all that start at one place share one lane."""

    source: str
    start: float
    column: int


_Item = str | _Lane


@dataclass(frozen=True)
class _Segment:
    left: _Item
    right: _Item
    start: float
    end: float


def lay_out(boxes: Sequence[Box], links: Sequence[Link]) -> tuple[float, float]:
    """Place boxes and route links, in place; return the width and height that they take.

    Links that are not `backward` must make no cycle.
    """
    if not boxes:
        return 0.0, 0.0
    known = {box.key: box for box in boxes}
    forward = [link for link in links if not link.backward]
    _assign_columns(boxes, forward)
    routes = [_find_lanes(known, link) for link in forward]
    if sum(len(route) for route in routes) > MAX_LANES:
        routes = [[] for _ in forward]
    segments = _collect_segments(forward, routes)
    columns = _order_columns(_create_columns(boxes, routes), segments, known)
    heights = _place_rows(columns, segments, known)
    for box in boxes:
        box.y = heights[box.key]
    spans = _place_columns(boxes)
    for link, route in zip(forward, routes, strict=True):
        link.points = _route(link, known, [(lane, heights[lane]) for lane in route], spans)
    bottom = max(box.y + box.height for box in boxes)
    for link in links:
        if link.backward:
            bottom += BACK_GAP
            link.points = _route_back(known[link.source], known[link.target], link, bottom)
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


def _find_lanes(boxes: Mapping[str, Box], link: Link) -> list[_Lane]:
    between = range(boxes[link.source].column + 1, boxes[link.target].column)
    return [_Lane(link.source, link.start, column) for column in between]


def _collect_segments(links: Sequence[Link], routes: Sequence[Sequence[_Lane]]) -> list[_Segment]:
    found: dict[_Segment, None] = {}
    for link, route in zip(links, routes, strict=True):
        stops: list[_Item] = [link.source, *route, link.target]
        last = len(stops) - 2
        for index in range(last + 1):
            start = link.start if index == 0 else 0.0
            end = link.end if index == last else 0.0
            found[_Segment(stops[index], stops[index + 1], start, end)] = None
    return list(found)


def _create_columns(boxes: Sequence[Box], routes: Iterable[Iterable[_Lane]]) -> list[list[_Item]]:
    columns: list[list[_Item]] = [[] for _ in range(max(box.column for box in boxes) + 1)]
    for box in boxes:
        columns[box.column].append(box.key)
    for lane in dict.fromkeys(lane for route in routes for lane in route):
        columns[lane.column].append(lane)
    return columns


# -- order within columns: barycentres --------------------------------------------------------------


def _order_columns(
    columns: list[list[_Item]], segments: Sequence[_Segment], boxes: Mapping[str, Box]
) -> list[list[_Item]]:
    """Sort each column by the mean position of its neighbours, to and fro; keep the order with fewest crossings."""
    before, after = _group(segments)
    best = [list(column) for column in columns]
    fewest = _count_crossings(best, after, boxes)
    for sweep in range(ORDERING_SWEEPS):
        if fewest == 0:
            break
        onward = sweep % 2 == 0
        positions = {item: float(index) for column in columns for index, item in enumerate(column)}
        for column in columns if onward else reversed(columns):
            neighbours = before if onward else after
            key = {item: _find_barycentre(item, neighbours, positions, boxes, onward=onward) for item in column}
            column.sort(key=key.__getitem__)
            positions.update((item, float(index)) for index, item in enumerate(column))
        crossings = _count_crossings(columns, after, boxes)
        if crossings < fewest:
            fewest, best = crossings, [list(column) for column in columns]
    return best


def _group(segments: Iterable[_Segment]) -> tuple[dict[_Item, list[_Segment]], dict[_Item, list[_Segment]]]:
    before: dict[_Item, list[_Segment]] = {}
    after: dict[_Item, list[_Segment]] = {}
    for segment in segments:
        before.setdefault(segment.right, []).append(segment)
        after.setdefault(segment.left, []).append(segment)
    return before, after


def _find_barycentre(
    item: _Item,
    neighbours: Mapping[_Item, list[_Segment]],
    positions: Mapping[_Item, float],
    boxes: Mapping[str, Box],
    *,
    onward: bool,
) -> float:
    near = neighbours.get(item)
    if not near:
        return positions[item]
    if onward:
        places = [positions[s.left] + _find_share(s.left, s.start, boxes) for s in near]
    else:
        places = [positions[s.right] + _find_share(s.right, s.end, boxes) for s in near]
    return sum(places) / len(places)


def _find_share(item: _Item, offset: float, boxes: Mapping[str, Box]) -> float:
    """Return how far down its side a link meets an item, from 0 to 1."""
    return offset / boxes[item].height if isinstance(item, str) else 0.5


def _count_crossings(
    columns: Sequence[Sequence[_Item]], after: Mapping[_Item, list[_Segment]], boxes: Mapping[str, Box]
) -> int:
    total = 0
    for column, following in itertools.pairwise(columns):
        places = {item: index for index, item in enumerate(following)}
        ends: list[float] = []
        for item in column:
            for segment in sorted(after.get(item, ()), key=lambda s: s.start):
                if segment.right in places:
                    end = places[segment.right] + _find_share(segment.right, segment.end, boxes)
                    total += len(ends) - bisect_left(ends, end + 1e-9)
                    insort(ends, end)
    return total


# -- heights: each column the least squares answer to where its neighbours are ------------------------


def _place_rows(
    columns: Sequence[Sequence[_Item]], segments: Sequence[_Segment], boxes: Mapping[str, Box]
) -> dict[_Item, float]:
    before, after = _group(segments)
    top: dict[_Item, float] = {}
    for column in columns:
        top.update(zip(column, _stack(column, boxes), strict=True))
    for sweep in range(PLACING_SWEEPS):
        onward = sweep % 2 == 0
        both = sweep >= PLACING_SWEEPS // 2
        for column in columns if onward else reversed(columns):
            wanted: list[float] = []
            weights: list[float] = []
            for item in column:
                places: list[tuple[float, float]] = []
                if onward or both:
                    places += [(top[s.left] + s.start - s.end, _weigh(s)) for s in before.get(item, ())]
                if not onward or both:
                    places += [(top[s.right] + s.end - s.start, _weigh(s)) for s in after.get(item, ())]
                total = sum(weight for _, weight in places)
                wanted.append(sum(y * weight for y, weight in places) / total if places else top[item])
                weights.append(total or 0.05)
            top.update(zip(column, _spread(wanted, weights, _stack(column, boxes)), strict=True))
    least = min(top.values())
    return {item: y - least for item, y in top.items()}


def _weigh(segment: _Segment) -> float:
    """Return how much a segment wants to be straight: the more, the longer the link that it is a part of."""
    return 1.0 + 2.5 * (isinstance(segment.left, _Lane) + isinstance(segment.right, _Lane))


def _stack(column: Sequence[_Item], boxes: Mapping[str, Box]) -> list[float]:
    """Return the tops of a column's items packed as densely as they may be."""
    tops, y = [], 0.0
    for index, item in enumerate(column):
        if index:
            y += ROW_GAP if isinstance(item, str) and isinstance(column[index - 1], str) else LANE_GAP
        tops.append(y)
        y += boxes[item].height if isinstance(item, str) else 0.0
    return tops


def _spread(wanted: Sequence[float], weights: Sequence[float], packed: Sequence[float]) -> list[float]:
    """Return the tops nearest to those wanted that keep the order and the distances (pool adjacent violators)."""
    pools: list[tuple[float, float, int]] = []  # mean, weight, count
    for want, weight, offset in zip(wanted, weights, packed, strict=True):
        mean, count = want - offset, 1
        while pools and pools[-1][0] > mean:
            other, other_weight, other_count = pools.pop()
            mean = (mean * weight + other * other_weight) / (weight + other_weight)
            weight, count = weight + other_weight, count + other_count
        pools.append((mean, weight, count))
    shifts = [mean for mean, _, count in pools for _ in range(count)]
    return [shift + offset for shift, offset in zip(shifts, packed, strict=True)]


# -- columns and routes --------------------------------------------------------------------------------


def _place_columns(boxes: Sequence[Box]) -> dict[int, tuple[float, float]]:
    """Set the boxes' x and width; return where each column begins and ends."""
    widths: dict[int, float] = {}
    for box in boxes:
        widths[box.column] = max(widths.get(box.column, 0.0), box.width)
    filled: dict[int, float] = {}
    for box in boxes:
        if box.align == "fill":
            filled[box.column] = max(filled.get(box.column, 0.0), box.width)
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


def _route(
    link: Link, boxes: Mapping[str, Box], lanes: Sequence[tuple[_Lane, float]], spans: Mapping[int, tuple[float, float]]
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
