"""Videos cut, joined, resized, retimed, turned round and held still."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from studio.api import Audio, MediaError
from studio.testing import TestContext
from studio_video.nodes import edit
from tests.plugins.studio_video.clips import make_plain, make_video, read_levels, read_times, tone

CTX = TestContext()


def ramp(seconds: float, rate: int = 1000) -> Audio:
    """Audio whose samples count up, so that each place in it is known."""
    return Audio(np.linspace(-1, 1, round(seconds * rate), dtype=np.float32), rate)


def test_a_part_may_be_given_by_its_length() -> None:
    film = make_plain([1, 2, 3, 4], rate=2)

    part = edit.trim_video(CTX, film, start=0.5, seconds=1.0)

    assert (read_levels(part), part.duration) == ([2, 3], pytest.approx(1.0))
    with pytest.raises(MediaError, match="both 'end' and 'seconds'"):
        edit.trim_video(CTX, film, end=1.0, seconds=1.0)


def test_trimming_cuts_frames_and_audio_alike() -> None:
    film = make_plain(list(range(0, 200, 10)), rate=10, sound=ramp(2.0))
    part = edit.trim_video(CTX, film, start=0.5, end=1.2)

    assert read_levels(part) == [50, 60, 70, 80, 90, 100, 110]
    assert read_times(part) == pytest.approx([i / 10 for i in range(7)])
    assert part.duration == pytest.approx(0.7)
    assert np.array_equal(part.audio.samples, ramp(2.0).samples[500:1200])  # type: ignore[union-attr]


@pytest.mark.parametrize(("start", "end"), [(1.0, 0.5), (9.0, None)])
def test_a_span_outside_of_the_video_is_refused(start: float, end: float | None) -> None:
    with pytest.raises(MediaError, match="E701"):
        edit.trim_video(CTX, make_plain([1, 2, 3]), start=start, end=end)


def test_videos_are_joined_with_their_audio() -> None:
    first, second = make_plain([10] * 10, sound=tone(1.0)), make_plain([200] * 5, sound=None)
    film = edit.concatenate_videos(CTX, [first, second])

    assert read_levels(film) == [10] * 10 + [200] * 5
    assert np.allclose(np.diff(read_times(film)), 0.1)
    assert (film.duration, film.audio.duration) == (pytest.approx(1.5), pytest.approx(1.5))  # type: ignore[union-attr]
    assert np.abs(film.audio.samples[8000:]).max() == 0  # type: ignore[union-attr]


def test_videos_of_other_sizes_are_fitted_with_a_warning() -> None:
    ctx = TestContext()
    film = edit.concatenate_videos(ctx, [make_plain([10] * 2, size=16), make_video(3, 32, 16)])

    assert {(f.image.width, f.image.height) for f in film.frames()} == {(16, 16)}
    assert len(ctx.messages) == 1


def test_videos_too_short_for_their_transitions_are_refused() -> None:
    with pytest.raises(MediaError, match="E704"):
        edit.concatenate_videos(CTX, [make_plain([1] * 3)] * 3, transition="crossfade", transition_seconds=0.2)


def test_cropping_takes_the_middle_or_a_place() -> None:
    film = make_video(3)
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
    film = edit.resize_video(CTX, make_video(2), **asked)

    assert {(f.image.width, f.image.height) for f in film.frames()} == {size} == {(film.width, film.height)}
    assert film.audio is not None


@pytest.mark.parametrize("keep_pitch", [True, False])
@pytest.mark.parametrize("factor", [0.3, 0.5, 2.0, 3.0])
def test_speed_takes_the_audio_along(keep_pitch: bool, factor: float) -> None:
    film = make_plain(list(range(0, 200, 10)), rate=10, sound=tone(2.0, frequency=400.0))
    paced = edit.change_video_speed(CTX, film, speed=factor, keep_pitch=keep_pitch)

    assert paced.duration == pytest.approx(2.0 / factor)
    assert paced.audio.duration == pytest.approx(2.0 / factor, abs=0.001)  # type: ignore[union-attr]
    samples = paced.audio.samples[:, 0]  # type: ignore[union-attr]
    middle = samples[len(samples) // 4 : len(samples) * 3 // 4]
    peak = np.abs(np.fft.rfft(middle * np.hanning(len(middle)))).argmax() * 8000 / len(middle)
    assert peak == pytest.approx(400.0 * (1.0 if keep_pitch else factor), rel=0.03)
    times, levels = read_times(paced), read_levels(paced)
    if factor > 1:
        assert times == pytest.approx([index / 10 for index in range(round(20 / factor))], abs=1e-5)
    else:
        assert times == pytest.approx([index / 10 / factor for index in range(20)], abs=1e-5)
    # frame n shows from n / 10 of the source on, and its level is 10 n
    assert levels == [10 * int(time * factor * 10 + 1e-4) for time in times]


def test_a_reversed_video_runs_backwards_with_its_audio() -> None:
    film = make_plain([0, 50, 100, 150], rate=4, sound=ramp(1.0))
    back = edit.reverse_video(CTX, film)

    assert read_levels(back) == [150, 100, 50, 0]
    assert read_times(back) == pytest.approx([0, 0.25, 0.5, 0.75])
    assert np.array_equal(back.audio.samples, ramp(1.0).samples[::-1])  # type: ignore[union-attr]


def test_a_loop_repeats_frames_and_audio() -> None:
    film = edit.loop_video(CTX, make_plain([10, 20, 30], rate=10, sound=tone(0.25)), count=3)

    assert read_levels(film) == [10, 20, 30] * 3
    assert np.allclose(np.diff(read_times(film)), 0.1)
    assert (film.count, film.audio.duration) == (9, pytest.approx(0.9))  # type: ignore[union-attr]
