"""Links become segments between neighbouring columns, and links that start at one place share them."""

from __future__ import annotations

from studio.graph.drawing.boxes import Box, Lane, Link, Segment, collect_segments, find_share, group_segments

LONG = Link("a", "d", 10.0, 30.0)
LANES = [Lane("a", 10.0, 1), Lane("a", 10.0, 2)]


def test_a_long_link_runs_through_a_lane_of_each_column() -> None:
    assert collect_segments([LONG], [LANES]) == [
        Segment("a", LANES[0], 10.0, 0.0),
        Segment(LANES[0], LANES[1], 0.0, 0.0),
        Segment(LANES[1], "d", 0.0, 30.0),
    ]


def test_a_short_link_is_one_segment() -> None:
    assert collect_segments([Link("a", "b", 1.0, 2.0)], [[]]) == [Segment("a", "b", 1.0, 2.0)]


def test_links_from_one_place_share_the_way_that_they_have_in_common() -> None:
    segments = collect_segments([LONG, Link("a", "e", 10.0, 5.0)], [LANES, LANES])

    assert [s.right for s in segments] == [LANES[0], LANES[1], "d", "e"]


def test_segments_are_found_by_either_end() -> None:
    segments = collect_segments([LONG, Link("a", "b", 0.0, 0.0)], [LANES, []])

    before, after = group_segments(segments)

    assert after["a"] == [segments[0], segments[3]]
    assert before["d"] == [segments[2]]
    assert "a" not in before


def test_a_link_meets_a_box_at_its_share_of_the_side_and_a_lane_in_the_middle() -> None:
    boxes = {"a": Box("a", 100.0, 40.0)}

    assert find_share("a", 10.0, boxes) == 0.25
    assert find_share(LANES[0], 10.0, boxes) == 0.5
