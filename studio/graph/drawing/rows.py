"""The height at which each box and lane lies: a column is the least squares answer to where its neighbours are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from studio.graph.drawing.boxes import Box, Item, Lane, Segment, group_segments

ROW_GAP = 26.0
LANE_GAP = 16.0
SWEEPS = 32
_FREE_WEIGHT = 0.05  # of an item without segments, which the others may push aside


def place_rows(
    columns: Sequence[Sequence[Item]], segments: Sequence[Segment], boxes: Mapping[str, Box]
) -> dict[Item, float]:
    """Return the top of each item: columns follow the one beside them, to and fro, then those on both sides."""
    before, after = group_segments(segments)
    top: dict[Item, float] = {}
    for column in columns:
        top.update(zip(column, _stack(column, boxes), strict=True))
    for sweep in range(SWEEPS):
        onward = sweep % 2 == 0
        both = sweep >= SWEEPS // 2
        left = before if onward or both else {}
        right = after if not onward or both else {}
        for column in columns if onward else reversed(columns):
            top.update(_move_column(column, left, right, boxes, top))
    least = min(top.values())
    return {item: y - least for item, y in top.items()}


def _move_column(
    column: Sequence[Item],
    before: Mapping[Item, list[Segment]],
    after: Mapping[Item, list[Segment]],
    boxes: Mapping[str, Box],
    top: Mapping[Item, float],
) -> dict[Item, float]:
    wanted = [_find_wanted_top(item, before, after, top) for item in column]
    return dict(zip(column, _spread(wanted, _stack(column, boxes)), strict=True))


def _find_wanted_top(
    item: Item,
    before: Mapping[Item, list[Segment]],
    after: Mapping[Item, list[Segment]],
    top: Mapping[Item, float],
) -> tuple[float, float]:
    """Return the top that makes an item's segments level, on average, and how much it matters."""
    places = [(top[s.left] + s.start - s.end, _weigh(s)) for s in before.get(item, ())]
    places += [(top[s.right] + s.end - s.start, _weigh(s)) for s in after.get(item, ())]
    if not places:
        return top[item], _FREE_WEIGHT
    total = sum(weight for _, weight in places)
    return sum(y * weight for y, weight in places) / total, total


def _weigh(segment: Segment) -> float:
    """Return how much a segment wants to be straight: the more, the longer the link that it is a part of."""
    return 1.0 + 2.5 * (isinstance(segment.left, Lane) + isinstance(segment.right, Lane))


def _stack(column: Sequence[Item], boxes: Mapping[str, Box]) -> list[float]:
    """Return the tops of a column's items packed as densely as they may be."""
    tops, y = [], 0.0
    for index, item in enumerate(column):
        if index:
            y += ROW_GAP if isinstance(item, str) and isinstance(column[index - 1], str) else LANE_GAP
        tops.append(y)
        y += boxes[item].height if isinstance(item, str) else 0.0
    return tops


def _spread(wanted: Sequence[tuple[float, float]], packed: Sequence[float]) -> list[float]:
    """Return the tops nearest to those wanted that keep the order and the distances (pool adjacent violators).

    Args:
        wanted: A top and its weight for each item.
        packed: The tops with the least distances between them.
    """
    pools: list[tuple[float, float, int]] = []  # mean, weight, count
    for (want, weight), offset in zip(wanted, packed, strict=True):
        mean, count = want - offset, 1
        while pools and pools[-1][0] > mean:
            other, other_weight, other_count = pools.pop()
            mean = (mean * weight + other * other_weight) / (weight + other_weight)
            weight, count = weight + other_weight, count + other_count
        pools.append((mean, weight, count))
    shifts = [mean for mean, _, count in pools for _ in range(count)]
    return [shift + offset for shift, offset in zip(shifts, packed, strict=True)]
