"""The audio of videos, sample by sample."""

from __future__ import annotations

import numpy as np
import pytest

from studio.api import Audio
from studio_video.audio import (
    change_pace,
    convert,
    cut,
    cut_or_pad,
    fade_into,
    join_overlapping,
    lay_audio,
    mix_audio,
    repeat,
    turn_round,
)
from tests.plugins.studio_video.clips import make_plain, tone

RATE = 1000


def count(frames: int, channels: int = 1) -> Audio:
    """Audio whose samples count up, so that each can be told."""
    return Audio(np.repeat(np.arange(1, frames + 1, dtype=np.float32)[:, None] / 4096, channels, axis=1), RATE)


def read(audio: Audio) -> list[int]:
    """The first channel, counted."""
    return [round(value * 4096) for value in audio.samples[:, 0].tolist()]


def test_a_cut_is_exact_and_ends_with_the_audio() -> None:
    assert read(cut(count(10), 0.002, 0.005)) == [3, 4, 5]
    assert read(cut(count(10), 0.007, 5.0)) == [8, 9, 10]
    assert read(cut(count(10), 5.0, 6.0)) == []


@pytest.mark.parametrize(
    ("seconds", "delay", "found"),
    [
        (0.004, 0.0, [1, 2, 3, 4]),
        (0.008, 0.0, [1, 2, 3, 4, 5, 6, 0, 0]),
        (0.005, 0.002, [0, 0, 1, 2, 3]),
        (0.005, -0.003, [4, 5, 6, 0, 0]),
        (0.003, 0.01, [0, 0, 0]),
        (0.003, -0.01, [0, 0, 0]),
    ],
)
def test_audio_is_cut_or_padded_to_a_length_after_its_delay(seconds: float, delay: float, found: list[int]) -> None:
    assert read(cut_or_pad(count(6), seconds, delay)) == found


def test_repeated_and_backwards() -> None:
    assert read(repeat(count(3), 3)) == [1, 2, 3] * 3
    assert read(turn_round(count(4))) == [4, 3, 2, 1]
    long = count(600_000)
    assert np.array_equal(turn_round(long).samples, long.samples[::-1])


def test_a_fade_keeps_the_power_of_what_differs() -> None:
    ones, zeros = np.ones((101, 1), np.float32), np.zeros((101, 1), np.float32)

    assert fade_into(ones, zeros) ** 2 + fade_into(zeros, ones) ** 2 == pytest.approx(ones, abs=1e-6)
    assert [fade_into(ones, zeros)[0, 0], fade_into(ones, zeros)[-1, 0]] == [1, 0]


def test_parts_overlap_at_their_edges_and_a_missing_one_is_silent() -> None:
    joined = join_overlapping([count(10), None, count(10)], [0.01, 0.01, 0.008], 0.0)
    faded = join_overlapping([count(10), count(10)], [0.01, 0.01], 0.004)

    assert joined is not None
    assert faded is not None
    assert read(joined) == [*range(1, 11), *[0] * 10, *range(1, 9)]
    assert read(faded)[:6] == [1, 2, 3, 4, 5, 6]
    assert read(faded)[-6:] == [5, 6, 7, 8, 9, 10]
    assert len(read(faded)) == 16
    assert join_overlapping([None, None], [1.0, 1.0], 0.0) is None


def test_a_mix_is_a_sum_that_does_not_pass_full_scale() -> None:
    mixed = mix_audio(count(6), count(3), 2.0, 0.002, 0.006)
    eight = Audio(np.full(5, 0.8, np.float32), RATE)
    loud = mix_audio(eight, eight, 1.0, 0.0, 0.005)

    assert read(mixed) == [1, 2, 3 + 2, 4 + 4, 5 + 6, 6]
    assert loud.samples.max() == 1.0


def test_a_tape_at_double_speed_is_an_octave_higher_and_kept_pitch_is_not() -> None:
    audio = tone(1.0, 8000, 400.0)

    for keep, hertz in ((True, 400), (False, 800)):
        paced = change_pace(audio, 2.0, keep_pitch=keep)
        spectrum = np.abs(np.fft.rfft(paced.samples[:, 0] * np.hanning(paced.frames)))
        assert paced.frames == 4000
        assert spectrum.argmax() * 2 == pytest.approx(hertz, abs=8)


@pytest.mark.parametrize(("channels", "wanted"), [(1, [1, 1, 1]), (2, [1, 2, 0]), (4, [1, 2, 3])])
def test_channels_spread_from_mono_and_otherwise_the_first_ones_stay(channels: int, wanted: list[int]) -> None:
    audio = Audio(np.arange(1, channels + 1, dtype=np.float32)[None].repeat(5, axis=0) / 8, RATE)

    assert (convert(audio, RATE, 3).samples[0] * 8).tolist() == wanted


def test_another_rate_keeps_frequency_and_length() -> None:
    made = convert(tone(1.0, 8000, 400.0), 11_025, 1)

    assert made.frames == 11_025
    assert np.abs(np.fft.rfft(made.samples[:, 0])).argmax() == 400


@pytest.mark.parametrize(("mixes", "found"), [(False, [0, 1, 2, 3]), (True, [1, 3, 5, 7])])
def test_laid_audio_replaces_or_joins_the_videos_own_for_its_length(mixes: bool, found: list[int]) -> None:
    video = make_plain([0, 0, 0, 0], rate=RATE, sound=count(4))

    laid = lay_audio(video, count(100), 0.001, 1.0, mixes=mixes)

    assert laid.audio is not None
    assert read(laid.audio) == found
    assert laid.duration == video.duration
