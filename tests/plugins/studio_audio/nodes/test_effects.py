"""Filters, reverb, noise reduction, resampling, stretching, pitch, separation."""

from __future__ import annotations

import numpy as np
import pytest

from studio.api import Audio, MediaError
from studio.testing import TestContext
from studio_audio.filters import create_biquad
from studio_audio.nodes import edits, effects, time
from tests.plugins.studio_audio.signals import find_rms, make_noise, make_tone

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
        ([{"frequency": "high"}], "E646"),
    ],
)
def test_bands_that_are_none_are_told(bands: object, code: str) -> None:
    with pytest.raises(MediaError) as caught:
        effects.equalize_audio(CTX, make_tone(), bands=bands)
    assert caught.value.code == code


def test_a_room_rings_as_long_as_it_should() -> None:
    click = Audio(np.eye(1, 100, dtype=np.float32)[0], 8000)

    room = effects.add_reverb(CTX, click, decay_seconds=1.0, mix=1.0, delay=0.1, damping=0.0)

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

    made = effects.denoise_audio(
        CTX, Audio(tone + noise, 22_050), noise_profile=Audio(noise[:11_025], 22_050), reduction=20.0
    )

    before, after = noise[1000:9000], made.audio.samples[1000:9000]
    assert 20 * np.log10(after.std() / before.std()) == pytest.approx(-20, abs=2)
    assert made.audio.samples[15_000:] == pytest.approx(tone[15_000:], abs=0.03)
    assert made.audio.samples + made.noise.samples == pytest.approx(tone + noise, abs=1e-6)


def test_without_a_profile_the_quietest_fifth_is_the_noise() -> None:
    tone, noise = make_tone(500, 3).samples.copy(), make_noise(3).samples * 0.1
    tone[22_050:44_100] = 0

    made = effects.denoise_audio(CTX, Audio(tone + noise, 22_050)).audio.samples

    assert 20 * np.log10(made[26_000:40_000].std() / noise[26_000:40_000].std()) < -12


@pytest.mark.parametrize(
    "sound",
    [Audio(np.zeros((0, 2)), 44_100), Audio([0.5], 8000), Audio(np.zeros((3000, 1)), 8000),
     Audio(np.full((3000, 3), 0.4), 192_000), make_noise(0.05, rate=192_000, channels=8),
     Audio(np.clip(make_tone(100).samples * 9, -1, 1), 22_050)],
    ids=["empty", "one sample", "silent", "offset", "8 channels at 192 kHz", "clipped"],
)  # fmt: skip
def test_hostile_audio_goes_through_every_effect(sound: Audio) -> None:
    effect = {
        "equalize": effects.equalize_audio(CTX, sound, bass=6.0, low_cut=20.0),
        "reverb": effects.add_reverb(CTX, sound, decay_seconds=0.1, keep_tail=False),
        "denoise": effects.denoise_audio(CTX, sound).audio,
        "split": time.split_harmonic_percussive(CTX, sound).harmonic,
        "shift": time.shift_pitch(CTX, sound, semitones=3.0),
        "stretch": time.stretch_time(CTX, sound, speed=1 / 1.0001),
        "fade": edits.fade_audio(CTX, sound, fade_in=9.0, fade_out=9.0),
    }

    for name, made in effect.items():
        assert (made.rate, made.channels) == (sound.rate, sound.channels), name
        assert abs(made.frames - sound.frames) <= 2, name
    assert time.resample_audio(CTX, sound, sample_rate=8000).frames == round(sound.frames * 8000 / sound.rate)
