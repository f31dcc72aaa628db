"""Cutting, joining, mixing, fading, channels and generators."""

from __future__ import annotations

import numpy as np
import pytest

from studio.api import Audio, MediaError
from studio.testing import TestContext
from studio_audio.nodes import edits
from tests.plugins.studio_audio.signals import find_frequency, find_rms, make_noise, make_tone

CTX = TestContext()
RAMP = Audio(np.arange(1000, dtype=np.float32) / 1000, 1000)


def test_a_trim_is_exact_to_the_sample() -> None:
    assert np.array_equal(edits.trim_audio(CTX, RAMP, start=0.1, end=0.25).samples, RAMP.samples[100:250])
    assert edits.trim_audio(CTX, RAMP, start=0.9, seconds=0.1) == Audio(RAMP.samples[900:], 1000)
    assert edits.trim_audio(CTX, RAMP, start=1.0).frames == 0


def test_a_span_outside_the_audio_is_an_error_or_silence() -> None:
    padded = edits.trim_audio(CTX, RAMP, start=0.9, seconds=0.3, pad_end=True)

    assert padded.frames == 300
    assert not padded.samples[100:].any()
    for wrong in ({"start": 2.0}, {"end": 1.5}, {"start": 0.5, "end": 0.2}, {"end": 0.5, "seconds": 0.5}):
        with pytest.raises(MediaError) as caught:
            edits.trim_audio(CTX, RAMP, **wrong)
        assert caught.value.code == "E641"


def test_a_padded_trim_over_the_limits_is_refused_before_memory_is_taken() -> None:
    with pytest.raises(MediaError) as caught:
        edits.trim_audio(CTX, make_tone(channels=8, rate=192_000, seconds=0.01), seconds=86_400.0, pad_end=True)
    assert caught.value.code == "E640"


def test_clips_of_several_rates_and_layouts_are_joined_at_the_best_of_them() -> None:
    parts = [make_tone(rate=8000), make_tone(rate=48_000, channels=2)]

    joined = edits.concatenate_audio(CTX, parts, gap=0.5)

    assert (joined.rate, joined.channels, joined.frames) == (48_000, 2, 120_000)
    assert not joined.samples[48_000:72_000].any()
    assert np.array_equal(joined.samples[72_000:], parts[1].samples)
    assert find_frequency(Audio(joined.samples[:48_000], 48_000)) == pytest.approx(440, abs=1)


def test_a_crossfade_of_equal_clips_keeps_the_amplitude_when_it_is_linear() -> None:
    flat = Audio(np.full(1000, 0.5, np.float32), 1000)

    faded = edits.crossfade_audio(CTX, flat, flat, fade_seconds=0.4, shape="linear")

    assert faded.frames == 1600
    assert faded.samples == pytest.approx(0.5, abs=1e-6)


def test_a_crossfade_of_different_clips_keeps_the_power() -> None:
    faded = edits.crossfade_audio(CTX, make_noise(2, seed=1), make_noise(2, seed=2), fade_seconds=1.0)

    assert find_rms(Audio(faded.samples[22_050:44_100], 22_050)) == pytest.approx(0.1, rel=0.03)


def test_a_mix_adds_up_with_gains_and_offsets() -> None:
    one, half = Audio(np.ones(100, np.float32), 1000), Audio(np.full(50, 0.5, np.float32), 1000)

    mixed = edits.mix_audio(CTX, [one, half], gains=[-20.0, 0.0], offsets=[0.0, 0.08])

    assert mixed.frames == 130
    assert mixed.samples[[0, 90, 120], 0] == pytest.approx([0.1, 0.6, 0.5], abs=1e-6)


@pytest.mark.parametrize("wrong", [{"gains": [1.0]}, {"offsets": [0.0, -1.0]}, {"gains": [0.0, 1e9]}])
def test_a_mix_refuses_lists_that_do_not_fit(wrong: dict[str, list[float]]) -> None:
    with pytest.raises(MediaError) as caught:
        edits.mix_audio(CTX, [RAMP, RAMP], **wrong)
    assert caught.value.code == "E641"


@pytest.mark.parametrize("shape", ["linear", "equal_power", "smooth", "exponential"])
def test_a_fade_rises_from_silence_and_leaves_the_middle(shape: str) -> None:
    faded = edits.fade_audio(CTX, Audio(np.ones(1000, np.float32), 1000), fade_in=0.2, fade_out=0.3, shape=shape)

    wave = faded.samples[:, 0]
    assert (np.diff(wave[:200]) >= 0).all()
    assert (np.diff(wave[700:]) <= 0).all()
    assert wave[0] < 0.01
    assert wave[-1] < 0.01
    assert (wave[200:700] == 1).all()


def test_silence_is_cut_off_both_ends_and_what_is_kept_is_told() -> None:
    samples = np.zeros((10_000, 2), np.float32)
    samples[3000:6000, 1] = 0.5

    trimmed = edits.trim_silence(CTX, Audio(samples, 10_000), keep_seconds=0.01)

    assert (trimmed.start, trimmed.end) == pytest.approx((0.29, 0.61))
    assert np.array_equal(trimmed.audio.samples, samples[2900:6100])
    assert edits.trim_silence(CTX, Audio(samples[:100], 10_000)).audio.frames == 0


def test_channels_are_mixed_chosen_and_swapped() -> None:
    samples = np.array([[0.1, 0.2, 0.3, 0.4, 0.5, 0.6]], np.float32)
    sound = Audio(samples, 1000)

    assert edits.change_channels(CTX, sound).samples == pytest.approx(0.35)
    assert edits.change_channels(CTX, sound, layout="select", select=[6, 1, 1]).samples[0].tolist() == pytest.approx(
        [0.6, 0.1, 0.1]
    )
    assert edits.change_channels(CTX, sound, layout="swap").samples[0, 0] == pytest.approx(0.6)
    left = (0.1 + 0.7071 * 0.3 + 0.7071 * 0.5) / (1 + 2 * 0.7071)
    assert edits.change_channels(CTX, sound, layout="stereo").samples[0, 0] == pytest.approx(left, abs=1e-5)


@pytest.mark.parametrize("channels", range(1, 12))
def test_a_downmix_of_full_scale_does_not_clip(channels: int) -> None:
    full = Audio(np.ones((4, channels), np.float32), 1000)

    assert edits.change_channels(CTX, full, layout="stereo").samples == pytest.approx(1.0, abs=1e-6)


@pytest.mark.parametrize("wrong", [{"layout": "select"}, {"layout": "select", "select": [3]}, {"select": [1]}])
def test_channels_that_are_not_there_are_an_error(wrong: dict[str, object]) -> None:
    with pytest.raises(MediaError) as caught:
        edits.change_channels(CTX, make_tone(channels=2), **wrong)
    assert caught.value.code == "E641"


def test_pans_place_each_clip_as_audio_pan_does() -> None:
    left, right = (Audio(np.full((100, 1), level, np.float32), 8000) for level in (0.25, 0.5))

    made = edits.mix_audio(TestContext(), [left, right], pans=[-1.0, 1.0])

    assert made.channels == 2
    assert np.allclose(made.samples, [[0.25, 0.5]], atol=1e-7)
    middle = edits.mix_audio(TestContext(), [left], pans=[0.0]).samples
    assert np.allclose((middle**2).sum(axis=1), 0.25**2)


def test_stereo_in_the_middle_stays_and_beside_it_loses_a_channel() -> None:
    stereo = Audio(np.tile(np.array([[0.25, 0.5]], np.float32), (100, 1)), 8000)

    assert np.allclose(edits.mix_audio(TestContext(), [stereo], pans=[0.0]).samples, [[0.25, 0.5]])
    assert np.allclose(edits.mix_audio(TestContext(), [stereo], pans=[1.0]).samples, [[0.0, 0.5]], atol=1e-7)


def test_more_than_two_channels_have_no_pan() -> None:
    surround = Audio(np.zeros((10, 6), np.float32), 8000)

    with pytest.raises(MediaError) as caught:
        edits.mix_audio(TestContext(), [surround], pans=[0.5])

    assert caught.value.code == "E641"
