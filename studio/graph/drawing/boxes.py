"""What is laid out: boxes, links between them, and the segments that links are made of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

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
class Lane:
    """Room for links that pass a column: all that start at one place share one lane."""

    source: str
    start: float
    column: int


Item = str | Lane


@dataclass(frozen=True)
class Segment:
    """A part of a link between two neighbouring columns; `start` and `end` as of `Link`."""

    left: Item
    right: Item
    start: float
    end: float


def collect_segments(links: Sequence[Link], lanes: Sequence[Sequence[Lane]]) -> list[Segment]:
    """Return the parts of links between neighbouring columns, each once."""
    found: dict[Segment, None] = {}
    for link, between in zip(links, lanes, strict=True):
        stops: list[Item] = [link.source, *between, link.target]
        last = len(stops) - 2
        for index in range(last + 1):
            start = link.start if index == 0 else 0.0
            end = link.end if index == last else 0.0
            found[Segment(stops[index], stops[index + 1], start, end)] = None
    return list(found)


def group_segments(segments: Iterable[Segment]) -> tuple[dict[Item, list[Segment]], dict[Item, list[Segment]]]:
    """Return the segments on the left and on the right of each item."""
    before: dict[Item, list[Segment]] = {}
    after: dict[Item, list[Segment]] = {}
    for segment in segments:
        before.setdefault(segment.right, []).append(segment)
        after.setdefault(segment.left, []).append(segment)
    return before, after


def find_share(item: Item, offset: float, boxes: Mapping[str, Box]) -> float:
    """Return how far down its side a link meets an item, from 0 to 1."""
    return offset / boxes[item].height if isinstance(item, str) else 0.5
