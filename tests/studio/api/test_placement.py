"""Boxes at the nine places of a rectangle, moved from there or at an edge in pixels."""

from __future__ import annotations

from typing import get_args

import pytest

from studio.api import Anchor, Placement, place_box


@pytest.mark.parametrize(
    ("anchor", "corner"),
    [("top_left", (0, 0)), ("top", (3, 0)), ("top_right", (6, 0)), ("left", (0, 2)), ("center", (3, 2)),
     ("right", (6, 2)), ("bottom_left", (0, 4)), ("bottom", (3, 4)), ("bottom_right", (6, 4))],
)  # fmt: skip
def test_a_box_touches_the_sides_that_its_anchor_names(anchor: Anchor, corner: tuple[float, float]) -> None:
    assert place_box((4, 6), (10, 10), anchor) == corner
    assert Placement(anchor).find((4, 6), (10, 10)) == corner


def test_a_box_larger_than_the_rectangle_sticks_out_evenly() -> None:
    assert place_box((14, 12), (10, 10), "center") == (-2, -1)


@pytest.mark.parametrize(
    ("anchor", "place"),
    [("top_left", (3, 3)), ("top_right", (87, 3)), ("bottom_left", (3, 37)), ("bottom_right", (87, 37)),
     ("center", (45, 20)), ("top", (45, 3)), ("right", (87, 20))],
)  # fmt: skip
def test_a_margin_is_a_distance_from_the_edges_that_the_anchor_names(anchor: Anchor, place: tuple[int, int]) -> None:
    assert Placement(anchor, margin=3).find((10, 10), (100, 50)) == place


def test_an_edge_stands_for_the_anchor_on_its_axis_and_offsets_move_from_either() -> None:
    assert Placement("bottom_right", 3, x=7).find((10, 10), (100, 50)) == (7, 37)
    assert Placement("bottom_right", 3, x=7, y=0, offset_x=-2, offset_y=5).find((10, 10), (100, 50)) == (5, 5)
    assert Placement("center", offset_x=-60).find((10, 10), (100, 50)) == (-15, 20)


def test_half_pixels_go_to_the_left_and_up_also_outside() -> None:
    assert Placement("center").find((4, 4), (9, 9)) == (2, 2)
    assert Placement("center").find((9, 9), (4, 4)) == (-3, -3)


def test_every_anchor_has_a_place() -> None:
    assert len({place_box((0, 0), (2, 2), anchor) for anchor in get_args(Anchor)}) == 9
