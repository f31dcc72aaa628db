"""How many different calls there are, from a sample of them."""

from __future__ import annotations

import pytest

from studio.batch.sampled_calls import estimate_distinct


@pytest.mark.parametrize(
    ("names", "count"),
    [
        (["a"], float("inf")),
        (["a", "b", "c"], float("inf")),
        (["a"] * 20, 1.0),
        (["a", "a", "b", "b"], 3.0),  # 12 ordered pairs, 4 of them equal
        ([f"n{number}" for number in range(18)] + ["n0", "n1"], 95.0),  # 380 ordered pairs, 4 of them equal
    ],
)
def test_equal_calls_of_a_sample_say_how_many_there_are(names: list[str], count: float) -> None:
    assert estimate_distinct(names) == pytest.approx(count)
