"""Loudness, its gates, and true peaks, against ITU-R BS.1770-4 and EBU R 128."""

from __future__ import annotations

import numpy as np
import pytest

from studio_audio import loudness
from tests.plugins.studio_audio.signals import make_tone


@pytest.mark.parametrize("rate", [8000, 44_100, 48_000, 192_000])
def test_a_full_scale_sine_in_one_channel_has_the_loudness_of_the_standard(rate: int) -> None:
    # BS.1770-4: 0 dBFS at 997 Hz in one front channel reads -3.01 LKFS
    tone = make_tone(997, 2, rate=rate)

    assert loudness.measure_loudness(tone.samples * 2, rate) == pytest.approx(-3.01, abs=0.06)


def test_the_gate_leaves_silence_out() -> None:
    tone = make_tone(997, 4, rate=48_000).samples
    half = np.concatenate([tone, np.zeros_like(tone)])

    assert loudness.measure_loudness(half, 48_000) == pytest.approx(loudness.measure_loudness(tone, 48_000), abs=0.2)


def test_surround_counts_more_and_the_low_frequency_channel_not_at_all() -> None:
    tone = make_tone(997, 1, rate=48_000).samples[:, 0]

    def measure(channel: int) -> float:
        samples = np.zeros((len(tone), 6), np.float32)
        samples[:, channel] = tone
        return loudness.measure_loudness(samples, 48_000)

    assert measure(4) - measure(0) == pytest.approx(10 * np.log10(1.41), abs=0.01)
    assert measure(3) == -np.inf


def test_the_true_peak_is_found_between_samples() -> None:
    # at a quarter of the rate and 45 degrees off, the samples reach 0.707 of the peak
    wave = np.sin(np.pi / 2 * np.arange(4800) + np.pi / 4) * np.hanning(4800)

    assert np.abs(wave).max() < 0.71
    assert loudness.measure_true_peak(wave[:, None].astype(np.float32)) == pytest.approx(1.0, abs=0.01)
