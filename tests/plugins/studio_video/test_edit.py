"""Films cut, joined, resized, retimed, turned round and held still."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from itertools import pairwise
from typing import Any

import cv2
import numpy as np
import pytest

from studio.api import Audio, Frame, Image, MediaError, Video
from studio.testing import TestContext
from studio_video.nodes import edit
from tests.plugins.studio_video.clips import make_film, make_plain, read_levels, read_times, tone

CTX = TestContext()


def ramp(seconds: float, rate: int = 1000) -> Audio:
    """A sound whose samples count up, so that each place in it is known."""
    return Audio(np.linspace(-1, 1, round(seconds * rate), dtype=np.float32), rate)


def test_trimming_cuts_frames_and_sound_alike() -> None:
    film = make_plain(list(range(0, 200, 10)), rate=10, sound=ramp(2.0))
    part = edit.trim_video(CTX, film, start=0.5, end=1.2)

    assert read_levels(part) == [50, 60, 70, 80, 90, 100, 110]
    assert read_times(part) == pytest.approx([i / 10 for i in range(7)])
    assert part.duration == pytest.approx(0.7)
    assert np.array_equal(part.audio.samples, ramp(2.0).samples[500:1200])  # type: ignore[union-attr]


def test_a_frame_that_shows_at_the_start_is_the_first() -> None:
    part = edit.trim_video(CTX, make_plain([10, 20, 30], rate=1), start=0.5)

    assert (read_levels(part), read_times(part)) == ([10, 20, 30], [0.0, 0.5, 1.5])


@pytest.mark.parametrize(("start", "end"), [(1.0, 0.5), (9.0, None)])
def test_a_span_outside_of_the_film_is_refused(start: float, end: float | None) -> None:
    with pytest.raises(MediaError, match="E701"):
        edit.trim_video(CTX, make_plain([1, 2, 3]), start=start, end=end)


def test_films_are_joined_with_their_sounds() -> None:
    first, second = make_plain([10] * 10, sound=tone(1.0)), make_plain([200] * 5, sound=None)
    film = edit.concatenate_videos(CTX, [first, second])

    assert read_levels(film) == [10] * 10 + [200] * 5
    assert np.allclose(np.diff(read_times(film)), 0.1)
    assert (film.duration, film.audio.duration) == (pytest.approx(1.5), pytest.approx(1.5))  # type: ignore[union-attr]
    assert np.abs(film.audio.samples[8000:]).max() == 0  # type: ignore[union-attr]


def test_a_crossfade_passes_evenly_from_one_to_the_next() -> None:
    films = [make_plain([level] * 10, sound=tone(1.0)) for level in (0, 100, 200)]
    film = edit.concatenate_videos(CTX, films, transition="crossfade", seconds=0.5)
    levels = read_levels(film)

    assert film.duration == pytest.approx(2.0)
    assert levels == sorted(levels)
    assert levels[5:10] == pytest.approx([0, 20, 40, 60, 80], abs=1)
    assert np.allclose(np.diff(read_times(film)), 0.1)
    assert film.audio.duration == pytest.approx(2.0)  # type: ignore[union-attr]


@pytest.mark.parametrize("kind", ["wipe_left", "wipe_right", "wipe_up", "wipe_down"])
def test_a_wipe_covers_the_picture_from_one_side(kind: Any) -> None:
    film = edit.concatenate_videos(CTX, [make_plain([0] * 8), make_plain([255] * 8)], transition=kind, seconds=0.4)
    middle = list(film.frames())[6].image.to_uint8()[:, :, 0]

    assert (middle == 255).mean() == pytest.approx(0.5, abs=0.05)
    side = {"wipe_left": middle[:, -1], "wipe_right": middle[:, 0], "wipe_up": middle[-1], "wipe_down": middle[0]}
    assert (side[kind] == 255).all()


@pytest.mark.parametrize(("kind", "level"), [("fade_black", 0), ("fade_white", 255)])
def test_a_fade_passes_through_a_colour(kind: Any, level: int) -> None:
    film = edit.concatenate_videos(CTX, [make_plain([100] * 8), make_plain([120] * 8)], transition=kind, seconds=0.4)

    assert read_levels(film)[6] == level


def test_films_of_other_sizes_are_fitted_with_a_warning() -> None:
    ctx = TestContext()
    film = edit.concatenate_videos(ctx, [make_plain([10] * 2, size=16), make_film(3, 32, 16)])

    assert {(f.image.width, f.image.height) for f in film.frames()} == {(16, 16)}
    assert len(ctx.messages) == 1


def test_films_too_short_for_their_transitions_are_refused() -> None:
    with pytest.raises(MediaError, match="E704"):
        edit.concatenate_videos(CTX, [make_plain([1] * 3)] * 3, transition="crossfade", seconds=0.2)


def test_cropping_takes_the_middle_or_a_place() -> None:
    film = make_film(3)
    whole = next(film.frames()).image.stored

    middle = next(edit.crop_video(CTX, film, width=32, height=24).frames()).image.stored
    corner = next(edit.crop_video(CTX, film, width=32, height=24, x=0, y=0).frames()).image.stored

    assert np.array_equal(middle, whole[12:36, 16:48])
    assert np.array_equal(corner, whole[:24, :32])
    with pytest.raises(MediaError, match="E701"):
        edit.crop_video(CTX, film, width=32, height=24, x=40)


@pytest.mark.parametrize(
    ("asked", "size"),
    [
        ({"width": 32}, (32, 24)),
        ({"height": 96}, (128, 96)),
        ({"scale": 0.5}, (32, 24)),
        ({"width": 30, "height": 30}, (30, 30)),
        ({"width": 33, "multiple_of": 8}, (32, 24)),
    ],
)
def test_resizing_takes_what_is_given(asked: dict[str, Any], size: tuple[int, int]) -> None:
    film = edit.resize_video(CTX, make_film(2), **asked)

    assert {(f.image.width, f.image.height) for f in film.frames()} == {size} == {(film.width, film.height)}
    assert film.audio is not None


def test_fitting_adds_bars_and_filling_cuts() -> None:
    white = make_plain([255], size=16)
    fitted = next(edit.resize_video(CTX, white, width=32, height=16, mode="fit", color="red").frames()).image.to_uint8()
    filled = next(edit.resize_video(CTX, white, width=32, height=16, mode="fill").frames()).image.to_uint8()

    assert fitted[0, 0].tolist() == [255, 0, 0]
    assert fitted[8, 16].tolist() == [255, 255, 255]
    assert (filled == 255).all()


def test_a_smaller_film_does_not_alias() -> None:
    stripes = Image(np.tile(np.array([0, 255], np.uint8), (64, 32))[:, :, None].repeat(3, axis=2))
    small = edit.resize_video(CTX, Video.from_images([stripes], 1), scale=0.25)

    assert np.abs(next(small.frames()).image.to_uint8().astype(int) - 128).max() <= 2


@pytest.mark.parametrize("pitch", ["keep", "follow"])
@pytest.mark.parametrize("factor", [0.3, 0.5, 2.0, 3.0])
def test_speed_takes_the_sound_along(pitch: Any, factor: float) -> None:
    film = make_plain(list(range(0, 200, 10)), rate=10, sound=tone(2.0, frequency=400.0))
    paced = edit.change_video_speed(CTX, film, factor=factor, pitch=pitch)

    assert paced.duration == pytest.approx(2.0 / factor)
    assert paced.audio.duration == pytest.approx(2.0 / factor, abs=0.001)  # type: ignore[union-attr]
    samples = paced.audio.samples[:, 0]  # type: ignore[union-attr]
    middle = samples[len(samples) // 4 : len(samples) * 3 // 4]
    peak = np.abs(np.fft.rfft(middle * np.hanning(len(middle)))).argmax() * 8000 / len(middle)
    assert peak == pytest.approx(400.0 * (factor if pitch == "follow" else 1.0), rel=0.03)
    assert np.diff(read_times(paced)).min() >= 0.099 if factor > 1 else len(read_times(paced)) == 20


def test_a_reversed_film_runs_backwards_with_its_sound() -> None:
    film = make_plain([0, 50, 100, 150], rate=4, sound=ramp(1.0))
    back = edit.reverse_video(CTX, film)

    assert read_levels(back) == [150, 100, 50, 0]
    assert read_times(back) == pytest.approx([0, 0.25, 0.5, 0.75])
    assert np.array_equal(back.audio.samples, ramp(1.0).samples[::-1])  # type: ignore[union-attr]


def test_reversing_holds_a_part_of_the_film_only(monkeypatch: pytest.MonkeyPatch) -> None:
    from studio_video import retime

    monkeypatch.setattr(retime, "_HELD_BYTES", 8 * 16 * 16 * 3 * 3)
    film = make_plain(list(range(20)))
    assert read_levels(edit.reverse_video(CTX, film)) == list(range(19, -1, -1))
    assert read_levels(edit.reverse_video(CTX, edit.reverse_video(CTX, film))) == list(range(20))


def test_a_loop_repeats_frames_and_sound() -> None:
    film = edit.loop_video(CTX, make_plain([10, 20, 30], rate=10, sound=tone(0.25)), times=3)

    assert read_levels(film) == [10, 20, 30] * 3
    assert np.allclose(np.diff(read_times(film)), 0.1)
    assert (film.count, film.audio.duration) == (9, pytest.approx(0.9))  # type: ignore[union-attr]


def shake(count: int = 40) -> tuple[Video, Any]:
    """A textured scene seen by a trembling camera, and the camera's offsets."""
    rng = np.random.default_rng(3)
    scene = cv2.GaussianBlur(rng.integers(0, 256, (260, 340, 3), dtype=np.uint8), (0, 0), 2)
    scene = cv2.normalize(scene, None, 0, 255, cv2.NORM_MINMAX)
    offsets = rng.normal(0, 3, (count, 2))

    def frames() -> Iterator[Frame]:
        for index, (x, y) in enumerate(offsets):
            matrix = np.array([[1, 0, x - 50], [0, 1, y - 50]], float)
            yield Frame(Image(cv2.warpAffine(scene, matrix, (240, 160))), index / 20)

    return Video(frames, width=240, height=160, rate=Fraction(20), count=count), offsets


def measure_shake(video: Video) -> float:
    """The mean move from frame to frame, by phase correlation."""
    greys = [f.image.pixels.mean(axis=2) for f in video.frames()]
    window = cv2.createHanningWindow((greys[0].shape[1], greys[0].shape[0]), cv2.CV_32F)
    moves = [cv2.phaseCorrelate(a, b, window)[0] for a, b in pairwise(greys)]
    return float(np.mean(np.hypot(*np.array(moves).T)))


def test_a_shaky_film_is_held_still() -> None:
    film, _ = shake()
    still = edit.stabilize_video(CTX, film)

    assert measure_shake(film) > 4
    assert measure_shake(still) < 0.3 * measure_shake(film)
    assert (still.width, still.height, still.count) == (film.width, film.height, film.count)


def test_a_film_without_anything_to_follow_stays_as_it_is() -> None:
    film = make_plain([50] * 5, size=32)

    assert read_levels(edit.stabilize_video(CTX, film)) == [50] * 5
