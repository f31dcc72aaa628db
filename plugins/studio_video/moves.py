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
