"""Ducking, gates, echoes, pans, loops and bands, against closed forms."""

from __future__ import annotations

import numpy as np
import pytest

from studio.api import Audio, MediaError
from studio.testing import TestContext
from studio_audio.blocks import BLOCK
from studio_audio.nodes import shaping
from tests.plugins.studio_audio.signals import make_noise, make_tone

CTX = TestContext()
RATE = 8000


def make_constant(seconds: float, level: float = 0.5, channels: int = 1) -> Audio:
    return Audio(np.full((round(seconds * RATE), channels), level, np.float32), RATE)


def read_gain(audio: Audio, seconds: float, level: float = 0.5) -> float:
    return float(20 * np.log10(audio.samples[round(seconds * RATE), 0] / level))


def join(*parts: Audio) -> Audio:
    return Audio(np.concatenate([part.samples for part in parts]), RATE)


def test_music_is_down_while_the_voice_sounds_and_on_ramps_around_it() -> None:
    music, voice = make_constant(10, channels=2), make_constant(2)

    made = shaping.duck_audio(CTX, music, voice, amount=12.0, attack=0.5, hold=0.2, release=1.0, start=4.0).audio

    gains = [read_gain(made, second) for second in (3.4, 3.75, 4.1, 5.9, 6.5, 7.1)]
    assert gains == pytest.approx([0, -6, -12, -12, -6, 0], abs=0.02)
    assert (made.frames, made.channels) == (music.frames, 2)


def test_ramps_that_meet_cross_where_the_lines_do_and_short_pauses_stay_down() -> None:
    voice = join(make_constant(1), make_constant(0.3, 0), make_constant(1), make_constant(1, 0), make_constant(1))

    made = shaping.duck_audio(CTX, make_constant(6), voice, amount=10.0, attack=1.0, hold=0.4, release=1.0).audio

    assert [read_gain(made, second) for second in (1.15, 2.8, 2.55)] == pytest.approx([-10, -5, -7.5], abs=0.05)


def test_the_mix_is_the_sum_of_the_ducked_music_and_the_voice_from_its_start() -> None:
    music, voice = make_constant(2, 0.25), make_constant(2, 0.5)

    made = shaping.duck_audio(CTX, music, voice, start=1.0)

    assert made.mix.frames == 3 * RATE
    assert made.mix.samples[RATE // 4, 0] == pytest.approx(0.25)
    np.testing.assert_allclose(made.mix.samples[RATE : 2 * RATE], made.audio.samples[RATE:] + 0.5, atol=1e-6)


def test_a_silent_voice_leaves_the_music_as_it_is() -> None:
    music = make_constant(2)

    assert shaping.duck_audio(CTX, music, make_constant(1, 0.0)).audio == music


def test_a_gate_turns_down_what_is_soft_and_leaves_what_is_loud() -> None:
    audio = join(make_constant(1, 0.001), make_constant(1), make_constant(1, 0.001))

    made = shaping.gate_audio(CTX, audio, threshold=-40.0, reduction=30.0, hold=0.0)

    assert read_gain(made, 0.5, 0.001) == pytest.approx(-30, abs=0.01)
    assert read_gain(made, 2.5, 0.001) == pytest.approx(-30, abs=0.01)
    assert made.samples[RATE : 2 * RATE] == pytest.approx(0.5)


def test_silence_over_the_longest_is_cut_to_what_is_kept_and_shorter_stays() -> None:
    silence, sound = make_constant(1, 0.0), make_constant(1)
    audio = join(silence, sound, make_constant(0.3, 0.0), sound, silence, sound)

    made = shaping.cut_silence(CTX, audio, max_silence=0.5, keep_seconds=0.1)

    assert made.spans == [[0.9, pytest.approx(3.4)], [pytest.approx(4.2), pytest.approx(5.3)]]
    assert made.audio.duration == pytest.approx(2.5 + 1.1 - 0.005, abs=1e-3)


def test_silence_alone_leaves_nothing() -> None:
    made = shaping.cut_silence(CTX, make_constant(1, 0.0))

    assert (made.audio.frames, made.spans) == (0, [])


def test_echoes_of_an_impulse_are_impulses_that_fall_by_the_feedback() -> None:
    impulse = Audio(np.eye(1, RATE, dtype=np.float32).T.copy(), RATE)

    made = shaping.add_delay(CTX, impulse, seconds=0.25, feedback=0.5, mix=0.4).samples[:, 0]

    heard = np.flatnonzero(made)
    assert heard.tolist() == [2000 * number for number in range(len(heard))]
    np.testing.assert_allclose(made[heard], [1.0, *(0.4 * 0.5**n for n in range(len(heard) - 1))], rtol=1e-6)
    assert 0.5 ** (len(heard) - 2) <= 0.001 * 1.01  # 60 dB under the first
    assert shaping.add_delay(CTX, impulse, keep_tail=False).frames == RATE


@pytest.mark.parametrize("pan", [-1.0, -0.3, 0.0, 0.8, 1.0])
def test_mono_keeps_its_power_wherever_it_is(pan: float) -> None:
    made = shaping.pan_audio(CTX, make_constant(0.01), pan=pan).samples[0].astype(float)

    assert (made**2).sum() == pytest.approx(0.25)
    assert np.arctan2(made[1], made[0]) == pytest.approx((pan + 1) * np.pi / 4, abs=1e-6)


def test_the_width_scales_the_side_and_the_balance_leaves_the_other_channel() -> None:
    stereo = Audio(np.tile(np.array([[0.6, 0.2]], np.float32), (10, 1)), RATE)

    assert shaping.pan_audio(CTX, stereo).samples[0] == pytest.approx([0.6, 0.2])
    assert shaping.pan_audio(CTX, stereo, width=0.0).samples[0] == pytest.approx([0.4, 0.4])
    assert shaping.pan_audio(CTX, stereo, width=2.0).samples[0] == pytest.approx([0.8, 0.0], abs=1e-6)
    assert shaping.pan_audio(CTX, stereo, pan=1.0).samples[0] == pytest.approx([0.0, 0.2], abs=1e-6)
    with pytest.raises(MediaError, match="3 channels"):
        shaping.pan_audio(CTX, make_constant(0.1, channels=3))


def test_a_loop_repeats_to_the_sample_and_its_crossfade_keeps_the_power() -> None:
    short = make_tone(440, 0.3, rate=RATE)
    looped = shaping.loop_audio(CTX, short, 1.0)
    np.testing.assert_array_equal(looped.samples, np.tile(short.samples, (4, 1))[:RATE])

    noise = make_noise(1.0, rate=RATE)
    crossed = shaping.loop_audio(CTX, noise, 5.0, fade_seconds=0.4).samples
    assert len(crossed) == 5 * RATE
    rms = [np.sqrt((crossed[at : at + 3200] ** 2).mean()) for at in range(0, 36_000, 3200)]
    assert rms == pytest.approx([0.1] * len(rms), rel=0.1)
    with pytest.raises(MediaError, match="without samples"):
        shaping.loop_audio(CTX, make_constant(0), 1.0)


@pytest.mark.parametrize("seconds", [0.0, 0.001, 2.0, 2.5 * BLOCK / RATE])
def test_bands_add_up_to_the_audio_whatever_its_length(seconds: float) -> None:
    noise = make_noise(seconds, rate=RATE, channels=2)

    bands = shaping.split_bands(CTX, noise, low=200.0, high=1500.0)

    np.testing.assert_allclose(sum(band.samples for band in bands), noise.samples, atol=1e-6)


@pytest.mark.parametrize(("frequency", "index"), [(60, 0), (600, 1), (3000, 2)])
def test_a_tone_is_in_its_band_alone(frequency: float, index: int) -> None:
    tone = make_tone(frequency, 2.0, rate=RATE)

    bands = shaping.split_bands(CTX, tone, low=200.0, high=1500.0)

    middle = slice(RATE // 2, -RATE // 2)
    levels = [20 * np.log10(np.abs(band.samples[middle]).max() / 0.5 + 1e-9) for band in bands]
    assert levels[index] == pytest.approx(0, abs=0.01)
    assert max(levels[:index] + levels[index + 1 :]) < -60


def test_bands_do_not_depend_on_blocks() -> None:
    noise = make_noise(3 * BLOCK / RATE, rate=RATE)
    stream = Audio.from_blocks(
        lambda: iter(np.array_split(noise.samples, 7)), rate=RATE, channels=1, frames=noise.frames
    )

    whole, parts = (shaping.split_bands(CTX, audio, high=1500.0).low.samples for audio in (noise, stream))

    np.testing.assert_array_equal(whole, parts)


def test_an_envelope_is_the_rms_of_each_frame_relative_to_the_loudest() -> None:
    audio = join(make_tone(400, 0.5, rate=RATE), make_constant(0.5, 0.0), make_constant(0.02, 0.25))

    made = shaping.measure_envelope(CTX, audio, fps=10.0)

    assert made.values == pytest.approx([1.0] * 5 + [0.0] * 5 + [0.25 / np.sqrt(0.125)], abs=1e-3)
    assert made.peak == pytest.approx(20 * np.log10(0.5 / np.sqrt(2)), abs=1e-3)


def test_an_envelope_of_a_band_hears_only_it_and_falls_as_slowly_as_asked() -> None:
    audio = join(make_tone(100, 1, rate=RATE), make_tone(2000, 1, rate=RATE))

    bass = shaping.measure_envelope(CTX, audio, fps=20.0, max_frequency=300.0).values
    slow = shaping.measure_envelope(CTX, audio, fps=20.0, max_frequency=300.0, release=0.5).values

    assert max(bass[22:]) < 0.01
    assert slow[20 + 9] / slow[19] == pytest.approx(np.exp(-1), rel=0.02)
    assert shaping.measure_envelope(CTX, make_constant(1, 0.0)).values == [0.0] * 25
