"""Where a video cuts from one scene to another: what does not look like the frame before even after its motion."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import cv2
import numpy as np

from studio_video.flow import Array, make_grid, measure_flow, to_grey, warp

if TYPE_CHECKING:
    from studio.api import Frame, Image

_SIZE = (96, 64)
_THRESHOLD = 0.5  # real cuts measured 0.67 to 2.6, motion within scenes up to 0.28
_LEAST = 14.0  # of 255; real cuts measured 29 and more, a step of a fade to black is less
_RATIO = 2.0  # and that much more than what has been usual
_USUAL = 5  # frames that say what is usual
AHEAD = 2  # the longest flash, in frames, that is not a cut


def make_thumbnail(image: Image) -> Array:
    """Return the small luma image in which cuts are looked for."""
    return cv2.resize(to_grey(image), _SIZE, interpolation=cv2.INTER_AREA)


def measure_change(before: Array, after: Array) -> float:
    """Return how much of a thumbnail the one before it does not explain by motion, beside its own contrast."""
    flow = measure_flow(before, after)
    moved = warp(after, flow, make_grid(*before.shape), smooth=False)
    residue = np.abs(moved.astype(np.float32) - before).mean()
    if residue < _LEAST:
        return 0.0
    return float(residue / (min(before.std(), after.std()) + 4.0))


def mark_cuts(frames: Iterable[Frame], sensitivity: float = 1.0) -> Iterator[tuple[Frame, bool]]:
    """Yield each frame and whether a scene starts with it; the first frame starts none.

    A flash of up to two frames is not a cut, for what comes after it looks as before; neither is a dissolve or a fade,
    each step of which is small. Three frames are held at a time.

    Args:
        frames: The frames, in order.
        sensitivity: 2 finds changes half as large too, 0.5 only those twice as large.
    """
    judge = _Judge(_THRESHOLD / sensitivity)
    waiting: deque[tuple[Frame, Array]] = deque()
    for frame in frames:
        waiting.append((frame, make_thumbnail(frame.image)))
        if len(waiting) > AHEAD:
            yield _judge_first(judge, waiting)
    while waiting:
        yield _judge_first(judge, waiting)


def _judge_first(judge: _Judge, waiting: deque[tuple[Frame, Array]]) -> tuple[Frame, bool]:
    frame, small = waiting.popleft()
    return frame, judge.is_cut(small, [later for _, later in waiting])


class _Judge:
    def __init__(self, threshold: float) -> None:
        self._threshold = threshold
        self._before: Array | None = None
        self._usual: deque[float] = deque(maxlen=_USUAL)
        self._flash = 0

    def is_cut(self, small: Array, later: list[Array]) -> bool:
        before, self._before = self._before, small
        if before is None:
            return False
        if self._flash:
            self._flash -= 1
            return False
        change = measure_change(before, small)
        usual = float(np.median(self._usual)) if self._usual else 0.0
        if change <= self._threshold or change <= _RATIO * usual:
            self._usual.append(change)
            return False
        for length, after in enumerate(later, start=1):
            if measure_change(before, after) <= self._threshold:
                self._flash = length
                return False
        self._usual.clear()
        return True
