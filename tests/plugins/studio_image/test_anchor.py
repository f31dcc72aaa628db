"""Boxes at the nine places of a rectangle."""

from __future__ import annotations

import pytest

from studio_image.anchor import Anchor, place_box


@pytest.mark.parametrize(
    ("anchor", "corner"),
    [("top_left", (0, 0)), ("top", (3, 0)), ("top_right", (6, 0)), ("left", (0, 2)), ("center", (3, 2)),
     ("right", (6, 2)), ("bottom_left", (0, 4)), ("bottom", (3, 4)), ("bottom_right", (6, 4))],
)  # fmt: skip
def test_a_box_touches_the_sides_that_its_anchor_names(anchor: Anchor, corner: tuple[float, float]) -> None:
    assert place_box((4, 6), (10, 10), anchor) == corner


def test_a_box_larger_than_the_rectangle_sticks_out_evenly() -> None:
    assert place_box((14, 12), (10, 10), "center") == (-2, -1)
