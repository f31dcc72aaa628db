"""Nine places in a rectangle, and a box put at one of them."""

from __future__ import annotations

from typing import Literal

Anchor = Literal["center", "top", "bottom", "left", "right", "top_left", "top_right", "bottom_left", "bottom_right"]

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
    """Return the left and top of a box (width, height) at an anchor of another; it may stick out evenly."""
    across, down = _FRACTIONS[anchor]
    return (outer[0] - inner[0]) * across, (outer[1] - inner[1]) * down
