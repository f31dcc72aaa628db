"""Pictures, films, words and sounds laid over films; frames taken out and put together; scenes found."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from studio.api import Audio, Image, MediaError, Video
from studio.testing import TestContext
from studio_video.captions import Cue, parse_subtitles
from studio_video.nodes import frames, inspect, layers
from tests.plugins.studio_video.clips import make_film, make_plain, read_levels, tone

CTX = TestContext()
RED = Image(np.tile(np.array([255, 0, 0], np.uint8), (4, 4, 1)))


def find_red(image: Image) -> list[tuple[int, int]]:
    """Rows and columns of the red pixels."""
    array = image.to_uint8().astype(int)
    return [tuple(place) for place in np.argwhere((array[:, :, 0] > 200) & (array[:, :, 1] < 60))]


@pytest.mark.parametrize(
    ("asked", "corner"),
    [
        ({"corner": "top_left", "margin": 1}, (1, 1)),
        ({"corner": "bottom_right", "margin": 1}, (11, 11)),
        ({"corner": "center"}, (6, 6)),
        ({"x": 3, "y": 5}, (5, 3)),
    ],
)
def test_a_picture_lies_where_it_is_put(asked: dict[str, Any], corner: tuple[int, int]) -> None:
    film = layers.overlay_video(CTX, make_plain([100]), RED, **asked)
    red = find_red(next(film.frames()).image)

    assert (min(red), len(red)) == (corner, 16)


def test_a_picture_shows_for_its_time_and_by_its_opacity() -> None:
    film = layers.overlay_video(CTX, make_plain([100] * 6), RED, x=0, y=0, start=0.2, end=0.4, opacity=0.5)

    assert read_levels(film) == [100, 100, 178, 178, 100, 100]


def test_what_sticks_out_is_not_shown_and_alpha_counts() -> None:
    clear = Image(np.zeros((8, 8, 4), np.uint8))
    assert read_levels(layers.overlay_video(CTX, make_plain([100]), clear, x=-4, y=-4)) == [100]
    assert len(find_red(next(layers.overlay_video(CTX, make_plain([9]), RED, x=-2, y=14).frames()).image)) == 4
    assert not find_red(next(layers.overlay_video(CTX, make_plain([9]), RED, x=99, y=99).frames()).image)


def test_an_inset_shows_small_as_long_as_it_lasts() -> None:
    below, above = make_plain([50] * 10, size=64, sound=tone(1.0)), make_plain([250] * 4, size=32, sound=tone(0.4))
    film = layers.inset_video(CTX, below, above, corner="top_left", scale=0.5, margin=0, border=0, start=0.3)
    shown = [(frame.image.to_uint8() == 250).mean() for frame in film.frames()]

    assert shown == pytest.approx([0] * 3 + [0.25] * 4 + [0] * 3)
    assert film.audio.duration == pytest.approx(1.0)  # type: ignore[union-attr]


SRT = """1
00:00:00,100 --> 00:00:00,300
It <i>rains</i> &amp; pours.

2
00:00:00,500 --> 00:00:00,900
{\\an8}Two lines
of words
"""
VTT = """WEBVTT

STYLE
::cue { color: red }

first
00:00.100 --> 00:00.300 align:start
<v Ann>It rains &amp; pours.
"""


def test_subtitles_are_read_from_both_formats() -> None:
    assert parse_subtitles(SRT) == [
        Cue(0.1, 0.3, ("It rains & pours.",)),
        Cue(0.5, 0.9, ("Two lines", "of words")),
    ]
    assert parse_subtitles(VTT) == [Cue(0.1, 0.3, ("It rains & pours.",))]
    assert parse_subtitles("\ufeff" + SRT.replace("\n", "\r\n")) == parse_subtitles(SRT)


@pytest.mark.parametrize("text", ["", "no cue at all", "00:00:02,000 --> 00:00:01,000\nback"])
def test_a_text_without_subtitles_is_refused(text: str) -> None:
    with pytest.raises(MediaError, match="E703"):
        parse_subtitles(text)


def test_captions_show_in_their_time_at_their_place() -> None:
    film = layers.caption_video(CTX, make_plain([100] * 10, size=160), SRT, size=0.08)
    changed = [(frame.image.to_uint8() != 100).any(axis=(1, 2)) for frame in film.frames()]

    assert [bool(rows.any()) for rows in changed] == [False, True, True, False, False, True, True, True, True, False]
    assert not changed[1][:100].any()
    assert changed[5].sum() > changed[1].sum()


def test_captions_that_are_too_wide_are_wrapped_and_stay_inside() -> None:
    text = "00:00:00,000 --> 00:00:01,000\n" + "a rather long line of words " * 4 + "Donaudampfschifffahrt" * 3
    film = layers.caption_video(CTX, make_plain([100], size=160), text, size=0.06, position="middle")
    changed = (next(film.frames()).image.to_uint8() != 100).any(axis=2)

    assert changed.any()
    assert not changed[:, :2].any()
    assert not changed[:, -2:].any()


def test_characters_that_the_font_lacks_are_named() -> None:
    ctx = TestContext()
    layers.caption_video(ctx, make_plain([1]), "00:00:00,000 --> 00:00:01,000\n雨 Ähm")

    assert "雨" in ctx.messages[0]
    assert "Ä" not in ctx.messages[0]


def test_a_sound_replaces_the_films_own_for_its_length() -> None:
    film = make_plain([1] * 10, sound=tone(1.0))
    new = Audio(np.full(16_000, 0.25, np.float32), 8000)
    laid = layers.mux_video(CTX, film, new, delay=0.5).audio
    mixed = layers.mux_video(CTX, film, new, mode="mix", gain=-6.0).audio

    assert laid is not None
    assert mixed is not None
    assert (laid.frames, float(laid.samples[3999, 0]), float(laid.samples[4001, 0])) == (8000, 0.0, 0.25)
    assert mixed.samples.mean() == pytest.approx(0.125, abs=0.002)


def test_frames_are_taken_evenly_or_at_times() -> None:
    film = make_plain(list(range(0, 100, 10)))

    assert [int(i.to_uint8().flat[0]) for i in frames.take_video_frames(CTX, film, count=5)] == [10, 30, 50, 70, 90]
    assert [int(i.to_uint8().flat[0]) for i in frames.take_video_frames(CTX, film, times=[0.95, 0.0, 0.31])] == [
        90,
        0,
        30,
    ]
    with pytest.raises(MediaError, match="E701"):
        frames.take_video_frames(CTX, film, times=[5.0])


def test_pictures_of_other_sizes_are_fitted_to_the_first() -> None:
    pictures = [Image(np.full((20, 20, 3), 90, np.uint8)), Image(np.full((10, 20), 90, np.uint8))]
    film = frames.make_video(CTX, pictures, rate=5.0)

    assert [(f.image.width, f.image.height, f.image.channels, f.time) for f in film.frames()] == [
        (20, 20, 3, 0.0),
        (20, 20, 3, 0.2),
    ]


def test_a_contact_sheet_shows_frames_in_order() -> None:
    film = make_plain([40, 90, 140, 190], rate=1, size=32)
    sheet = frames.make_contact_sheet(CTX, film, count=4, columns=2, width=32, labels=False).to_uint8()

    assert [int(sheet[y, x, 0]) for y in (20, 60) for x in (20, 60)] == [40, 90, 140, 190]


def test_a_film_tells_what_it_is() -> None:
    facts = inspect.describe_video(CTX, make_film())

    assert (facts.seconds, facts.rate, facts.width, facts.height, facts.has_sound) == (1.0, 12.0, 64, 48, True)


def test_scenes_begin_at_cuts() -> None:
    rng = np.random.default_rng(0)
    scenes = [rng.integers(0, 256, (8, 8, 3), dtype=np.uint8).repeat(8, 0).repeat(8, 1) for _ in range(3)]
    film = Video.from_images([Image(scenes[i // 6]) for i in range(18)], 6)
    found = inspect.find_scenes(CTX, film)

    assert found.starts == [0.0, 1.0, 2.0]
    assert [picture.to_uint8()[0, 0].tolist() for picture in found.pictures] == [s[0, 0].tolist() for s in scenes]
    assert found.scenes[-1] == {"start": 2.0, "end": 3.0, "frame": 12}  # type: ignore[index]
