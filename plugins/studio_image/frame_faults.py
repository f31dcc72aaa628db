"""Black and blurred images, and black, frozen and blurred stretches of a video."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np

from studio.api import Image, Video, convert_color
from studio_image.pixels import FloatArray, as_floats, compute_luma

_WINDOW = 11  # pixels, as Crete et al. blur again
_SHOWN_ALPHA = 0.5
BLACK_SHARE = 0.98
"""A frame with this share of black pixels is black, as FFmpeg's blackdetect has it."""


def read_luma(image: Image) -> FloatArray:
    """Return the luma (ITU-R BT.601) of what an image shows in sRGB; behind transparency it is black."""
    pixels = convert_color(image).pixels
    luma = compute_luma(pixels)
    return luma * pixels[:, :, 3] if pixels.shape[2] == 4 else luma


def measure_black(luma: FloatArray, level: float) -> float:
    """Return the share of pixels up to a level."""
    return float((luma <= level).mean())


def measure_transparent(image: Image) -> float:
    """Return the share of pixels that are more transparent than opaque."""
    return float((image.pixels[:, :, 3] < _SHOWN_ALPHA).mean()) if image.channels == 4 else 0.0


def measure_blur(luma: FloatArray) -> float:
    """Return how blurred an image is, 0 (sharp) to 1 (Crete et al. 2007); 0 for an even color, which has no edges.

    Neighbors differ less after another blur; in what is blurred already, they hardly do.
    """
    return max(_measure_along(luma), _measure_along(luma.T))


def _measure_along(luma: FloatArray) -> float:
    """Return the blur from row to row."""
    if luma.shape[0] < 2:
        return 0.0
    plane = np.ascontiguousarray(luma)
    again = cv2.blur(plane, (1, _WINDOW), borderType=cv2.BORDER_REFLECT)
    before, after = (np.abs(np.diff(one, axis=0)) for one in (plane, as_floats(again)))
    total = float(before.sum(dtype=np.float64))
    if total < 1e-6 * before.size:
        return 0.0
    return 1.0 - float(np.maximum(before - after, 0).sum(dtype=np.float64)) / total


@dataclass(frozen=True)
class Levels:
    """Above or below which levels a frame has a fault.

    Attributes:
        black: Highest luma of a black pixel.
        still: Largest mean difference of luma from the frame at which a frozen stretch begins.
        blur: Largest blur of a sharp frame; None not to measure it.
    """

    black: float
    still: float
    blur: float | None


class _Stretch:
    """The longest time in a row that a fault lasts.

    Attributes:
        longest: Its length in seconds.
        start: When it begins.
    """

    def __init__(self) -> None:
        self.longest, self.start = 0.0, 0.0
        self._begin: float | None = None

    def add(self, has_fault: bool, begin: float, end: float) -> None:
        """Add a frame that shows from one time to another."""
        if not has_fault:
            self._begin = None
            return
        self._begin = begin if self._begin is None else self._begin
        if end - self._begin > self.longest:
            self.longest, self.start = end - self._begin, self._begin


class _Freeze:
    """The longest time in a row without a change, from the first of the equal frames on."""

    def __init__(self, level: float) -> None:
        self.stretch = _Stretch()
        self._level = level
        self._first: FloatArray | None = None
        self._begin, self._count = 0.0, 0

    def add(self, luma: FloatArray, begin: float, end: float) -> None:
        """Add a frame that shows from one time to another."""
        if self._first is None or float(np.abs(luma - self._first).mean(dtype=np.float64)) > self._level:
            self._first, self._begin, self._count = luma, begin, 0
            self.stretch.add(False, begin, end)
        self._count += 1
        if self._count > 1:
            self.stretch.add(True, self._begin, end)


@dataclass(frozen=True)
class Faults:
    """The longest stretch of each fault of a video, as (seconds, start); frozen ones have two frames at least."""

    black: tuple[float, float]
    frozen: tuple[float, float]
    blurred: tuple[float, float]


def find_faults(video: Video, levels: Levels, step: Callable[[int, int], None]) -> Faults:
    """Look at each frame of a video, with two in memory at a time."""
    black, blurred, freeze = _Stretch(), _Stretch(), _Freeze(levels.still)
    total = video.count or 0
    waiting: tuple[FloatArray, float] | None = None

    def judge(luma: FloatArray, begin: float, end: float) -> None:
        is_black = measure_black(luma, levels.black) >= BLACK_SHARE
        black.add(is_black, begin, end)
        blurred.add(not is_black and levels.blur is not None and measure_blur(luma) > levels.blur, begin, end)
        freeze.add(luma, begin, end)

    for number, frame in enumerate(video.frames()):
        step(min(number, total), total)
        if waiting is not None:
            judge(*waiting, float(frame.time))
        waiting = read_luma(frame.image), float(frame.time)
    if waiting is not None:
        judge(*waiting, max(video.duration, waiting[1]))
    found = [(round(one.longest, 6), one.start) for one in (black, freeze.stretch, blurred)]
    return Faults(*found)
