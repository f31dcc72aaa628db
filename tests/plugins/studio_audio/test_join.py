"""Ramps, fades, joints and mixes, by hand."""

from __future__ import annotations

import numpy as np
import pytest

from studio.api import Audio
from studio_audio.join import concatenate, create_ramp, cut, fade, fade_part, find_audible, join, mix, reverse
from tests.plugins.studio_audio.signals import make_noise

RATE = 8000
ONES = Audio(np.ones((1000, 1), np.float32), RATE)


def test_an_exponential_fade_rises_by_60_decibels_in_even_steps() -> None:
    decibels = 20 * np.log10(create_ramp(120, "exponential").astype(np.float64))

    assert np.diff(decibels) == pytest.approx(np.full(119, 0.5), abs=1e-4)
    assert decibels[[0, -1]] == pytest.approx([-59.75, -0.25], abs=1e-4)


@pytest.mark.parametrize(
    ("shape", "quarter", "half"),
    [("linear", 0.25, 0.5), ("equal_power", np.sin(np.pi / 8), np.sqrt(0.5)), ("smooth", 0.5 - np.sqrt(0.125), 0.5)],
)
def test_a_ramp_has_its_values_at_a_quarter_and_at_half(shape: str, quarter: float, half: float) -> None:
    ramp = create_ramp(4001, shape)

    assert [ramp[1000], ramp[2000]] == pytest.approx([quarter, half], abs=5e-4)


@pytest.mark.parametrize(("shape", "power"), [("linear", 1), ("smooth", 1), ("equal_power", 2)])
def test_a_ramp_and_its_reverse_add_up_to_1_in_amplitude_or_in_power(shape: str, power: int) -> None:
    ramp = create_ramp(301, shape).astype(np.float64)

    assert ramp**power + ramp[::-1] ** power == pytest.approx(np.ones(301), abs=1e-6)


def test_a_part_of_a_ramp_is_that_part_of_the_whole() -> None:
    assert np.array_equal(create_ramp(100, "smooth", 30, 45), create_ramp(100, "smooth")[30:45])


def test_a_fade_in_parts_is_the_fade_of_the_whole() -> None:
    whole = fade_part(ONES.samples, 0, 1000, 300, 800, "exponential")

    parts = [fade_part(ONES.samples[at : at + 130], at, 1000, 300, 800, "exponential") for at in range(0, 1000, 130)]

    assert np.array_equal(np.concatenate(parts), whole)
    assert whole[250, 0] == pytest.approx(create_ramp(300, "exponential")[250] * create_ramp(800, "exponential")[-51])


def test_a_fade_longer_than_the_audio_is_cut_to_it() -> None:
    assert np.array_equal(fade(ONES, 5000, 0, "linear").samples[:, 0], create_ramp(1000, "linear"))


def test_an_overlap_is_the_sum_of_what_leaves_and_what_comes() -> None:
    first, second = make_noise(0.1, rate=RATE), make_noise(0.1, rate=RATE, seed=1)

    joined = join([first, second], [200], "linear").samples

    ramp = create_ramp(200, "linear")[:, None]
    assert len(joined) == 1400
    assert np.array_equal(joined[:600], first.samples[:600])
    assert joined[600:800] == pytest.approx(first.samples[600:] * ramp[::-1] + second.samples[:200] * ramp, abs=1e-6)
    assert np.array_equal(joined[800:], second.samples[200:])


def test_a_gap_is_silent_and_as_long_as_asked() -> None:
    joined = concatenate([ONES, ONES], 50).samples[:, 0]

    assert len(joined) == 2050
    assert np.flatnonzero(joined == 0).tolist() == list(range(1000, 1050))


def test_a_mix_adds_each_clip_at_its_frame_with_its_factor() -> None:
    short = Audio(np.full((10, 1), 0.5, np.float32), RATE)

    mixed = mix([ONES, short], [1.0, -2.0], [0, 995]).samples[:, 0]

    assert len(mixed) == 1005
    assert mixed[994:1005].tolist() == [1] + [0] * 5 + [-1] * 5


def test_a_cut_behind_the_end_is_filled_with_silence_and_reversing_twice_changes_nothing() -> None:
    noise = make_noise(0.1, rate=RATE, channels=2)

    assert cut(ONES, 995, 1003).samples[:, 0].tolist() == [1] * 5 + [0] * 3
    assert np.array_equal(reverse(noise).samples, noise.samples[::-1])
    assert np.array_equal(reverse(reverse(noise)).samples, noise.samples)


def test_audible_is_from_the_first_to_the_last_window_over_the_threshold() -> None:
    samples = np.zeros((1000, 2), np.float32)
    samples[200:700] = 0.1

    assert find_audible(Audio(samples, RATE), 0.05, 100) == (200, 700)
    assert find_audible(Audio(samples, RATE), 0.2, 100) == (0, 0)
    assert find_audible(Audio(samples[:0], RATE), 0.05, 100) == (0, 0)
