"""Where something lies on an image or a video: at one of nine anchors, moved from there, or at an edge in pixels."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

Anchor = Literal["center", "top", "bottom", "left", "right", "top_left", "top_right", "bottom_left", "bottom_right"]
"""Nine places in a rectangle: its center, the middles of its sides, its corners."""

_FRACTIONS: dict[str, tuple[float, float]] = {
    "top_left": (0.0, 0.0),
    "top": (0.5, 0.0),
    "top_right": (1.0, 0.0),
    "left": (0.0, 0.5),
    "center": (0.5, 0.5),
    "right": (1.0, 0.5),
    "bottom_left": (0.0, 1.0),
    "bottom": (0.5, 1.0),
    "bottom_right": (1.0, 1.0),
}


def place_box(inner: tuple[float, float], outer: tuple[float, float], anchor: Anchor) -> tuple[float, float]:
    """Return the left and top of a box at an anchor of another; a larger one sticks out.

    Args:
        inner: Width and height of the box.
        outer: Width and height of the one in which it lies.
        anchor: Place in that one.
    """
    across, down = _FRACTIONS[anchor]
    return (outer[0] - inner[0]) * across, (outer[1] - inner[1]) * down


@dataclass(frozen=True)
class Placement:
    """A place on an image or a video, in whole pixels.

    Node types name their inputs as the attributes are named, so that a place is written alike everywhere.

    Attributes:
        anchor: One of nine places.
        margin: Distance from the edges that the anchor names.
        x: Left edge, instead of the anchor; None for the place that the anchor gives.
        y: Top edge, instead of the anchor; None for the place that the anchor gives.
        offset_x: Distance by which it lies to the right of its place; may be negative.
        offset_y: Distance by which it lies below its place; may be negative.
    """

    anchor: Anchor = "center"
    margin: int = 0
    x: int | None = None
    y: int | None = None
    offset_x: int = 0
    offset_y: int = 0

    def find(self, inner: tuple[int, int], outer: tuple[int, int]) -> tuple[int, int]:
        """Return the left and top of a box; half pixels are rounded to the left and up.

        Args:
            inner: Width and height of the box.
            outer: Width and height of what it lies on.
        """
        room = (outer[0] - 2 * self.margin, outer[1] - 2 * self.margin)
        left, top = (math.floor(place) + self.margin for place in place_box(inner, room, self.anchor))
        left, top = left if self.x is None else self.x, top if self.y is None else self.y
        return left + self.offset_x, top + self.offset_y
