"""When the frames of a file show: times that rise, from those that decoders give."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

_MICROSECONDS = 1_000_000
_MOST_BACK = _MICROSECONDS  # a frame so much before the last is a jump; one that is less is left out


class FrameClock:
    """Finds when each frame shows, in whole microseconds from the first.

    Args:
        origin: When the first frame shows, on the file's clock; None if frames have no times.
        rate: Frames per second, for frames without times.
    """

    def __init__(self, origin: Fraction | None, rate: Fraction) -> None:
        self._origin = origin or Fraction(0)
        self._rate = rate
        self._last: int | None = None
        self._untimed = 0  # frames since the last that had a time
        self._anchor = Fraction(0)  # the time of that

    def find(self, frame: Any) -> int | None:
        """Return the time of a frame; None for one that does not come after the last, which players leave out."""
        if frame.pts is None:
            found = self._anchor if self._last is None else self._anchor + (self._untimed + 1) / self._rate
            self._untimed += self._last is not None
        else:
            found = Fraction(frame.pts) * frame.time_base - self._origin
            if self._last is not None and found * _MICROSECONDS < self._last - _MOST_BACK:
                expected = Fraction(self._last, _MICROSECONDS) + 1 / self._rate
                self._origin += found - expected
                found = expected
            self._anchor, self._untimed = found, 0
        time = round(found * _MICROSECONDS)
        if self._last is None:
            time = max(0, time)
        elif time <= self._last:
            return None
        self._last = time
        return time
