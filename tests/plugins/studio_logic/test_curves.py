"""Values that move from point to point, in closed form."""

from __future__ import annotations

from typing import Any

import pytest

from studio.api import StudioError
from studio.testing import TestContext
from studio_logic.curves import MOST_VALUES
from studio_logic.nodes.numbers import draw_curve

CTX = TestContext()


def test_a_straight_curve_has_a_value_for_each_frame_up_to_its_last_point() -> None:
    made = draw_curve(CTX, [[0, 0], [1, 10], [1.5, 0]], fps=4.0)

    assert made.values == pytest.approx([0, 2.5, 5, 7.5, 10, 5, 0])


@pytest.mark.parametrize(
    ("easing", "values"),
    [
        ("ease_in", [0, 1 / 16, 4 / 16, 9 / 16, 1]),
        ("ease_out", [0, 7 / 16, 12 / 16, 15 / 16, 1]),
        ("ease_in_out", [0, 1 / 8, 1 / 2, 7 / 8, 1]),
        ("hold", [0, 0, 0, 0, 1]),
    ],
)
def test_easing_is_quadratic(easing: Any, values: list[float]) -> None:
    assert draw_curve(CTX, [[0, 0], [1, 1]], easing=easing, fps=4.0).values == pytest.approx(values)


def test_a_value_stays_before_the_first_point_and_after_the_last() -> None:
    assert draw_curve(CTX, [[0.5, 3], [1, 5]], fps=2.0, count=5).values == pytest.approx([3, 3, 5, 5, 5])
    assert draw_curve(CTX, [[0.5, 3]], fps=4.0, count=2).values == [3, 3]


def test_a_last_point_between_two_frames_ends_with_the_frame_before() -> None:
    assert len(draw_curve(CTX, [[0, 0], [0.99, 1]], fps=10.0).values) == 10
    assert len(draw_curve(CTX, [[0, 0], [0.3, 1]], fps=10.0).values) == 4  # 0.3 * 10 is a little below 3


@pytest.mark.parametrize(
    "points",
    [
        [],
        3,
        [[0]],
        [[0, 1], [0, 2]],
        [[1, 0], [0.5, 0]],
        [[-1, 0]],
        [[0, True]],
        [["0", 1]],
        [[0, float("nan")]],
        [[0, 10**400]],
        {},
    ],
)
def test_invalid_points_are_an_error_that_says_how_to_write_them(points: Any) -> None:
    with pytest.raises(StudioError) as caught:
        draw_curve(CTX, points)

    assert caught.value.code == "E323"
    assert "[[seconds, value], ...]" in caught.value.hint


def test_too_many_values_are_an_error() -> None:
    with pytest.raises(StudioError, match=str(MOST_VALUES + 1)):
        draw_curve(CTX, [[0, 0], [MOST_VALUES / 1000, 1]], fps=1000.0)
