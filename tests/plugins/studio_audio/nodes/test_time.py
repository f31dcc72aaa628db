"""Resampling, stretching, shifting, and splitting into what sings and what strikes."""

from __future__ import annotations

import numpy as np
import pytest

from studio.api import Audio, MediaError
from studio.testing import TestContext
from studio_audio.nodes import time
from tests.plugins.studio_audio.signals import find_frequency, find_rms, make_tone

CTX = TestContext()


@pytest.mark.parametrize(("source", "target"), [(8000, 48_000), (192_000, 44_100), (44_100, 44_101)])
def test_resampling_keeps_frequency_level_and_length(source: int, target: int) -> None:
    changed = time.resample_audio(CTX, make_tone(1000, rate=source, channels=3), sample_rate=target)

    assert changed.frames == target
    assert changed.channels == 3
    assert find_frequency(changed) == pytest.approx(1000, abs=1)
    assert find_rms(changed) == pytest.approx(0.5 / np.sqrt(2), rel=0.002)


@pytest.mark.parametrize("method", ["music", "tones"])
@pytest.mark.parametrize("factor", [0.6, 1.7])
def test_a_stretched_tone_keeps_frequency_and_level(method: str, factor: float) -> None:
    changed = time.stretch_time(CTX, make_tone(channels=2), speed=1 / factor, method=method)

    middle = Audio(changed.samples[3000:-3000], 22_050)
    assert changed.frames == round(22_050 * factor)
    assert find_frequency(middle) == pytest.approx(440, rel=0.002)
    assert find_rms(middle) == pytest.approx(0.5 / np.sqrt(2), rel=0.05)
    assert np.array_equal(changed.samples[:, 0], changed.samples[:, 1])


def test_a_stretch_to_a_length_is_exact_and_a_factor_of_1_changes_nothing() -> None:
    assert time.stretch_time(CTX, make_tone(), seconds=1.23456).frames == round(1.23456 * 22_050)
    assert time.stretch_time(CTX, make_tone(), speed=1.0) == make_tone()
    for wrong in ({}, {"speed": 2.0, "seconds": 2.0}, {"seconds": 100.0}):
        with pytest.raises(MediaError) as caught:
            time.stretch_time(CTX, make_tone(), **wrong)
        assert caught.value.code == "E641"


def test_clicks_stay_clicks_and_move_in_time() -> None:
    clicks = np.zeros(44_100, np.float32)
    clicks[[11_025, 33_075]] = 0.9

    changed = time.stretch_time(CTX, Audio(clicks, 22_050), speed=1 / 1.5).samples[:, 0]

    for place in (16_537, 49_612):
        near = np.abs(changed[place - 2000 : place + 2000])
        assert near.max() > 0.3
        assert abs(int(np.argmax(near)) - 2000) < 400


def test_the_places_of_channels_stay() -> None:
    samples = make_tone(440, 1, channels=2).samples * np.array([1.0, -0.5], np.float32)

    changed = time.stretch_time(CTX, Audio(samples, 22_050), speed=1 / 1.5, method="tones").samples[3000:-3000]

    assert np.corrcoef(changed[:, 0], changed[:, 1])[0, 1] < -0.999
    assert changed[:, 0].std() / changed[:, 1].std() == pytest.approx(2, rel=0.01)


@pytest.mark.parametrize("semitones", [-12.0, 3.5, 7.0])
def test_a_shifted_tone_has_the_pitch_asked_for_and_the_same_length(semitones: float) -> None:
    changed = time.shift_pitch(CTX, make_tone(), semitones=semitones)

    assert changed.frames == 22_050
    assert find_frequency(Audio(changed.samples[3000:-3000], 22_050)) == pytest.approx(
        440 * 2 ** (semitones / 12), rel=0.002
    )


@pytest.mark.parametrize("margin", [1.0, 2.0])
def test_what_sings_and_what_strikes_add_up_to_the_audio(margin: float) -> None:
    sound = make_tone(440, 1.5).samples.copy()
    sound[::5512] += 0.9

    parts = time.split_harmonic_percussive(CTX, Audio(sound, 22_050), margin=margin)

    total = parts.harmonic.samples + parts.percussive.samples + parts.rest.samples
    assert total == pytest.approx(sound, abs=1e-6)
    assert np.abs(parts.percussive.samples[16_536]) > 0.5
    assert parts.harmonic.samples[7000:10_000].std() > 8 * parts.percussive.samples[7000:10_000].std()


@pytest.mark.parametrize("method", ["music", "tones"])
def test_stretching_leaves_an_offset_where_it_is(method: str) -> None:
    offset = Audio(make_tone(220, 2.0).samples * 0.4 + np.float32(0.3), 22_050)

    made = time.stretch_time(CTX, offset, speed=1 / 1.3, method=method).samples[:, 0]

    slow = np.convolve(made, np.ones(2205) / 2205, "valid")[8000:-8000]
    assert slow == pytest.approx(np.full(len(slow), 0.3), abs=0.001)
