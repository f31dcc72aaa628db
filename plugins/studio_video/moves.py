"""The names of camera moves, apart from the arithmetic so that a signature can name them without loading it."""

from typing import Literal

Move = Literal[
    "zoom_in",
    "zoom_out",
    "pan_left",
    "pan_right",
    "pan_up",
    "pan_down",
    "drift",
    "rotate",
    "parallax",
    "orbit",
    "still",
]

Anchor = Literal["center", "top", "bottom", "left", "right", "top_left", "top_right", "bottom_left", "bottom_right"]
"""The part of an image that stays in view."""
ANCHORS: dict[Anchor, tuple[float, float]] = {
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
"""Where each lies, from the left and from the top."""
