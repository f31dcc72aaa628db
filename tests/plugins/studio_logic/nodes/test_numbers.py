"""Numbers worked out and rounded."""

from __future__ import annotations

import pytest

from studio.testing import TestContext
from studio_logic.nodes.numbers import round_number

CTX = TestContext()


@pytest.mark.parametrize(
    ("rounding", "expected"),
    [("nearest", [-2, 2, 2, 3]), ("down", [-2, 1, 2, 2]), ("up", [-1, 2, 3, 3]), ("to_zero", [-1, 1, 2, 2])],
)
def test_rounding_goes_where_it_says(rounding: str, expected: list[int]) -> None:
    numbers = (-1.7, 1.6, 2.5, 2.6)

    assert [round_number(CTX, n, rounding=rounding).number for n in numbers] == expected
