"""Videos cut, joined, reversed and paced."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from studio.api import MediaError
from studio.testing import TestContext
from studio_video.nodes import edit
from studio_video.retime import FrameReader, change_speed, even_out, next_frame, reverse, trim
from tests.plugins.studio_video.clips import make_plain, make_uneven, read_levels, read_shown, read_times, tone

CTX = TestContext()


def test_a_frame_that_shows_at_the_start_is_the_first() -> None:
    part = edit.trim_video(CTX, make_plain([10, 20, 30], rate=1), start=0.5)

    assert (read_levels(part), read_times(part)) == ([10, 20, 30], [0.0, 0.5, 1.5])


def test_a_crossfade_passes_evenly_from_one_to_the_next() -> None:
    films = [make_plain([level] * 10, sound=tone(1.0)) for level in (0, 100, 200)]
    film = edit.concatenate_videos(CTX, films, transition="crossfade", transition_seconds=0.5)
    levels = read_levels(film)

    assert film.duration == pytest.approx(2.0)
    assert levels == sorted(levels)
    assert levels[5:10] == pytest.approx([0, 20, 40, 60, 80], abs=1)
    assert np.allclose(np.diff(read_times(film)), 0.1)
    assert film.audio.duration == pytest.approx(2.0)  # type: ignore[union-attr]


@pytest.mark.parametrize("kind", ["wipe_left", "wipe_right", "wipe_up", "wipe_down"])
def test_a_wipe_covers_the_image_from_one_side(kind: Any) -> None:
    film = edit.concatenate_videos(
        CTX, [make_plain([0] * 8), make_plain([255] * 8)], transition=kind, transition_seconds=0.4
    )
    middle = list(film.frames())[6].image.to_uint8()[:, :, 0]

    assert (middle == 255).mean() == pytest.approx(0.5, abs=0.05)
    side = {"wipe_left": middle[:, -1], "wipe_right": middle[:, 0], "wipe_up": middle[-1], "wipe_down": middle[0]}
    assert (side[kind] == 255).all()


@pytest.mark.parametrize(("kind", "level"), [("fade_black", 0), ("fade_white", 255)])
def test_a_fade_passes_through_a_color(kind: Any, level: int) -> None:
    film = edit.concatenate_videos(
        CTX, [make_plain([100] * 8), make_plain([120] * 8)], transition=kind, transition_seconds=0.4
    )

    assert read_levels(film)[6] == level


def test_reversing_holds_a_part_of_the_video_only(monkeypatch: pytest.MonkeyPatch) -> None:
    from studio_video import retime

    monkeypatch.setattr(retime, "_HELD_BYTES", 8 * 16 * 16 * 3 * 3)
    film = make_plain(list(range(20)))
    assert read_levels(edit.reverse_video(CTX, film)) == list(range(19, -1, -1))
    assert read_levels(edit.reverse_video(CTX, edit.reverse_video(CTX, film))) == list(range(20))


UNEVEN = {0.0: 10, 0.1: 20, 0.45: 30, 0.5: 40, 0.9: 50}


def test_played_backwards_each_frame_shows_as_long_as_it_did() -> None:
    backwards = reverse(make_uneven(UNEVEN, 1.0))

    assert read_shown(backwards) == {0.0: 50, 0.1: 40, 0.5: 30, 0.55: 20, 0.9: 10}
    assert read_shown(reverse(backwards)) == UNEVEN


@pytest.mark.parametrize(
    ("factor", "shown"),
    [
        (2.0, {0.0: 10, 0.05: 20, 0.225: 30, 0.25: 40, 0.45: 50}),
        (3.0, {0.0: 10, 0.033333: 20, 0.15: 30, 0.166667: 40, 0.3: 50}),
        (8.0, {0.0: 10, 0.1125: 50}),
        (0.5, {0.0: 10, 0.2: 20, 0.9: 30, 1.0: 40, 1.8: 50}),
    ],
)
def test_at_another_speed_uneven_frames_show_at_their_part_of_the_time(factor: float, shown: dict[float, int]) -> None:
    paced = change_speed(make_uneven(UNEVEN, 1.0), factor, keep_pitch=True)

    assert read_shown(paced) == shown
    assert paced.duration == pytest.approx(1.0 / factor)


def test_a_faster_video_of_even_times_has_even_times_and_the_same_rate() -> None:
    even = make_uneven({index / 10: index for index in range(10)}, 1.0)

    assert read_shown(change_speed(even, 2.0, keep_pitch=True)) == {0.0: 0, 0.1: 2, 0.2: 4, 0.3: 6, 0.4: 8}
    assert list(read_shown(change_speed(even, 2.5, keep_pitch=True)).values()) == [0, 2, 5, 7]


def test_even_times_show_the_frame_that_showed_then() -> None:
    even = even_out(make_uneven(UNEVEN, 1.0), Fraction(10))

    assert list(read_shown(even).values()) == [10, 20, 20, 20, 20, 40, 40, 40, 40, 50]
    assert list(read_shown(even)) == pytest.approx([index / 10 for index in range(10)])
    assert even.count == 10


@pytest.mark.parametrize(
    ("start", "end", "shown"),
    [
        (0.3, 0.9, {0.0: 20, 0.15: 30, 0.2: 40}),
        (0.45, 0.5, {0.0: 30}),
        (0.46, None, {0.0: 30, 0.04: 40, 0.44: 50}),
    ],
)
def test_a_part_begins_with_the_frame_that_shows_and_ends_before_its_end(
    start: float, end: float | None, shown: dict[float, int]
) -> None:
    part = trim(make_uneven(UNEVEN, 1.0), start, end)

    assert read_shown(part) == pytest.approx(shown)
    assert part.duration == pytest.approx((end or 1.0) - start)


@pytest.mark.parametrize(("time", "level"), [(0.0, 10), (0.099, 10), (0.1, 20), (0.44, 20), (0.99, 50), (1.0, None)])
def test_the_frame_of_a_time_is_the_last_that_began(time: float, level: int | None) -> None:
    found = next_frame(make_uneven(UNEVEN, 1.0), time)

    assert (found and int(found.image.to_uint8()[0, 0, 0])) == level


def test_a_reader_goes_forwards_only_and_stays_at_the_last_frame() -> None:
    reader = FrameReader(make_uneven(UNEVEN, 1.0))

    levels = [int(reader.find(time).image.to_uint8()[0, 0, 0]) for time in (0.2, 0.2, 0.6, 5.0, 5.0)]

    assert levels == [20, 20, 40, 50, 50]
    with pytest.raises(MediaError, match="E700"):
        FrameReader(make_uneven({}, 0.0)).find(0.0)


@pytest.mark.parametrize(("kind", "axis", "first"), [("left", 1, 0), ("right", 1, -1), ("up", 0, 0), ("down", 0, -1)])
def test_a_slide_pushes_the_one_before_out(kind: str, axis: int, first: int) -> None:
    from studio.api import Image
    from studio_video.retime import mix

    ramp = np.arange(8, dtype=np.uint8)
    a = np.broadcast_to((ramp if axis else ramp[:, None])[..., None], (8, 8, 1)).copy()
    before, after = Image(a), Image(a + 100)

    made = mix(before, after, 0.25, f"slide_{kind}").stored

    line = np.take(made[:, :, 0], 0, axis=1 - axis).tolist()
    expected = [2, 3, 4, 5, 6, 7, 100, 101] if first == 0 else [106, 107, 0, 1, 2, 3, 4, 5]
    assert line == expected
    assert mix(before, after, 1.0, f"slide_{kind}") == after


def test_a_circle_opens_by_its_area_up_to_the_corners() -> None:
    from studio.api import Image
    from studio_video.retime import mix

    before, after = Image(np.zeros((90, 120, 1), np.uint8)), Image(np.full((90, 120, 1), 255, np.uint8))

    half = mix(before, after, 0.5, "circle").pixels

    assert half.sum() == pytest.approx(np.pi * (0.5 * 76) ** 2, rel=0.01)
    assert mix(before, after, 0.0, "circle") == before
    assert mix(before, after, 1.0, "circle") == after


def test_a_fade_is_a_ramp_at_both_ends_and_keeps_the_middle() -> None:
    film = edit.fade_video(CTX, make_plain([200] * 10, sound=tone(1.0)), fade_in=0.4, fade_out=0.2)

    assert read_levels(film) == pytest.approx([0, 50, 100, 150, 200, 200, 200, 200, 200, 100], abs=1)
    assert film.audio.duration == pytest.approx(1.0)  # type: ignore[union-attr]
    assert read_levels(edit.fade_video(CTX, make_plain([7] * 3), fade_in=0.0, fade_out=0.0)) == [7, 7, 7]
    assert next(edit.fade_video(CTX, make_plain([9] * 3), color="#ff0000").frames()).image.channels == 3
