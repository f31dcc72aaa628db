"""Clipping and offset."""

from __future__ import annotations

import numpy as np
import pytest

from studio.api import Audio
from studio_audio.levels import count_clipped, find_offset


def make(*values: float) -> Audio:
    return Audio(np.array(values, np.float32), 8000)


@pytest.mark.parametrize(
    ("values", "count"),
    [
        ((0.0, 0.9, 0.9, 0.9, 0.0), 3),
        ((0.0, -0.9, -0.9, -0.9, -0.9, 0.1), 4),
        ((0.9, 0.9, 0.0, 0.9, 0.9), 0),
        ((0.4, 0.4, 0.4, 0.4), 0),
        ((0.5, 0.5, 0.5), 3),
        ((), 0),
    ],
)
def test_three_samples_in_a_row_at_the_greatest_value_are_clipped(values: tuple[float, ...], count: int) -> None:
    assert count_clipped(make(*values)) == count


def test_runs_are_counted_across_the_ends_of_blocks() -> None:
    samples = np.zeros(200_000, np.float32)
    samples[65_534:65_539] = 1.0

    assert count_clipped(Audio(samples, 8000)) == 5


def test_the_offset_is_that_of_the_worst_channel() -> None:
    samples = np.stack([np.full(1000, 0.01), np.full(1000, -0.03)], axis=1).astype(np.float32)

    assert find_offset(Audio(samples, 8000)) == pytest.approx(0.03)
    assert find_offset(make()) == 0.0
