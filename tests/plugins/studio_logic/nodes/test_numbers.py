"""Numbers worked out and rounded."""

from __future__ import annotations

import pytest

from studio.testing import TestContext
from studio_logic.nodes.numbers import calculate_number, round_number

CTX = TestContext()


@pytest.mark.parametrize(
    ("rounding", "expected"),
    [("nearest", [-2, 2, 2, 3]), ("down", [-2, 1, 2, 2]), ("up", [-1, 2, 3, 3]), ("to_zero", [-1, 1, 2, 2])],
)
def test_rounding_goes_where_it_says(rounding: str, expected: list[int]) -> None:
    numbers = (-1.7, 1.6, 2.5, 2.6)

    assert [round_number(CTX, n, rounding=rounding).number for n in numbers] == expected


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("a * 9 / 16", (180.0, 180, True)),
        ("a / 128", (2.5, 2, True)),
        ("-a / 128 - 1", (-3.5, -4, True)),
        ("a > 320", (0, 0, False)),
        ("a >= 320 and a < 1000", (1, 1, True)),
        ("0.2", (0.2, 0, True)),
        ("0.0 * a", (0.0, 0, False)),
    ],
)
def test_a_result_comes_as_a_number_a_whole_number_and_a_condition(
    expression: str, expected: tuple[float, int, bool]
) -> None:
    made = calculate_number(CTX, expression, a=320)

    assert made == expected
    assert [type(value) for value in (made.whole, made.condition)] == [int, bool]
