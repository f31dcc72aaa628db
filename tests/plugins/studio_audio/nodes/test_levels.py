"""Gain, loudness after ITU-R BS.1770-4, compressor, limiter."""

from __future__ import annotations

import numpy as np
import pytest

from studio.api import Audio
from studio.testing import TestContext
from studio_audio import loudness
from studio_audio.nodes import levels, sources
from tests.plugins.studio_audio.signals import make_noise, make_tone

CTX = TestContext()


@pytest.mark.parametrize("channels", [1, 2, 6])
@pytest.mark.parametrize("peaks", ["limit", "reduce", "allow"])
def test_normalized_audio_has_the_loudness_and_keeps_the_ceiling(channels: int, peaks: str) -> None:
    noise = make_noise(2, channels=channels)

    made = levels.normalize_audio(CTX, noise, loudness=-20.0, ceiling=-1.0, peaks=peaks)

    assert loudness.measure_loudness(made.audio.samples, noise.rate) == pytest.approx(-20, abs=0.1)
    assert loudness.measure_true_peak(made.audio.samples) <= 10 ** (-1 / 20) * 1.001


def test_normalising_limits_peaks_or_takes_less_gain() -> None:
    clicks = make_noise(2).samples.copy() * 0.1
    clicks[::11_000] = 0.9

    limited = levels.normalize_audio(CTX, Audio(clicks, 22_050), loudness=-28.0)
    softer = levels.normalize_audio(CTX, Audio(clicks, 22_050), loudness=-28.0, peaks="reduce")

    for made in (limited, softer):
        assert loudness.measure_true_peak(made.audio.samples) <= 10 ** (-1 / 20) * 1.001
    assert limited.loudness > softer.loudness + 1
    ratio = softer.audio.samples / clicks
    assert ratio.std() < 1e-4


@pytest.mark.parametrize("sound", [Audio(np.zeros((0, 2)), 8000), Audio(np.zeros((5000, 1)), 192_000)])
def test_silence_stays_silence(sound: Audio) -> None:
    ctx = TestContext()

    made = levels.normalize_audio(ctx, sound)

    assert made.audio == sound
    assert made.loudness == -120
    assert "silent" in ctx.messages[0]


def test_gain_is_in_decibels() -> None:
    assert levels.change_gain(CTX, make_tone(), gain=-20.0).samples == pytest.approx(
        make_tone().samples * 0.1, abs=1e-7
    )


def test_a_compressor_turns_down_by_its_ratio_above_the_threshold() -> None:
    tone = Audio(make_tone(500, 1).samples * 2, 22_050)  # 0 dBFS, 24 dB over the threshold

    made = levels.compress_audio(CTX, tone, threshold=-24.0, ratio=4.0, knee=0.0, attack=0.005)

    settled = made.audio.samples[11_000:]
    assert 20 * np.log10(np.abs(settled).max()) == pytest.approx(-18, abs=0.2)
    assert made.gain_reduction == pytest.approx(18, abs=0.2)


def test_a_compressor_leaves_what_is_soft_and_links_channels() -> None:
    soft = make_tone(500, 0.5, channels=2).samples * 0.02
    both = soft.copy()
    both[:, 0] *= 40

    assert levels.compress_audio(CTX, Audio(soft, 22_050)).audio.samples == pytest.approx(soft, abs=1e-6)
    made = levels.compress_audio(CTX, Audio(both, 22_050)).audio.samples
    assert np.abs(made[:, 1] * 40 - made[:, 0]).max() < 1e-5


@pytest.mark.parametrize("true_peak", [False, True])
def test_a_limiter_holds_the_ceiling_and_leaves_what_is_below(true_peak: bool) -> None:
    noise = make_noise(0.5, channels=2)

    limited = levels.limit_audio(CTX, noise, ceiling=-12.0, gain=12.0, true_peak=true_peak)

    measured = loudness.measure_true_peak(limited.samples) if true_peak else np.abs(limited.samples).max()
    assert measured <= 10 ** (-12 / 20) * 1.0001
    assert levels.limit_audio(CTX, make_tone(), ceiling=-3.0) == make_tone()


def test_the_facts_of_clipped_audio_with_an_offset() -> None:
    clipped = Audio(np.clip(make_tone(100).samples * 4, -0.8, 0.8) + 0.2, 22_050)

    facts = sources.describe_audio(CTX, clipped)

    assert facts.facts["clipped"] > 5000
    assert facts.facts["offset"] == pytest.approx(0.2, abs=0.01)
    assert sources.describe_audio(CTX, make_tone()).facts["clipped"] == 0
