"""Subtitles from marks, read back with a parser of their own."""

from __future__ import annotations

import html
import re
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from studio.api import OutputPath, StudioError
from studio.testing import TestContext
from studio_speech.marks import Marks, Sentence, Word, parse_marks, write_marks
from studio_speech.nodes.timing import make_subtitles, save_subtitles
from studio_speech.subtitles import measure_columns

LONG = (
    "Rice is often served in round bowls, and the juice of lemons makes fine punch; "
    "four hours of steady work faced us all."
)


def make_marks(*texts: str, pace: float = 0.3, start: float = 0.0) -> Any:
    """Return marks in which every word takes the same time."""
    sentences, at = [], start
    for text in texts:
        words = []
        for word in text.split():
            words.append(Word(word, at, at + pace))
            at += pace
        sentences.append(Sentence(text, words[0].start, at, tuple(words)))
    return write_marks(Marks(at, tuple(sentences)))


def read_srt(text: str) -> list[tuple[float, float, list[str]]]:
    cues = []
    for number, block in enumerate(text.strip("\n").split("\n\n"), 1):
        head, times, *lines = block.split("\n")
        assert head == str(number)
        found = re.fullmatch(r"(\d\d):(\d\d):(\d\d),(\d{3}) --> (\d\d):(\d\d):(\d\d),(\d{3})", times)
        assert found
        parts = [int(part) for part in found.groups()]
        start, end = (h * 3600 + m * 60 + s + ms / 1000 for h, m, s, ms in (parts[:4], parts[4:]))
        cues.append((start, end, lines))
    return cues


@pytest.mark.parametrize("width", [16, 32, 42])
@pytest.mark.parametrize("lines", [1, 2])
def test_subtitles_read_back_whole_in_order_and_within_the_limits(width: int, lines: int) -> None:
    made = make_subtitles(TestContext(), make_marks("It rains.", LONG, LONG), line_width=width, lines=lines)

    cues = read_srt(made.srt)
    assert " ".join(" ".join(each) for _, _, each in cues) == f"It rains. {LONG} {LONG}"
    assert all(1 <= len(each) <= lines and max(map(len, each)) <= width for _, _, each in cues)
    assert all(start < end <= following for (start, end, _), (following, _, _) in pairwise(cues))
    assert all(end - start <= 7.0 for start, end, _ in cues)


def test_a_short_cue_stands_longer_where_there_is_room() -> None:
    marks = make_marks("Yes.", pace=0.2) | {"seconds": 5.0}

    ((start, end, _),) = read_srt(make_subtitles(TestContext(), marks, shortest=1.5).srt)

    assert (start, end) == (0.0, 1.5)


def test_a_long_sentence_breaks_at_punctuation() -> None:
    cues = read_srt(make_subtitles(TestContext(), make_marks(LONG), line_width=38).srt)

    assert [lines[-1][-1] for _, _, lines in cues][:-1] in ([","], [";"], [",", ";"])


def test_wide_scripts_count_double_and_break_anywhere() -> None:
    text = "你好世界" * 12 + "。"
    words = tuple(Word(letter, index * 0.2, index * 0.2 + 0.2) for index, letter in enumerate(text[:-1]))
    marks = write_marks(Marks(10.0, (Sentence(text, 0.0, 9.6, words),)))

    cues = read_srt(make_subtitles(TestContext(), marks, line_width=20).srt)

    assert "".join(line for _, _, lines in cues for line in lines) == text
    assert max(measure_columns(line) for _, _, lines in cues for line in lines) <= 20


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


def test_a_word_wider_than_a_line_is_cut() -> None:
    cues = read_srt(make_subtitles(TestContext(), make_marks("x" * 100), line_width=12, lines=1).srt)

    assert "".join(lines[0] for _, _, lines in cues) == "x" * 100


@pytest.mark.parametrize(
    ("marks", "where"),
    [
        ([], ""),
        ({"sentences": 3}, ""),
        ({"sentences": [{"text": "a", "start": 0}]}, "/sentences/0/end"),
        ({"sentences": [{"text": "a", "start": True, "end": 1}]}, "/sentences/0/start"),
        ({"sentences": [{"text": "a", "start": 2, "end": 1}]}, "/sentences/0"),
        ({"sentences": [{"text": "a", "start": 2, "end": 3}, {"text": "b", "start": 1, "end": 3}]}, "/sentences/1"),
        ({"sentences": [{"text": "a", "start": 0, "end": 1, "words": [3]}]}, "/sentences/0/words/0"),
        ({"sentences": [], "seconds": "long"}, "/seconds"),
    ],
)
def test_what_are_no_marks_is_refused_with_its_place(marks: Any, where: str) -> None:
    with pytest.raises(StudioError) as caught:
        make_subtitles(TestContext(), marks)

    assert (caught.value.code, caught.value.where) == ("E666", where)


def test_marks_survive_json() -> None:
    written = make_marks("It rains.", LONG)

    assert write_marks(parse_marks(written)) == written


def test_subtitles_are_saved_by_their_extension(tmp_path: Path) -> None:
    marks = make_marks("It rains.")

    for name, head in (("a.srt", "1\n"), ("a.vtt", "WEBVTT\n")):
        save_subtitles(TestContext(), marks, OutputPath(tmp_path / name, name))
        assert (tmp_path / name).read_text(encoding="utf-8").startswith(head)
    with pytest.raises(StudioError, match="E671"):
        save_subtitles(TestContext(), marks, OutputPath(tmp_path / "a.txt", "a.txt"))
    assert sorted(each.name for each in tmp_path.iterdir()) == ["a.srt", "a.vtt"]
