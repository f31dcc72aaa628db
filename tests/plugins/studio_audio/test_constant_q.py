"""The constant-Q transform and its inverse."""

from __future__ import annotations

import numpy as np
import pytest

from studio_audio.constant_q import count_bins, find_frequencies, invert, plan_grid, transform

RATE = 8000


def make_sine(hertz: float, seconds: float = 1.0) -> np.ndarray:
    return np.sin(2 * np.pi * hertz * np.arange(round(seconds * RATE)) / RATE).astype(np.float32)


def test_an_octave_has_as_many_bins_as_asked_for() -> None:
    frequencies = find_frequencies(110.0, 12, 25)

    assert frequencies[[0, 12, 24]] == pytest.approx([110, 220, 440])
    assert frequencies[1] / frequencies[0] == pytest.approx(2 ** (1 / 12))


@pytest.mark.parametrize(("high", "bins"), [(440.0, 25), (439.9, 24), (109.0, 0), (1e6, 61)])
def test_bins_end_at_the_highest_frequency_and_below_half_the_rate(high: float, bins: int) -> None:
    found = count_bins(RATE, 110.0, high, 12)

    assert found == bins
    assert not found or 110 * 2 ** (found / 12) < RATE / 2


@pytest.mark.parametrize("index", [6, 24, 40])
def test_a_sine_of_amplitude_1_gives_1_in_its_bin_and_nothing_far_from_it(index: int) -> None:
    hertz = 110 * 2 ** (index / 12)
    grid = plan_grid(RATE, RATE, 110.0, 12, 50)

    level = np.abs(transform(make_sine(hertz), grid))
    middle = level[:, int(0.5 * RATE * grid.columns / grid.size)]

    assert middle[index] == pytest.approx(1.0, abs=0.02)
    far = np.abs(np.arange(50) - index) > 2
    assert middle[far].max() < 0.02


def test_what_lies_between_the_lowest_and_the_highest_bin_comes_back() -> None:
    grid = plan_grid(RATE, RATE, 110.0, 12, 50)
    signal = (make_sine(300) + 0.5 * make_sine(1234)) * np.hanning(RATE).astype(np.float32)

    back = invert(transform(signal, grid), grid, RATE)

    assert np.abs(back - signal).max() < 1e-4
