"""Layout: boxes do not overlap, links lead right and around boxes, and what leads back runs below."""

from __future__ import annotations

from itertools import combinations

import pytest

from studio.graph.drawing import layout
from studio.graph.drawing.boxes import Box, Link
from studio.graph.drawing.layout import COLUMN_GAP, lay_out


def place(edges: list[tuple[str, str]], height: float = 40.0) -> tuple[dict[str, Box], list[Link]]:
    boxes = {name: Box(name, 100.0, height) for name in dict.fromkeys(name for edge in edges for name in edge)}
    links = [Link(a, b, 20.0, 20.0) for a, b in edges]
    lay_out(list(boxes.values()), links)
    return boxes, links


def test_boxes_do_not_overlap_and_edges_lead_right() -> None:
    edges = [(f"n{i}", f"n{j}") for i in range(40) for j in (i * 2 + 1, i * 2 + 2, i + 17) if j < 60]

    boxes, links = place(edges)

    assert all(boxes[link.source].x + 100 < boxes[link.target].x for link in links)
    for one, other in combinations(boxes.values(), 2):
        assert one.x != other.x or abs(one.y - other.y) >= 40 - 1e-6


def test_edges_do_not_run_through_boxes() -> None:
    boxes, links = place([("a", "b"), ("b", "c"), ("c", "d"), ("a", "d"), ("a", "c"), ("x", "d")])

    for link in links:
        for x, y in link.points[3:-1:3]:
            inside = [b.key for b in boxes.values() if b.x < x < b.x + b.width and b.y < y < b.y + b.height]
            assert inside == []


def test_a_chain_is_a_straight_line() -> None:
    boxes, _ = place([(f"n{i}", f"n{i + 1}") for i in range(20)])

    assert len({round(box.y, 3) for box in boxes.values()}) == 1


def test_crossings_that_can_be_avoided_are() -> None:
    boxes, _ = place([("a", "z"), ("b", "y"), ("c", "x"), ("d", "w")])

    left, right = [boxes[n].y for n in "abcd"], [boxes[n].y for n in "zyxw"]
    assert sorted(range(4), key=left.__getitem__) == sorted(range(4), key=right.__getitem__)


def test_what_needs_nothing_stands_before_its_first_use() -> None:
    boxes, _ = place([("a", "b"), ("b", "c"), ("c", "d"), ("late", "d")])

    assert boxes["late"].column == boxes["c"].column


def test_nothing_takes_no_room() -> None:
    assert lay_out([], []) == (0.0, 0.0)


def test_the_size_is_that_of_all_boxes() -> None:
    boxes = [Box("a", 100.0, 40.0), Box("b", 120.0, 90.0)]

    assert lay_out(boxes, [Link("a", "b", 20.0, 45.0)]) == (100.0 + COLUMN_GAP + 120.0, 90.0)


@pytest.mark.parametrize(("align", "x", "width"), [("fill", 0.0, 80.0), ("left", 0.0, 50.0), ("right", 30.0, 50.0)])
def test_a_box_lies_in_a_wider_column_as_it_asks(align: str, x: float, width: float) -> None:
    wide, narrow = Box("wide", 80.0, 40.0), Box("narrow", 50.0, 40.0, align)

    lay_out([wide, narrow], [])

    assert (narrow.x, narrow.width) == (x, width)


def test_a_link_starts_and_ends_where_it_meets_its_boxes() -> None:
    boxes, (link, *_) = place([("a", "c"), ("b", "c")])

    assert link.points[0] == (boxes["a"].x + 100.0, boxes["a"].y + 20.0)
    assert link.points[-1] == pytest.approx((boxes["c"].x, boxes["c"].y + 20.0))
    assert len(link.points) % 3 == 1  # a start and three points for each curve


def test_links_that_lead_back_run_below_all_boxes_and_beside_each_other() -> None:
    boxes = [Box("a", 100.0, 40.0), Box("b", 100.0, 70.0)]
    links = [Link("a", "b", 20.0, 20.0), Link("b", "a", 9.0, 8.0, backward=True), Link("b", "b", 1.0, 2.0, True)]

    _, height = lay_out(boxes, links)

    lows = [max(y for _, y in link.points) for link in links[1:]]
    assert 70.0 < lows[0] < lows[1] == height
    assert links[1].points[0] == (boxes[1].x + 100.0, boxes[1].y + 9.0)
    assert links[1].points[-1] == (boxes[0].x, boxes[0].y + 8.0)


def test_links_of_a_web_too_large_for_lanes_run_straight(monkeypatch: pytest.MonkeyPatch) -> None:
    edges = [("a", "b"), ("b", "c"), ("a", "c")]
    assert [len(link.points) for link in place(edges)[1]] == [4, 4, 10]

    monkeypatch.setattr(layout, "MAX_LANES", 0)

    assert [len(link.points) for link in place(edges)[1]] == [4, 4, 4]
