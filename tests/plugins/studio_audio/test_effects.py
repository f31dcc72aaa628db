"""Filters, reverb, noise reduction, resampling, stretching, pitch, separation."""

from __future__ import annotations

import numpy as np
import pytest

from studio.api import Audio, MediaError
from studio.testing import TestContext
from studio_audio.filters import create_biquad
from studio_audio.nodes import effects, time
from tests.plugins.studio_audio.signals import find_frequency, find_rms, make_noise, make_tone

CTX = TestContext()


def measure_gain(sound: Audio, changed: Audio) -> float:
    half = sound.frames // 2
    return 20 * np.log10(find_rms(Audio(changed.samples[half:], 1)) / find_rms(Audio(sound.samples[half:], 1)))


@pytest.mark.parametrize(
    ("band", "frequency", "gain"),
    [
        ({"kind": "peak", "frequency": 1000, "gain": -12, "q": 2}, 1000, -12),
        ({"kind": "peak", "frequency": 1000, "gain": 12, "q": 8}, 4000, 0),
        ({"kind": "low_shelf", "frequency": 1000, "gain": 6}, 60, 6),
        ({"kind": "low_shelf", "frequency": 300, "gain": 6}, 8000, 0),
        ({"kind": "high_shelf", "frequency": 1000, "gain": -9}, 9000, -9),
        ({"kind": "low_pass", "frequency": 1000}, 1000, -3.01),
        ({"kind": "high_pass", "frequency": 1000}, 1000, -3.01),
        ({"kind": "band_pass", "frequency": 1000, "q": 3}, 1000, 0),
    ],
)
def test_a_band_has_its_gain_at_its_frequency(band: dict[str, float], frequency: float, gain: float) -> None:
    tone = make_tone(frequency)

    changed = effects.equalize_audio(CTX, tone, bands=[band])

    assert measure_gain(tone, changed) == pytest.approx(gain, abs=0.15)


def test_a_notch_silences_its_frequency_and_cuts_fall_by_24_decibels_an_octave() -> None:
    notched = effects.equalize_audio(CTX, make_tone(1000, 2), bands=[{"kind": "notch", "frequency": 1000, "q": 2}])
    cut = effects.equalize_audio(CTX, make_tone(500), low_cut=1000.0)

    assert measure_gain(make_tone(1000, 2), notched) < -60
    assert measure_gain(make_tone(500), cut) == pytest.approx(-24.1, abs=0.3)


def test_filters_are_the_same_in_blocks_and_stable_at_the_edges() -> None:
    from scipy.signal import sosfilt

    noise = make_noise(7)  # more than two blocks
    section = create_biquad("peak", 22_050, 3000, 6, 1)

    changed = effects.equalize_audio(CTX, noise, bands=[{"frequency": 3000, "gain": 6, "q": 1}])

    assert changed.samples[:, 0] == pytest.approx(sosfilt([section], noise.samples[:, 0].astype(float)), abs=1e-6)
    assert np.abs(effects.equalize_audio(CTX, noise, low_cut=1.0, high_cut=11_000.0).samples).max() < 2


@pytest.mark.parametrize(
    ("bands", "code"),
    [
        ("loud", "E646"),
        ([{"kind": "peek", "frequency": 100}], "E646"),
        ([{"gain": 3}], "E646"),
        ([{"frequency": 100, "gain": 1e9}], "E646"),
        ([{"frequency": 100, "q": True}], "E646"),
        ([{"frequency": 11_025}], "E641"),
        ([{"frequency": "high"}], "E641"),
    ],
)
def test_bands_that_are_none_are_told(bands: object, code: str) -> None:
    with pytest.raises(MediaError) as caught:
        effects.equalize_audio(CTX, make_tone(), bands=bands)
    assert caught.value.code == code


def test_a_room_rings_as_long_as_it_should() -> None:
    click = Audio(np.eye(1, 100, dtype=np.float32)[0], 8000)

    room = effects.add_reverb(CTX, click, seconds=1.0, mix=1.0, delay=0.1, damping=0.0)

    power = room.samples[:, 0].astype(np.float64) ** 2
    decay = 10 * np.log10(np.cumsum(power[::-1])[::-1] / power.sum() + 1e-12)  # Schroeder 1965
    assert power[:800].max() < 1e-12
    early, late = (int(np.argmax(decay < level)) for level in (-5, -35))
    assert (late - early) / 8000 * 2 == pytest.approx(1.0, rel=0.1)


def test_an_impulse_response_of_one_sample_changes_nothing_and_a_silent_one_is_refused() -> None:
    tone = make_tone(channels=2)

    assert effects.add_reverb(CTX, tone, impulse=Audio([0.3], 22_050), mix=1.0).samples == pytest.approx(
        tone.samples, abs=1e-6
    )
    with pytest.raises(MediaError, match="silent"):
        effects.add_reverb(CTX, tone, impulse=Audio(np.zeros(100), 22_050))


def test_noise_is_turned_down_and_the_voice_stays() -> None:
    tone, noise = make_tone(500, 2).samples.copy(), make_noise(2).samples * 0.1
    tone[:11_025] = 0

    made = effects.denoise_audio(CTX, Audio(tone + noise, 22_050), noise=Audio(noise[:11_025], 22_050), reduction=20.0)

    before, after = noise[1000:9000], made.audio.samples[1000:9000]
    assert 20 * np.log10(after.std() / before.std()) == pytest.approx(-20, abs=2)
    assert made.audio.samples[15_000:] == pytest.approx(tone[15_000:], abs=0.03)
    assert made.audio.samples + made.noise.samples == pytest.approx(tone + noise, abs=1e-6)


def test_without_a_profile_the_quietest_fifth_is_the_noise() -> None:
    tone, noise = make_tone(500, 3).samples.copy(), make_noise(3).samples * 0.1
    tone[22_050:44_100] = 0

    made = effects.denoise_audio(CTX, Audio(tone + noise, 22_050)).audio.samples

    assert 20 * np.log10(made[26_000:40_000].std() / noise[26_000:40_000].std()) < -12


@pytest.mark.parametrize(("source", "target"), [(8000, 48_000), (192_000, 44_100), (44_100, 44_101)])
def test_resampling_keeps_frequency_level_and_length(source: int, target: int) -> None:
    changed = time.resample_audio(CTX, make_tone(1000, rate=source, channels=3), rate=target)

    assert changed.frames == target
    assert changed.channels == 3
    assert find_frequency(changed) == pytest.approx(1000, abs=1)
    assert find_rms(changed) == pytest.approx(0.5 / np.sqrt(2), rel=0.002)


@pytest.mark.parametrize("method", ["music", "tones"])
@pytest.mark.parametrize("factor", [0.6, 1.7])
def test_a_stretched_tone_keeps_frequency_and_level(method: str, factor: float) -> None:
    changed = time.stretch_time(CTX, make_tone(channels=2), factor=factor, method=method)

    middle = Audio(changed.samples[3000:-3000], 22_050)
    assert changed.frames == round(22_050 * factor)
    assert find_frequency(middle) == pytest.approx(440, rel=0.002)
    assert find_rms(middle) == pytest.approx(0.5 / np.sqrt(2), rel=0.05)
    assert np.array_equal(changed.samples[:, 0], changed.samples[:, 1])


def test_a_stretch_to_a_length_is_exact_and_a_factor_of_1_changes_nothing() -> None:
    assert time.stretch_time(CTX, make_tone(), seconds=1.23456).frames == round(1.23456 * 22_050)
    assert time.stretch_time(CTX, make_tone(), factor=1.0) == make_tone()
    for wrong in ({}, {"factor": 2.0, "seconds": 2.0}, {"seconds": 100.0}):
        with pytest.raises(MediaError) as caught:
            time.stretch_time(CTX, make_tone(), **wrong)
        assert caught.value.code == "E641"


def test_clicks_stay_clicks_and_move_in_time() -> None:
    clicks = np.zeros(44_100, np.float32)
    clicks[[11_025, 33_075]] = 0.9

    changed = time.stretch_time(CTX, Audio(clicks, 22_050), factor=1.5).samples[:, 0]

    for place in (16_537, 49_612):
        near = np.abs(changed[place - 2000 : place + 2000])
        assert near.max() > 0.3
        assert abs(int(np.argmax(near)) - 2000) < 400


def test_the_places_of_channels_stay() -> None:
    samples = make_tone(440, 1, channels=2).samples * np.array([1.0, -0.5], np.float32)

    changed = time.stretch_time(CTX, Audio(samples, 22_050), factor=1.5, method="tones").samples[3000:-3000]

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
def test_what_sings_and_what_strikes_add_up_to_the_sound(margin: float) -> None:
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

    made = time.stretch_time(CTX, offset, factor=1.3, method=method).samples[:, 0]

    slow = np.convolve(made, np.ones(2205) / 2205, "valid")[8000:-8000]
    assert slow == pytest.approx(np.full(len(slow), 0.3), abs=0.001)
