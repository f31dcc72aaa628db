"""Rows: boxes keep their order and distances, and come as near as they can to where their neighbours are."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from studio.graph.drawing.boxes import Box, Item, Lane, Segment
from studio.graph.drawing.rows import LANE_GAP, ROW_GAP, _spread, place_rows

LANE = Lane("a", 20.0, 1)


def create_boxes(names: str, height: float = 40.0) -> dict[str, Box]:
    return {name: Box(name, 100.0, height) for name in names}


def test_the_highest_item_lies_at_nought() -> None:
    tops = place_rows([["a"], ["x", "y", "z"]], [Segment("a", "z", 20.0, 20.0)], create_boxes("axyz"))

    assert min(tops.values()) == 0.0


def test_boxes_are_a_gap_apart_and_lanes_a_smaller_one() -> None:
    columns: list[list[Item]] = [["a"], ["x", "y", LANE]]

    tops = place_rows(columns, [], create_boxes("axy"))

    assert tops["y"] - tops["x"] == 40.0 + ROW_GAP
    assert tops[LANE] - tops["y"] == 40.0 + LANE_GAP


def test_a_box_lies_level_with_the_row_that_it_is_linked_to() -> None:
    tops = place_rows([["a"], ["x"]], [Segment("a", "x", 35.0, 5.0)], create_boxes("ax"))

    assert tops["a"] + 35.0 == pytest.approx(tops["x"] + 5.0)


def test_a_box_between_two_lies_in_the_middle_of_them() -> None:
    segments = [Segment("a", "x", 20.0, 20.0), Segment("b", "x", 20.0, 20.0)]

    tops = place_rows([["a", "b"], ["x"]], segments, create_boxes("abx"))

    assert tops["x"] == pytest.approx((tops["a"] + tops["b"]) / 2)


def test_a_long_link_is_straighter_than_a_short_one() -> None:
    boxes = create_boxes("abx")
    segments = [Segment("a", "x", 20.0, 20.0), Segment(LANE, "x", 0.0, 20.0)]

    tops = place_rows([["a", LANE], ["x"]], segments, boxes)

    assert abs(tops["x"] + 20.0 - tops[LANE]) < abs(tops["x"] - tops["a"])


def test_what_is_wanted_is_given_where_the_distances_allow_it() -> None:
    assert _spread([(10.0, 1.0), (90.0, 1.0)], [0.0, 50.0]) == [10.0, 90.0]


def test_items_that_want_one_place_share_the_way_by_weight() -> None:
    # least squares by hand: x minimises 1 (x - 0)^2 + 3 (x + 50 - 0)^2, so x = -37.5
    assert _spread([(0.0, 1.0), (0.0, 3.0)], [0.0, 50.0]) == [-37.5, 12.5]


def test_the_result_is_the_least_squares_answer() -> None:
    from scipy.optimize import isotonic_regression

    rng = np.random.default_rng(5)
    packed = np.cumsum(rng.uniform(10, 60, 30)) - 10
    wanted, weights = rng.uniform(0, 1000, 30), rng.uniform(0.1, 5, 30)

    found = _spread(list(zip(wanted, weights, strict=True)), list(packed))

    assert found == pytest.approx(isotonic_regression(wanted - packed, weights=weights).x + packed)
    assert all(b - a >= q - p - 1e-9 for (a, b), (p, q) in zip(pairwise(found), pairwise(packed), strict=True))
