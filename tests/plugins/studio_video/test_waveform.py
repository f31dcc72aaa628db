"""The waveform of audio as a video: levels against the RMS, bars by hand."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from studio.api import Audio, MediaError
from studio.testing import TestContext
from studio_video import waveform
from studio_video.nodes.frames import make_audio_video
from studio_video.waveform import Look, draw_bars, draw_waveform, measure_bars

CLEAR = (0.0, 0.0, 0.0, 0.0)
LOOK = Look(200, 100, 10, 1.0, (1.0, 0.0, 0.0, 1.0), (0.0, 0.0, 1.0, 1.0), CLEAR)


def test_a_bar_is_the_rms_of_its_part_over_both_channels_relative_to_the_loudest() -> None:
    samples = np.random.default_rng(1).normal(0, 0.1, (40_000, 2)).astype(np.float32)
    samples *= np.linspace(0, 1, 40_000)[:, None]
    audio = Audio(samples, 8000)

    levels = measure_bars(audio, 0.25)

    parts = np.sqrt(np.square(samples.astype(np.float64)).reshape(20, -1).mean(axis=1))
    assert levels == pytest.approx(parts / parts.max(), abs=1e-9)
    assert measure_bars(Audio(np.zeros((800, 1), np.float32), 8000), 0.05).tolist() == [0.0, 0.0]


def test_bars_are_as_high_as_their_levels_and_change_color_in_the_middle() -> None:
    shown = draw_bars(np.array([1.0, 0.5] * 5), 0.5, LOOK)
    centers = [10 + 20 * bar for bar in range(1, 9)]  # the outer two fade

    heights = [(shown[:, center, 3].astype(float) / 255).sum() for center in centers]
    radius = 0.55 * 20 / 2
    low = 2 * (radius + (50 - radius) * 0.5)
    assert heights == pytest.approx([low, 100] * 4, abs=1)
    assert [shown[50, center, :3].tolist() for center in centers] == [[255, 0, 0]] * 4 + [[0, 0, 255]] * 4
    assert (shown[:, 20::20, 3] == 0).all()


def test_bars_move_to_the_left_without_a_change_and_silence_is_a_dot() -> None:
    levels = np.array([0.2, 0.9, 0.4, 0.0, 0.7, 0.1] * 4)

    first, then = draw_bars(levels, 0.7, LOOK), draw_bars(levels, 0.8, LOOK)

    assert np.abs(first[:, 60:180, 3].astype(int) - then[:, 40:160, 3]).max() <= 1
    before = draw_bars(np.array([1.0]), 0.0, LOOK)[:, :90, 3]
    assert before.max() > 200
    assert not before[: 50 - 7].any()


def test_the_video_has_the_length_and_the_sound_of_the_audio() -> None:
    audio = Audio(np.ones((8100, 1), np.float32), 8000)

    video = draw_waveform(audio, Fraction(10), LOOK)

    assert (video.count, video.channels) == (11, 4)
    assert [frame.time for frame in video.frames()] == pytest.approx([index / 10 for index in range(11)])
    assert video.audio == audio


def test_an_opaque_background_needs_no_alpha_and_empty_audio_is_refused() -> None:
    audio = Audio(np.zeros((800, 1), np.float32), 8000)

    video = make_audio_video(TestContext(), audio, width=64, height=16, background="#102030")

    assert video.channels == 3
    assert next(video.frames()).image.stored[0, 0].tolist() == [16, 32, 48]
    with pytest.raises(MediaError, match="without frames") as caught:
        make_audio_video(TestContext(), Audio(np.zeros((0, 1), np.float32), 8000))
    assert caught.value.code == "E504"


def test_levels_of_many_blocks_are_measured_once_and_have_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    audio, measured = Audio(np.ones((8000, 1), np.float32), 8000), []
    monkeypatch.setattr(waveform, "measure_bars", lambda *given: measured.append(given) or np.ones(10))

    video = draw_waveform(audio, Fraction(10), LOOK)
    assert len(list(video.frames())) == len(list(video.frames())) == 10

    assert len(measured) == 1
    monkeypatch.undo()
    monkeypatch.setattr(waveform, "_MOST_BARS", 50)
    with pytest.raises(MediaError, match="80 bars") as caught:
        measure_bars(audio, 1 / 80)
    assert caught.value.code == "E504"


def test_a_part_that_lies_in_two_blocks_is_measured_over_both() -> None:
    samples = np.random.default_rng(2).normal(0, 0.1, (300_000, 1)).astype(np.float32)
    audio = Audio(samples, 8000)
    assert len(list(audio.blocks())) > 1

    levels = measure_bars(audio, 0.125)

    parts = np.sqrt(np.square(samples.astype(np.float64)).reshape(300, -1).mean(axis=1))
    assert levels == pytest.approx(parts / parts.max(), abs=1e-9)
