"""Images, videos, words and audio laid over videos; frames taken out and put together; scenes found."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from studio.api import Audio, Image
from studio.testing import TestContext
from studio_video.nodes import layers
from tests.plugins.studio_video.clips import make_plain, read_levels, tone

CTX = TestContext()
RED = Image(np.tile(np.array([255, 0, 0], np.uint8), (4, 4, 1)))


def find_red(image: Image) -> list[tuple[int, int]]:
    """Rows and columns of the red pixels."""
    array = image.to_uint8().astype(int)
    return [tuple(place) for place in np.argwhere((array[:, :, 0] > 200) & (array[:, :, 1] < 60))]


@pytest.mark.parametrize(
    ("asked", "corner"),
    [
        ({"anchor": "top_left", "margin": 1}, (1, 1)),
        ({"anchor": "bottom_right", "margin": 1}, (11, 11)),
        ({"anchor": "center"}, (6, 6)),
        ({"x": 3, "y": 5}, (5, 3)),
    ],
)
def test_an_image_lies_where_it_is_put(asked: dict[str, Any], corner: tuple[int, int]) -> None:
    film = layers.overlay_video(CTX, make_plain([100]), RED, **asked)
    red = find_red(next(film.frames()).image)

    assert (min(red), len(red)) == (corner, 16)


def test_an_image_shows_for_its_time_and_by_its_opacity() -> None:
    film = layers.overlay_video(CTX, make_plain([100] * 6), RED, x=0, y=0, start=0.2, end=0.4, opacity=0.5)

    assert read_levels(film) == [100, 100, 178, 178, 100, 100]


def test_what_sticks_out_is_not_shown_and_alpha_counts() -> None:
    clear = Image(np.zeros((8, 8, 4), np.uint8))
    assert read_levels(layers.overlay_video(CTX, make_plain([100]), clear, x=-4, y=-4)) == [100]
    assert len(find_red(next(layers.overlay_video(CTX, make_plain([9]), RED, x=-2, y=14).frames()).image)) == 4
    assert not find_red(next(layers.overlay_video(CTX, make_plain([9]), RED, x=99, y=99).frames()).image)


def test_an_inset_shows_small_as_long_as_it_lasts() -> None:
    below, above = make_plain([50] * 10, size=64, sound=tone(1.0)), make_plain([250] * 4, size=32, sound=tone(0.4))
    film = layers.inset_video(CTX, below, above, anchor="top_left", scale=0.5, margin=0, border=0, start=0.3)
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


def test_captions_show_in_their_time_at_their_place() -> None:
    film = layers.caption_video(CTX, make_plain([100] * 10, size=160), SRT, font_scale=0.08)
    changed = [(frame.image.to_uint8() != 100).any(axis=(1, 2)) for frame in film.frames()]

    assert [bool(rows.any()) for rows in changed] == [False, True, True, False, False, True, True, True, True, False]
    assert not changed[1][:100].any()
    assert changed[5].sum() > changed[1].sum()


def test_audio_replaces_the_videos_own_for_its_length() -> None:
    film = make_plain([1] * 10, sound=tone(1.0))
    new = Audio(np.full(16_000, 0.25, np.float32), 8000)
    laid = layers.mux_video(CTX, film, new, delay=0.5).audio
    mixed = layers.mux_video(CTX, film, new, mode="mix", gain=-6.0).audio

    assert laid is not None
    assert mixed is not None
    assert (laid.frames, float(laid.samples[3999, 0]), float(laid.samples[4001, 0])) == (8000, 0.0, 0.25)
    assert mixed.samples.mean() == pytest.approx(0.125, abs=0.002)
