"""Subtitles read and drawn."""

from __future__ import annotations

import pytest

from studio.api import MediaError
from studio.testing import TestContext
from studio_video.nodes import layers
from studio_video.subtitles import Cue, parse_subtitles
from tests.plugins.studio_video.clips import make_plain

CTX = TestContext()
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


def test_captions_that_are_too_wide_are_wrapped_and_stay_inside() -> None:
    text = "00:00:00,000 --> 00:00:01,000\n" + "a rather long line of words " * 4 + "Donaudampfschifffahrt" * 3
    film = layers.caption_video(CTX, make_plain([100], size=160), text, font_scale=0.06, anchor="center")
    changed = (next(film.frames()).image.to_uint8() != 100).any(axis=2)

    assert changed.any()
    assert not changed[:, :2].any()
    assert not changed[:, -2:].any()


def test_characters_that_the_font_lacks_are_named() -> None:
    ctx = TestContext()
    layers.caption_video(ctx, make_plain([1]), "00:00:00,000 --> 00:00:01,000\n雨 Ähm")

    assert "雨" in ctx.messages[0]
    assert "Ä" not in ctx.messages[0]


def test_fractions_of_a_second_have_one_to_three_digits() -> None:
    cues = parse_subtitles("1\n00:00:01,5 --> 00:00:02,25\none\n\n2\n00:03.007 --> 01:00:04.070\ntwo\n")

    assert [(cue.start, cue.end) for cue in cues] == [(1.5, 2.25), (3.007, 3604.07)]
