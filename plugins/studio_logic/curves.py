"""Values that move from point to point over time."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence
from itertools import pairwise
from typing import Any, Literal

from studio.api import StudioError

Easing = Literal["linear", "ease_in", "ease_out", "ease_in_out", "hold"]
MOST_VALUES = 1_000_000
_LARGEST = 1e100
_HINT = "write [[seconds, value], ...] with rising seconds of 0 or more"


def parse_points(points: Any) -> list[tuple[float, float]]:
    """Take `[[seconds, value], ...]` from JSON, in rising order of time.

    Raises:
        StudioError: E323 for anything else.
    """
    if not isinstance(points, list) or not points:
        raise StudioError("E323", "a curve without points", hint=_HINT)
    for entry in points:
        if not (isinstance(entry, list) and len(entry) == 2 and all(_is_number(number) for number in entry)):
            raise StudioError("E323", f"invalid point {str(entry)[:60]!r} of a curve", hint=_HINT)
    times = [float(entry[0]) for entry in points]
    if times[0] < 0 or any(later <= earlier for earlier, later in pairwise(times)):
        raise StudioError("E323", "the times of a curve do not rise", hint=_HINT)
    return [(float(time), float(value)) for time, value in points]


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= _LARGEST


def count_values(points: Sequence[tuple[float, float]], fps: float, count: int | None) -> int:
    """Return how many values there are: as many as asked for, or up to the last point.

    Raises:
        StudioError: E323 for more than a million.
    """
    found = math.floor(points[-1][0] * fps + 1e-6) + 1 if count is None else count
    if found > MOST_VALUES:
        raise StudioError("E323", f"a curve of {found} values", hint=f"a list has at most {MOST_VALUES}")
    return found


def find_value(points: Sequence[tuple[float, float]], time: float, easing: Easing) -> float:
    """Return the value at a time; before the first and after the last point it stays."""
    index = bisect_right(points, time, key=lambda point: point[0])
    if index == 0:
        return points[0][1]
    if index == len(points):
        return points[-1][1]
    (start, first), (end, last) = points[index - 1], points[index]
    return first + (last - first) * ease((time - start) / (end - start), easing)


def ease(share: float, easing: Easing) -> float:
    """Return how much of the way is done when a share of the time is over; quadratic, as in CSS's ease functions."""
    if easing == "ease_in":
        return share**2
    if easing == "ease_out":
        return 1 - (1 - share) ** 2
    if easing == "ease_in_out":
        return 2 * share**2 if share < 0.5 else 1 - 2 * (1 - share) ** 2
    return 0.0 if easing == "hold" else share
