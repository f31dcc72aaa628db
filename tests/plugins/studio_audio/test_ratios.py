"""Ratios that come back exactly from the speed or the semitones that they were turned into."""

from __future__ import annotations

import numpy as np
import pytest

from studio_audio.ratios import find_pitch_ratio, find_stretch, to_semitones


@pytest.mark.parametrize("digits", [1, 2, 3, 6])
def test_a_ratio_with_few_digits_comes_back_exactly(digits: int) -> None:
    ratios = [round(float(ratio), digits) for ratio in np.random.default_rng(0).uniform(0.26, 3.9, 2000)]

    assert [find_stretch(1 / ratio) for ratio in ratios] == ratios
    assert [find_pitch_ratio(to_semitones(ratio)) for ratio in ratios] == ratios


def test_ratios_are_those_of_music_and_of_time() -> None:
    assert find_pitch_ratio(12) == 2
    assert find_pitch_ratio(-24) == 0.25
    assert find_pitch_ratio(7) == pytest.approx(1.4983, abs=1e-4)
    assert find_stretch(2) == 0.5
    assert find_stretch(0.8) == 1.25


@pytest.mark.parametrize("frames", [44_101, 22_051, 99_999])
def test_a_length_that_ends_on_half_a_sample_is_rounded_as_before(frames: int) -> None:
    assert round(frames * find_stretch(1 / 1.5)) == round(frames * 1.5)
