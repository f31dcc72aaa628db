"""How an image enters a video and leaves it: it fades, slides over an edge, or is wiped in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, np.dtype[Any]]

Move = Literal[
    "none",
    "fade",
    "slide_left",
    "slide_right",
    "slide_up",
    "slide_down",
    "wipe_left",
    "wipe_right",
    "wipe_up",
    "wipe_down",
]
_OPPOSITE = {"left": "right", "right": "left", "up": "down", "down": "up"}


@dataclass(frozen=True)
class Entrance:
    """How an image enters and leaves.

    Attributes:
        enter: Move with which it enters; a direction is that in which it moves.
        leave: Move with which it leaves.
        seconds: Length of each move.
    """

    enter: Move = "none"
    leave: Move = "none"
    seconds: float = 0.5

    def find_move(self, time: float, start: float, find_end: Callable[[], float]) -> tuple[Move, float]:
        """Return the move of an image, as one that enters, and how much of it is done; ("none", 1) at rest.

        Args:
            time: Time in the video.
            start: Time at which the image appears.
            find_end: Returns the time at which it disappears, if it is needed.
        """
        entered = (time - start) / self.seconds if self.enter != "none" else 1.0
        left = (find_end() - time) / self.seconds if self.leave != "none" else 1.0
        share = max(min(entered, left), 0.0)
        if share >= 1:
            return "none", 1.0
        move = self.enter if entered <= left else _reverse(self.leave)
        return move, share if move == "fade" else 1 - (1 - share) ** 3


def _reverse(move: Move) -> Move:
    """Return the move that shows the opposite when it is played backwards: one that leaves as one that enters."""
    kind, _, direction = move.partition("_")
    return f"{kind}_{_OPPOSITE[direction]}" if direction else move  # type: ignore[return-value]


def move_image(
    top: Array, at: tuple[int, int], size: tuple[int, int], move: Move, share: float
) -> tuple[Array, int, int]:
    """Return an image as it is seen in a move, and its place.

    Args:
        top: Image that enters.
        at: Place of its left top corner when it is at rest.
        size: Width and height of the video.
        move: How it enters.
        share: How much of the move is done, from 0 to 1.
    """
    kind, _, direction = move.partition("_")
    if kind == "slide":
        return top, *_slide(top, at, size, direction, share)
    if kind == "wipe":
        return _wipe(top, at, direction, share)
    return top, *at


def _slide(top: Array, at: tuple[int, int], size: tuple[int, int], direction: str, share: float) -> tuple[int, int]:
    outside = {
        "right": (-top.shape[1], at[1]),
        "left": (size[0], at[1]),
        "down": (at[0], -top.shape[0]),
        "up": (at[0], size[1]),
    }[direction]
    x, y = (round(far + (near - far) * share) for far, near in zip(outside, at, strict=True))
    return x, y


def _wipe(top: Array, at: tuple[int, int], direction: str, share: float) -> tuple[Array, int, int]:
    height, width = top.shape[:2]
    across, down = round(width * share), round(height * share)
    if direction == "right":
        return top[:, :across], *at
    if direction == "left":
        return top[:, width - across :], at[0] + width - across, at[1]
    if direction == "down":
        return top[:down], *at
    return top[height - down :], at[0], at[1] + height - down
