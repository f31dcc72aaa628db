"""Noise turned down in each bin of the spectrum."""

from __future__ import annotations

import numpy as np
import pytest

from studio.api import Audio
from studio_audio.blocks import cut_blocks
from studio_audio.denoise import Gate, _measure_noise, find_removed, reduce_noise
from tests.plugins.studio_audio.signals import find_rms, make_noise, make_tone

RATE = 16_000
NOISE = make_noise(2.0, rate=RATE)


def ignore(*_: object) -> None:
    """Count nothing."""


@pytest.mark.parametrize("reduction", [6.0, 20.0])
def test_noise_alone_is_turned_down_by_the_reduction(reduction: float) -> None:
    made = reduce_noise(NOISE, make_noise(2.0, rate=RATE, seed=5).samples, Gate(reduction, 6.0), ignore)

    assert 20 * np.log10(find_rms(NOISE) / find_rms(made)) == pytest.approx(reduction, abs=1.0)


def test_a_tone_over_the_noise_keeps_its_level() -> None:
    tone = make_tone(1000, 2.0, rate=RATE)

    made = reduce_noise(Audio(tone.samples + NOISE.samples, RATE), NOISE.samples, Gate(20.0, 6.0), ignore)

    level = 2 * np.abs(np.fft.rfft(made.samples[:, 0]))[2000] / made.frames
    assert level == pytest.approx(0.5, rel=0.02)


def test_what_is_removed_and_what_is_left_add_up() -> None:
    made = reduce_noise(NOISE, None, Gate(12.0, 6.0), ignore)

    assert made.samples + find_removed(NOISE, made).samples == pytest.approx(NOISE.samples, abs=1e-6)


def test_a_channel_without_noise_stays_bit_for_bit() -> None:
    both = np.concatenate([NOISE.samples, np.zeros_like(NOISE.samples)], axis=1)
    both[5000:5100, 1] = 0.5
    profile = np.concatenate([NOISE.samples, np.zeros_like(NOISE.samples)], axis=1)

    made = reduce_noise(Audio(both, RATE), profile, Gate(12.0, 6.0), ignore)

    assert np.array_equal(made.samples[:, 1], both[:, 1])
    assert not np.array_equal(made.samples[:, 0], both[:, 0])
    silent = Audio(np.zeros((1000, 1), np.float32), RATE)
    assert reduce_noise(silent, None, Gate(12.0, 6.0), ignore) is silent


def test_the_quietest_fifth_of_noise_is_taken_for_at_most_3_decibels_less_than_the_noise() -> None:
    samples = make_noise(10.0, rate=RATE).samples

    guessed = _measure_noise(cut_blocks(samples), samples.shape, 512, alone=False)
    known = _measure_noise(cut_blocks(samples), samples.shape, 512, alone=True)

    # measured 2.0 dB less; without its correction 3.2
    assert 10 * np.log10(guessed.mean() / known.mean()) == pytest.approx(-2, abs=0.5)
