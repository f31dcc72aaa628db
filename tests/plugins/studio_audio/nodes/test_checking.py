"""`check.silence`, `check.clipping` and `check.loudness` on audio whose levels are known."""

from __future__ import annotations

import numpy as np
import pytest

from studio.api import Audio, StudioError
from studio.testing import TestContext
from studio_audio.nodes import checking

RATE = 48_000
CTX = TestContext()


def make_tone(decibels: float = 0.0, seconds: float = 1.0, channels: int = 1) -> np.ndarray:
    """A sine at 997 Hz whose peaks are at a level."""
    times = np.arange(round(seconds * RATE)) / RATE
    wave = 10 ** (decibels / 20) * np.sin(2 * np.pi * 997 * times)
    return np.repeat(wave[:, None], channels, axis=1).astype(np.float32)


def test_the_longest_silence_is_measured_with_its_start() -> None:
    silence = [np.zeros((round(seconds * RATE), 1), np.float32) for seconds in (0.5, 2.0)]
    audio = Audio(np.concatenate([silence[0], make_tone(-6), silence[1], make_tone(-6)]), RATE)

    found = checking.check_silence(CTX, audio, max_silent_seconds=1.5)

    assert found.verdict["measures"][0]["measured"] == pytest.approx(2.0, abs=0.01)
    assert found.verdict["measures"][0]["at_seconds"] == pytest.approx(1.5, abs=0.01)
    assert not found.passed
    assert found.audio is audio


def test_audio_at_its_end_and_all_of_it_can_be_silent() -> None:
    audio = Audio(np.zeros((RATE + 7, 2), np.float32), RATE)

    found = checking.check_silence(CTX, audio)

    assert found.verdict["measures"][0]["measured"] == pytest.approx((RATE + 7) / RATE)


@pytest.mark.parametrize(("decibels", "silent"), [(-59.0, 0.0), (-65.0, 1.0)])
def test_the_level_of_silence_is_the_rms(decibels: float, silent: float) -> None:
    audio = Audio(make_tone(decibels), RATE)  # RMS 3.01 dB below the peaks

    found = checking.check_silence(CTX, audio, threshold=-62.5)

    assert found.verdict["measures"][0]["measured"] == pytest.approx(silent)


def test_flat_peaks_are_clipped_samples() -> None:
    samples = make_tone(-6)
    samples[100:104] = 0.9
    samples[500:503] = -0.9
    audio = Audio(samples, RATE)

    found = checking.check_clipping(CTX, audio, max_clipped=6)

    assert found.verdict["sentence"] == "clipped 7 samples (expected at most 6)"
    assert checking.check_clipping(CTX, audio, max_clipped=7).passed


def test_a_stereo_sine_at_minus_23_has_minus_23_lufs() -> None:
    """EBU Tech 3341, case 1: a stereo sine at 1000 Hz whose peaks are at -23 dBFS."""
    audio = Audio(make_tone(-23, 1.0, channels=2), RATE)

    found = checking.check_loudness(CTX, audio, loudness=-23.0, tolerance=0.1)

    assert found.passed
    loudness, peak = (row["measured"] for row in found.verdict["measures"])
    assert loudness == pytest.approx(-23.0, abs=0.1)
    assert peak == pytest.approx(-23.0, abs=0.05)


def test_the_true_peak_between_samples_counts() -> None:
    times = np.arange(RATE) / RATE
    wave = 0.95 * np.sin(2 * np.pi * RATE / 4 * times + np.pi / 4)  # samples at 0.672, 3 dB below its peaks
    audio = Audio(wave[:, None].astype(np.float32), RATE)

    found = checking.check_loudness(CTX, audio, tolerance=70.0, max_true_peak=-1.0)

    assert [row["name"] for row in found.verdict["measures"] if not row["passed"]] == ["true peak"]


def test_silence_has_a_finite_loudness() -> None:
    found = checking.check_loudness(CTX, Audio(np.zeros((RATE, 1), np.float32), RATE))

    assert [row["measured"] for row in found.verdict["measures"]] == [-120.0, -120.0]


def test_a_failed_check_is_an_error_where_it_is_asked_for() -> None:
    with pytest.raises(StudioError, match=r"check\.loudness did not pass: loudness") as caught:
        checking.check_loudness(CTX, Audio(make_tone(0), RATE), on_fail="fail")

    assert caught.value.code == "E325"
