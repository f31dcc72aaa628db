"""Tests of more frames a second: exact times, cuts, motion, depths, hostile videos."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from studio.api import Audio, Frame, Image, MediaError, Video
from studio.testing import TestContext
from studio_video.interpolate import Between, find_rate
from studio_video.nodes.motion import interpolate_video
from tests.plugins.studio_video.scenes import make_scene, to_video


def measure(made: Any, truth: Any) -> float:
    """Return the PSNR in dB."""
    error = np.mean((made.astype(np.float64) - truth) ** 2)
    return float(10 * np.log10(255**2 / max(error, 1e-9)))


def times(video: Video) -> list[float]:
    """Return all times."""
    return [frame.time for frame in video.frames()]


def test_the_middle_of_two_frames_is_nearer_to_the_truth_than_their_mix() -> None:
    scene = make_scene(3, speed=6)

    made = Between(Image(scene[0]), Image(scene[2])).make(0.5).to_uint8()
    mix = (scene[0].astype(float) + scene[2]) / 2

    assert measure(made, scene[1]) > measure(mix, scene[1]) + 6


@pytest.mark.parametrize(("rate", "frames"), [(60.0, 60), (48.0, 48), (25.0, 25), (10.0, 10), (7.0, 7), (59.94, 60)])
def test_24_frames_a_second_become_any_number(rate: float, frames: int) -> None:
    film = to_video(make_scene(24, speed=1, height=24, width=32), 24, Audio(np.zeros(8000), 8000))

    made = interpolate_video(TestContext(), film, fps=rate)

    exact = find_rate(rate)
    assert made.count == len(times(made)) == frames
    assert made.rate == exact
    assert times(made) == [round(float(n / exact), 6) for n in range(frames)]
    assert made.audio is film.audio


def test_numbers_of_television_are_exact() -> None:
    assert [find_rate(rate) for rate in (23.976, 29.97, 59.94, 24.0, 12.5, 119.88)] == [
        Fraction(24000, 1001),
        Fraction(30000, 1001),
        Fraction(60000, 1001),
        Fraction(24),
        Fraction(25, 2),
        Fraction(120000, 1001),
    ]


def test_frames_at_the_time_of_an_old_one_are_that_one() -> None:
    scene = make_scene(24, speed=1, height=24, width=32)
    film = to_video(scene, Fraction(24000, 1001))

    made = list(interpolate_video(TestContext(), film, fps=47.952).frames())

    assert len(made) == 48
    assert all(np.array_equal(made[2 * index].image.to_uint8(), scene[index]) for index in range(24))


def test_a_video_read_twice_has_equal_frames() -> None:
    made = interpolate_video(TestContext(), to_video(make_scene(4), 10), fps=25.0)

    first, second = ([frame.image.to_uint8().tobytes() for frame in made.frames()] for _ in range(2))

    assert first == second


def test_uneven_times_become_even_and_motion_keeps_its_pace() -> None:
    scene = make_scene(9, speed=4)
    kept = [0, 1, 4, 6, 8]  # of a video at 10 frames a second

    def frames() -> Iterator[Frame]:
        return (Frame(Image(scene[index]), index / 10) for index in kept)

    film = Video(frames, width=96, height=64, rate=Fraction(10), duration=0.9)

    made = list(interpolate_video(TestContext(), film, fps=10.0).frames())

    assert len(made) == 9
    assert measure(made[3].image.to_uint8(), scene[3]) > 25


def test_slow_motion_lasts_longer_and_so_does_its_audio() -> None:
    tone = Audio(np.sin(np.arange(8000) / 8).astype(np.float32), 8000)
    film = to_video(make_scene(10), 10, tone)

    made = interpolate_video(TestContext(), film, fps=None, speed=0.4)

    assert (made.count, made.rate) == (25, Fraction(10))
    assert made.audio is not None
    assert made.audio.frames == 20_000
    assert len(times(made)) == 25


def test_nothing_is_mixed_across_a_cut() -> None:
    first, second = make_scene(5, seed=1), make_scene(5, seed=2)
    film = to_video([*first, *second], 10)

    made = list(interpolate_video(TestContext(), film, fps=20.0).frames())

    assert np.array_equal(made[9].image.to_uint8(), first[4])
    assert np.array_equal(made[10].image.to_uint8(), second[0])
    mixed = list(interpolate_video(TestContext(), film, fps=20.0, detect_cuts=False).frames())
    assert not np.array_equal(mixed[9].image.to_uint8(), first[4])


@pytest.mark.parametrize("shape", [(1, 1, 3), (1, 90, 1), (7, 5, 4), (40, 33, 1), (40, 33, 4), (16, 40_000, 1)])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_frames_of_any_shape_keep_size_channels_and_depth(shape: tuple[int, ...], dtype: Any) -> None:
    draw = np.random.default_rng(0)
    top = 1.0 if dtype is np.float32 else np.iinfo(dtype).max
    film = Video.from_images([Image((draw.random(shape) * top).astype(dtype)) for _ in range(2)], 4)

    made = list(interpolate_video(TestContext(), film, fps=8.0, detect_cuts=False).frames())

    assert len(made) == 4
    assert all(frame.image.stored.shape == shape and frame.image.stored.dtype == dtype for frame in made)


def test_what_is_clear_leaves_no_color_behind() -> None:
    frames = []
    for left in (4, 12):
        array = np.zeros((32, 48, 4), np.uint8)
        array[..., 0] = 255  # red where nothing shows
        array[8:24, left : left + 16] = (0, 0, 255, 255)
        frames.append(Image(array))

    made = Between(*frames).make(0.5).to_uint8()

    assert made[made[..., 3] > 8][:, 0].max() <= 8


def test_one_frame_lasts_as_long_as_it_did() -> None:
    film = to_video(make_scene(1), 4)

    assert times(interpolate_video(TestContext(), film, fps=20.0)) == [0.0, 0.05, 0.1, 0.15, 0.2]


def test_too_many_frames_are_refused_before_one_is_made() -> None:
    film = Video(lambda: iter([]), width=8, height=8, rate=Fraction(1), count=100_000)

    with pytest.raises(MediaError) as caught:
        interpolate_video(TestContext(), film, fps=1000.0)
    assert caught.value.code == "E715"
