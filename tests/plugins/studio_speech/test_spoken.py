"""Times of words that are not known."""

from __future__ import annotations

import pytest

from studio_speech.spoken import fill_gaps


@pytest.mark.parametrize(
    ("starts", "weights", "filled"),
    [
        ([], [], []),
        ([None, None], [1, 3], [0, 25]),
        ([10, None, 50], [1, 1, 1], [10, 30, 50]),
        ([None, 40, None], [5, 2, 4], [0, 40, 60]),
        ([10, 60, 70], [1, 1, 1], [10, 60, 70]),
        ([None, None, None], [0, 0, 0], [0, 0, 0]),
    ],
)
def test_between_known_times_words_take_as_long_as_they_are(
    starts: list[int | None], weights: list[int], filled: list[int]
) -> None:
    assert fill_gaps(starts, weights, 100) == filled


def test_times_that_run_back_or_past_the_end_are_brought_into_order() -> None:
    filled = fill_gaps([50, 20, None, 400], [1, 1, 1, 1], 100)

    assert filled == sorted(filled)
    assert filled[0] == 50
    assert filled[-1] == 100
