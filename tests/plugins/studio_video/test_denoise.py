"""Tests of noise and flicker taken out of films."""

from __future__ import annotations

import weakref
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import cv2
import numpy as np
import pytest

from studio.api import Frame, Image, MediaError, Video
from studio.testing import TestContext
from studio_video.deflicker import measure_flicker
from studio_video.denoise import estimate_noise
from studio_video.nodes.motion import deflicker_video, denoise_video, interpolate_video
from tests.plugins.studio_video.scenes import make_scene, make_texture, to_film


def measure(films: list[Any], truth: list[Any]) -> float:
    """Return the mean PSNR in dB."""
    errors = [np.mean((a.astype(float) - b) ** 2) for a, b in zip(films, truth, strict=True)]
    return float(np.mean([10 * np.log10(255**2 / max(error, 1e-9)) for error in errors]))


def spoil(frames: list[Any], deviation: float) -> list[Any]:
    """Return frames with noise."""
    draw = np.random.default_rng(7)
    return [np.clip(np.rint(f + draw.normal(0, deviation, f.shape)), 0, 255).astype(np.uint8) for f in frames]


def read(video: Video) -> list[Any]:
    """Return all frames, 8 bits."""
    return [frame.image.to_uint8() for frame in video.frames()]


def test_noise_is_estimated() -> None:
    flat = np.full((64, 96, 3), 120, np.uint8)

    assert estimate_noise(Image(flat)) == 0
    assert estimate_noise(Image(spoil([flat], 12)[0])) == pytest.approx(12 / 255, rel=0.1)


def test_frames_around_take_out_more_noise_than_one_frame_alone() -> None:
    truth = make_scene(7, speed=2)
    noisy = spoil(truth, 15)

    alone = [
        np.dstack([cv2.fastNlMeansDenoising(np.ascontiguousarray(f[..., c]), None, 15, 5, 15) for c in range(3)])
        for f in noisy
    ]
    made = read(denoise_video(TestContext(), to_film(noisy, 10), noise=15 / 255))

    assert measure(made, truth) > measure(alone, truth) + 1.5
    assert measure(made, truth) > measure(noisy, truth) + 5


def test_a_film_without_noise_stays_as_it_is() -> None:
    frames = [np.full((24, 24, 3), 40 * index, np.uint8) for index in range(4)]

    assert measure(read(denoise_video(TestContext(), to_film(frames, 5))), frames) > 90


def test_nothing_is_averaged_across_a_cut() -> None:
    truth = [*make_scene(4, seed=1), *make_scene(4, seed=2)]

    made = read(denoise_video(TestContext(), to_film(spoil(truth, 8), 5), spatial=0.0))

    assert measure(made[3:5], truth[3:5]) > 30


@pytest.mark.parametrize("shape", [(1, 1, 1), (2, 50, 3), (20, 20, 4), (20, 20, 1)])
def test_films_of_any_shape_are_denoised(shape: tuple[int, ...]) -> None:
    film = to_film(spoil([np.full(shape, 128, np.uint8)] * 3, 10), 5)

    assert [frame.shape for frame in read(denoise_video(TestContext(), film))] == [shape] * 3
    assert [frame.shape for frame in read(deflicker_video(TestContext(), film))] == [shape] * 3


def flicker(frames: list[Any]) -> list[Any]:
    """Return frames each of which has other colors."""
    draw = np.random.default_rng(3)
    return [np.clip(f * draw.uniform(0.8, 1.2, 3), 0, 255).astype(np.uint8) for f in frames]


def test_flicker_goes_and_the_picture_stays() -> None:
    truth = [np.rint(0.6 * frame + 30).astype(np.uint8) for frame in make_scene(10, speed=2)]
    guide, film = to_film(truth, 10), to_film(flicker(truth), 10)

    made = deflicker_video(TestContext(), film, guide=guide)

    assert measure_flicker(made, guide) < 0.35 * measure_flicker(film, guide)
    sharp = [np.abs(cv2.Laplacian(frame, cv2.CV_32F)).mean() for frame in (read(made)[-1], truth[-1])]
    assert sharp[0] > 0.6 * sharp[1]


def test_deflickering_starts_anew_at_a_cut_and_leaves_the_film_alone_without_strength() -> None:
    film = to_film([*make_scene(4, seed=1), *make_scene(4, seed=2)], 10)

    assert np.array_equal(read(deflicker_video(TestContext(), film))[4], read(film)[4])
    assert measure(read(deflicker_video(TestContext(), film, strength=0.0)), read(film)) > 90


def test_a_guide_may_have_another_size_but_not_another_length() -> None:
    frames = make_scene(4)
    film, small = to_film(frames, 10), to_film([cv2.resize(f, (48, 32)) for f in frames], 10)

    assert len(read(deflicker_video(TestContext(), film, guide=small))) == 4
    for guide in (to_film(frames[:3], 10), to_film([*frames, frames[0]], 10)):
        with pytest.raises(MediaError) as caught:
            read(deflicker_video(TestContext(), film, guide=guide))
        assert caught.value.code == "E716"


def test_films_read_twice_are_equal() -> None:
    film = to_film(spoil([make_texture(0, 32, 40)] * 4, 10), 5)
    for made in (denoise_video(TestContext(), film), deflicker_video(TestContext(), film)):
        assert [f.tobytes() for f in read(made)] == [f.tobytes() for f in read(made)]


@pytest.mark.parametrize("way", [interpolate_video, denoise_video, deflicker_video])
def test_few_frames_are_held_however_long_the_film_is(way: Any) -> None:
    scene = make_scene(6, height=16, width=16)
    counts = {"made": 0, "gone": 0, "most": 0}

    def forget() -> None:
        counts["gone"] += 1

    def frames() -> Iterator[Frame]:
        for index in range(60):
            array = scene[index % 6].copy()
            weakref.finalize(array, forget)
            counts["made"] += 1
            counts["most"] = max(counts["most"], counts["made"] - counts["gone"])
            yield Frame(Image(array), index / 10)

    film = Video(frames, width=16, height=16, rate=Fraction(10), count=60)

    assert sum(1 for _ in way(TestContext(), film).frames()) >= 60
    assert counts["most"] <= 9
