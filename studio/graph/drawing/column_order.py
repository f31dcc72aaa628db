"""The order of boxes and lanes within columns, with few crossings: barycenters (Sugiyama, Tagawa and Toda 1981)."""

from __future__ import annotations

import itertools
from bisect import bisect_left, insort
from collections.abc import Mapping, Sequence

from studio.graph.drawing.boxes import Box, Item, Segment, find_share, group_segments

SWEEPS = 12


def order_columns(columns: list[list[Item]], segments: Sequence[Segment], boxes: Mapping[str, Box]) -> list[list[Item]]:
    """Sort each column by the mean position of its neighbours, to and fro; keep the order with fewest crossings."""
    before, after = group_segments(segments)
    best = [list(column) for column in columns]
    fewest = _count_crossings(best, after, boxes)
    for sweep in range(SWEEPS):
        if fewest == 0:
            break
        onward = sweep % 2 == 0
        _sort_columns(columns, before if onward else after, boxes, onward=onward)
        crossings = _count_crossings(columns, after, boxes)
        if crossings < fewest:
            fewest, best = crossings, [list(column) for column in columns]
    return best


def _sort_columns(
    columns: Sequence[list[Item]],
    neighbours: Mapping[Item, list[Segment]],
    boxes: Mapping[str, Box],
    *,
    onward: bool,
) -> None:
    """Sort each column, in place, by the mean position of its items' neighbours on one side."""
    positions = {item: float(index) for column in columns for index, item in enumerate(column)}
    for column in columns if onward else reversed(columns):
        key = {item: _find_barycenter(item, neighbours, positions, boxes, onward=onward) for item in column}
        column.sort(key=key.__getitem__)
        positions.update((item, float(index)) for index, item in enumerate(column))


def _find_barycenter(
    item: Item,
    neighbours: Mapping[Item, list[Segment]],
    positions: Mapping[Item, float],
    boxes: Mapping[str, Box],
    *,
    onward: bool,
) -> float:
    near = neighbours.get(item)
    if not near:
        return positions[item]
    if onward:
        places = [positions[s.left] + find_share(s.left, s.start, boxes) for s in near]
    else:
        places = [positions[s.right] + find_share(s.right, s.end, boxes) for s in near]
    return sum(places) / len(places)


def _count_crossings(
    columns: Sequence[Sequence[Item]], after: Mapping[Item, list[Segment]], boxes: Mapping[str, Box]
) -> int:
    total = 0
    for column, following in itertools.pairwise(columns):
        places = {item: index for index, item in enumerate(following)}
        ends: list[float] = []
        for item in column:
            for segment in sorted(after.get(item, ()), key=lambda s: s.start):
                if segment.right in places:
                    end = places[segment.right] + find_share(segment.right, segment.end, boxes)
                    total += len(ends) - bisect_left(ends, end + 1e-9)
                    insort(ends, end)
    return total
