"""The order within columns: crossings are counted as they are drawn, and those that can be avoided are."""

from __future__ import annotations

from itertools import permutations

from studio.graph.drawing.boxes import Box, Item, Segment, group_segments
from studio.graph.drawing.column_order import _count_crossings, order_columns


def create_boxes(names: str) -> dict[str, Box]:
    return {name: Box(name, 100.0, 40.0) for name in names}


def connect(*pairs: str) -> list[Segment]:
    return [Segment(left, right, 20.0, 20.0) for left, right in pairs]


def count(columns: list[list[Item]], segments: list[Segment]) -> int:
    boxes = create_boxes("".join(str(item) for column in columns for item in column))
    return _count_crossings(columns, group_segments(segments)[1], boxes)


def test_two_links_that_swap_places_cross_once() -> None:
    assert count([["a", "b"], ["x", "y"]], connect("ay", "bx")) == 1
    assert count([["a", "b"], ["x", "y"]], connect("ax", "by")) == 0


def test_every_pair_of_a_full_web_of_three_crosses() -> None:
    web = connect(*(left + right for left in "abc" for right in "xyz"))

    assert count([["a", "b", "c"], ["x", "y", "z"]], web) == 9  # (3 choose 2) squared


def test_links_to_one_box_cross_if_they_meet_it_in_the_wrong_order() -> None:
    low_first = [Segment("a", "x", 20.0, 30.0), Segment("b", "x", 20.0, 10.0)]

    assert count([["a", "b"], ["x"]], low_first) == 1
    assert count([["b", "a"], ["x"]], low_first) == 0


def test_an_order_without_crossings_is_found_whatever_the_first_one_is() -> None:
    segments = connect("aw", "bx", "cy", "dz")

    for right in permutations("wxyz"):
        columns = order_columns([list("abcd"), list(right)], segments, create_boxes("abcdwxyz"))
        assert count(columns, segments) == 0


def test_an_order_that_is_good_already_stays() -> None:
    columns: list[list[Item]] = [["b", "a"], ["y", "x"]]

    assert order_columns(columns, connect("by", "ax"), create_boxes("abxy")) == [["b", "a"], ["y", "x"]]


def test_the_best_order_of_all_sweeps_is_kept() -> None:
    web = connect("ax", "ay", "bx", "by")  # one crossing in every order

    assert count(order_columns([["a", "b"], ["x", "y"]], web, create_boxes("abxy")), web) == 1
