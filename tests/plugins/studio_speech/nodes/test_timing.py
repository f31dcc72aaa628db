"""Subtitles as nodes make them."""

from __future__ import annotations

import html
import re
from pathlib import Path
from typing import Any

import pytest

import studio_speech
import studio_video
from studio.app import Studio
from studio.settings import load_settings
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


@pytest.mark.parametrize(
    "node",
    [
        {"type": "speech.say", "inputs": {"text": "Hello there"}},
        {"type": "speech.to_text", "inputs": {"audio": {"from": "inputs.said"}, "model": "file:/voice"}},
    ],
)
def test_marks_where_subtitles_belong_are_an_error_before_the_run(tmp_path: Path, node: dict[str, Any]) -> None:
    draw = {"video": {"from": "inputs.film"}, "subtitles": {"from": "said.marks"}}
    document = {
        "studio": 1,
        "inputs": {"film": {"type": "video"}, "said": {"type": "audio"}},
        "nodes": {"said": node, "draw": {"type": "video.draw_subtitles", "inputs": draw}},
        "outputs": {"film": {"from": "draw"}},
    }
    settings = load_settings(cache_dir=tmp_path / "cache", device="cpu")
    with Studio(settings, plugins=[("speech", studio_speech), ("video", studio_video)], discover=False) as studio:
        found = [each for each in studio.validate(studio.load(document)) if each.code == "E114"]

    assert [(each.where, each.hint) for each in found] == [
        ("/nodes/draw/inputs/subtitles/from", "speech.subtitles makes SubRip and WebVTT text of marks")
    ]
