"""Times of frames that have none, go back, or jump."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import pytest

from studio.api.frame_clock import FrameClock


@dataclass
class Timed:
    """What a clock sees of a frame."""

    pts: int | None
    time_base: Fraction = Fraction(1, 1000)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ([0, 40, 80], [0, 40, 80]),
        ([100, 140, 180], [0, 40, 80]),
        ([None, None, None], [0, 40, 80]),
        ([0, None, 80, None], [0, 40, 80, 120]),
        ([0, 40, 40, 30, 80], [0, 40, None, None, 80]),
        ([5000, 5040, 5080, 0, 40], [0, 40, 80, 120, 160]),
        ([0, 40, 9000], [0, 40, 9000]),
    ],
)
def test_times_rise_from_zero(given: list[int | None], expected: list[int | None]) -> None:
    origin = None if given[0] is None else Fraction(given[0], 1000)
    clock = FrameClock(origin, Fraction(25))

    times = [clock.find(Timed(pts)) for pts in given]

    assert times == [None if each is None else each * 1000 for each in expected]
