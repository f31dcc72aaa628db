"""Images, videos and subtitles over a video, frame by frame."""

from __future__ import annotations

import numpy as np
import pytest

from studio.api import Image, Placement, Video
from studio_video.captions import Cue, Style
from studio_video.layers import burn_captions, lay_inset, overlay_image
from tests.plugins.studio_video.clips import make_plain, make_uneven, read_levels, read_times, tone

WHITE = Image(np.full((8, 8, 3), 255, np.uint8))


@pytest.mark.parametrize(
    ("start", "end", "shown"), [(0.1, 0.45, [0, 1, 0, 0]), (0.45, None, [0, 0, 1, 1]), (0.0, 0.1, [1, 0, 0, 0])]
)
def test_an_image_shows_from_its_start_up_to_before_its_end(start: float, end: float | None, shown: list[int]) -> None:
    video = make_uneven({0.0: 10, 0.1: 20, 0.45: 30, 0.9: 40}, 1.0)

    made = overlay_image(video, WHITE, 0, 0, 1.0, start, end)

    assert [int(level == 255) for level in read_levels(made)] == shown
    assert read_times(made) == read_times(video)


def test_opacity_mixes() -> None:
    made = overlay_image(make_plain([55], size=8), WHITE, 0, 0, 0.25, 0.0, None)

    assert read_levels(made) == [55 + 50]


def test_an_inset_plays_from_its_start_and_goes_when_it_ends() -> None:
    video = make_plain([0] * 8, size=16)
    inset = make_uneven({0.0: 100, 0.25: 200}, 0.4)

    made = lay_inset(video, inset, Placement("top_left"), 0.5, 0, 0.2, "video")

    assert read_levels(made) == [0, 0, 100, 100, 100, 200, 0, 0]


def test_a_border_is_white_and_lies_inside_the_share() -> None:
    video, inset = make_plain([0], size=16), make_plain([90], size=8)

    made = next(lay_inset(video, inset, Placement("top_left", 2), 0.5, 1, 0.0, "video").frames())
    array = made.image.to_uint8()[..., 0]

    assert np.argwhere(array == 255).min(axis=0).tolist() == [2, 2]
    assert np.argwhere(array > 0).max(axis=0).tolist() == [9, 9]
    assert (array[3:9, 3:9] == 90).all()


@pytest.mark.parametrize(("choice", "hertz"), [("video", {300}), ("inset", {500}), ("mix", {300, 500})])
def test_the_audio_is_that_of_one_or_of_both(choice: str, hertz: set[int]) -> None:
    video, inset = make_plain([0] * 10, sound=tone(1.0, 8000, 300)), make_plain([9] * 10, sound=tone(1.0, 8000, 500))

    made = lay_inset(video, inset, Placement("center"), 0.5, 0, 0.0, choice)

    assert made.audio is not None
    levels = np.abs(np.fft.rfft(made.audio.samples[:, 0]))
    assert {at for at in (300, 500) if levels[at] > 1000} == hertz


def test_captions_show_between_their_times_and_two_at_once_both_show() -> None:
    cues = [Cue(0.1, 0.3, ("one",)), Cue(0.2, 0.4, ("two",))]
    video = make_plain([128] * 5, size=64)

    bottom = burn_captions(video, cues, Style(12))
    changed = [int((frame.image.to_uint8() != 128).any()) for frame in bottom.frames()]
    both = list(burn_captions(video, cues, Style(12)).frames())[2].image.to_uint8()
    single = list(burn_captions(video, cues[:1], Style(12)).frames())[2].image.to_uint8()

    assert changed == [0, 1, 1, 1, 0]
    assert not np.array_equal(both, single)


@pytest.mark.parametrize(
    ("pixel", "channels"), [((255, 0, 0), 3), ((255, 0, 0, 255), 3), ((255, 0, 0, 0), 1), ((90, 90, 90), 1), ((90,), 1)]
)
def test_a_grey_video_becomes_color_where_the_image_has_some(pixel: tuple[int, ...], channels: int) -> None:
    grey = Video.from_images([Image(np.full((8, 8, 1), 40, np.uint8))] * 2, 10)
    image = Image(np.full((4, 4, len(pixel)), pixel, np.uint8))

    made = overlay_image(grey, image, 0, 0, 1.0, 0.1, None)

    first, second = (frame.image.stored for frame in made.frames())
    assert made.channels == channels == first.shape[2] == second.shape[2]
    assert (first == 40).all()
    assert (second[4:, 4:] == 40).all()
    if channels == 3:
        assert (second[:4, :4] == (255, 0, 0)).all()


def make_grey(count: int = 2) -> Video:
    return Video.from_images([Image(np.full((32, 64, 1), 40, np.uint8))] * count, 10)


@pytest.mark.parametrize(("channels", "expected"), [(1, 1), (3, 3), (4, 3)])
def test_a_grey_video_becomes_color_under_an_inset_that_is_not_grey(channels: int, expected: int) -> None:
    red = np.full((8, 8, channels), (200, 10, 20, 255)[:channels], np.uint8)
    inset = Video.from_images([Image(red)] * 2, 10)

    made = lay_inset(make_grey(), inset, Placement("top_left"), 0.5, 0, 0.1, "video")

    first, second = (frame.image.stored for frame in made.frames())
    assert made.channels == expected == first.shape[2] == second.shape[2]
    assert (first == 40).all()
    assert second[4, 4].tolist() == [200, 10, 20][:expected]
    assert (second[:, -1] == 40).all()


@pytest.mark.parametrize(
    ("style", "channels"),
    [
        (Style(12), 1),
        (Style(12, color=(255, 255, 0)), 3),
        (Style(12, box=(0.0, 0.0, 0.5, 1.0)), 3),
        (Style(12, color=(255, 0, 0), box=None), 3),
    ],
)
def test_a_grey_video_becomes_color_under_captions_that_have_some(style: Style, channels: int) -> None:
    made = burn_captions(make_grey(3), [Cue(0.1, 0.2, ("WWW",))], style)

    frames = [frame.image.stored for frame in made.frames()]
    assert {frame.shape[2] for frame in frames} == {channels} == {made.channels}
    assert [bool((frame != 40).any()) for frame in frames] == [False, True, False]
    if channels == 3:
        assert (frames[1][:, :, 0] != frames[1][:, :, 2]).any()
