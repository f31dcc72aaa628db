"""Subtitles as nodes make them."""

from __future__ import annotations

import html
import re
from typing import Any

from studio.testing import TestContext
from studio_speech.nodes.timing import make_subtitles
from tests.plugins.studio_speech.written import make_marks, read_srt

LONG = (
    "Rice is often served in round bowls, and the juice of lemons makes fine punch; "
    "four hours of steady work faced us all."
)


def test_webvtt_has_its_head_and_escapes() -> None:
    made = make_subtitles(TestContext(), make_marks("a<b> & c --> d.", start=3600.0))

    head, cue = made.vtt.strip("\n").split("\n\n")
    times, line = cue.split("\n")
    assert head == "WEBVTT"
    assert re.fullmatch(r"01:00:00\.000 --> 01:00:0\d\.\d{3}", times)
    assert "-->" not in line
    assert html.unescape(line) == "a<b> & c --> d."
    assert made.srt.split("\n")[2] == "a<b> & c → d."


def test_marks_without_words_and_empty_marks_make_subtitles() -> None:
    marks: Any = {"sentences": [{"text": LONG, "start": 0, "end": 12}]}

    assert len(read_srt(make_subtitles(TestContext(), marks).srt)) >= 2
    assert make_subtitles(TestContext(), {"sentences": []}) == ("", "WEBVTT\n")
