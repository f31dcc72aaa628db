"""Limits that hold before memory is taken, and points in JSON."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from studio.api import Audio, MediaError, MediaLimits
from studio_audio.bounds import WHOLE_SECONDS, check_audible, check_length, check_whole, is_number, parse_points


def test_a_length_of_exactly_the_limit_passes_and_a_frame_more_does_not() -> None:
    frames = MediaLimits().max_audio_seconds * 48_000

    check_length(frames, 2, 48_000)
    with pytest.raises(MediaError, match="E640"):
        check_length(frames + 1, 2, 48_000)


def test_many_channels_count_as_much_as_a_long_time() -> None:
    seconds = MediaLimits().max_audio_seconds / 4

    check_length(seconds * 48_000, 8, 48_000)
    with pytest.raises(MediaError, match="over the limit"):
        check_length(seconds * 48_000, 9, 48_000)


@pytest.mark.parametrize("frames", [float("nan"), float("inf")])
def test_a_length_that_is_not_finite_is_refused(frames: float) -> None:
    with pytest.raises(MediaError, match="E640"):
        check_length(frames, 1, 8000)


def test_what_is_held_whole_is_an_hour_of_stereo_at_most() -> None:
    check_whole(WHOLE_SECONDS * 48_000, 2, 48_000)
    with pytest.raises(MediaError, match="3600 seconds"):
        check_whole(WHOLE_SECONDS * 48_000 + 1, 2, 48_000)


@pytest.mark.parametrize(
    ("samples", "says"), [(np.ones(799), "lasts"), (np.zeros(8000), "silent"), (np.ones(0), "lasts")]
)
def test_audio_that_is_too_short_or_silent_says_which(samples: Any, says: str) -> None:
    with pytest.raises(MediaError, match=says):
        check_audible(Audio(samples.astype(np.float32), 8000), 0.1, "a test")


def test_points_are_read_in_order_and_a_single_pair_is_not_taken_for_a_list() -> None:
    assert parse_points([[0, 0.5], [2, 1]], "curve", 0.0, 1.0) == [(0.0, 0.5), (2.0, 1.0)]
    with pytest.raises(MediaError, match="invalid point 3"):
        parse_points([3, 0.5], "curve", 0.0, 1.0)


@pytest.mark.parametrize(
    ("points", "says"),
    [
        ([], "contains no point"),
        ([[0, 1, 2]], "invalid point"),
        ([[0, True]], "invalid point"),
        ([[0, float("nan")]], "invalid point"),
        ([[-1, 0.5]], "out of range or order"),
        ([[0, 1.5]], "out of range or order"),
        ([[1, 0.5], [1, 0.6]], "out of range or order"),
    ],
)
def test_points_that_are_wrong_say_how(points: Any, says: str) -> None:
    with pytest.raises(MediaError, match=says):
        parse_points(points, "curve", 0.0, 1.0)


def test_true_and_infinity_are_not_numbers() -> None:
    assert [is_number(value) for value in (0, -1.5, True, "1", None, float("inf"))] == [True, True] + [False] * 4
