"""Channels mixed down after ITU-R BS.775-3, spread, chosen."""

from __future__ import annotations

import numpy as np
import pytest

from studio.api import MediaError
from studio_audio.channels import check_channels, match_channels, mix_to_mono, mix_to_stereo, select_channels

HALF = 10 ** (-3 / 20)  # the standard's 3 dB


def light_up(channels: int) -> np.ndarray:
    """One frame for each channel, in which that channel alone is 1."""
    return np.eye(channels, dtype=np.float32)


def test_surround_goes_down_with_the_weights_of_the_standard() -> None:
    left, right = mix_to_stereo(light_up(6)).T  # front left and right, centre, low frequencies, back left and right

    total = 1 + 2 * HALF
    assert left == pytest.approx(np.array([1, 0, HALF, 0, HALF, 0]) / total, abs=2e-3)
    assert right == pytest.approx(np.array([0, 1, HALF, 0, 0, HALF]) / total, abs=2e-3)


@pytest.mark.parametrize("channels", range(2, 9))
def test_left_and_right_are_mixed_alike_and_cannot_clip(channels: int) -> None:
    weights = mix_to_stereo(light_up(channels))

    assert weights.sum(axis=0) == pytest.approx([1, 1], abs=1e-6)
    assert sorted(weights[:, 0]) == pytest.approx(sorted(weights[:, 1]))


def test_more_than_eight_channels_go_left_and_right_in_turn() -> None:
    weights = mix_to_stereo(light_up(10))

    assert weights[:, 0] == pytest.approx([0.2, 0] * 5)
    assert weights[:, 1] == pytest.approx([0, 0.2] * 5)


def test_mono_is_the_mean_and_spreads_as_it_is() -> None:
    samples = np.array([[1.0, 0.0, -0.25], [0.5, 0.5, 0.5]], np.float32)

    assert mix_to_mono(samples)[:, 0] == pytest.approx([0.25, 0.5])
    assert match_channels(samples[:, :1], 4).tolist() == [[1] * 4, [0.5] * 4]


def test_missing_channels_are_silent_and_too_many_are_refused() -> None:
    assert match_channels(np.ones((1, 3), np.float32), 5).tolist() == [[1, 1, 1, 0, 0]]
    with pytest.raises(MediaError, match="5 channels do not go into 3"):
        match_channels(np.ones((1, 5), np.float32), 3)


def test_channels_are_counted_from_one_and_may_come_twice() -> None:
    samples = np.array([[1, 2, 3]], np.float32)

    assert select_channels(samples, [3, 1, 1]).tolist() == [[3, 1, 1]]
    check_channels(3, [1, 3])
    for number in (0, 4):
        with pytest.raises(MediaError, match=f"unknown channel {number}"):
            check_channels(3, [number])
