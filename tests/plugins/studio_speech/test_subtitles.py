"""Subtitles from marks, read back with a parser of their own."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from studio.testing import TestContext
from studio_speech.marks import Marks, Sentence, Word, parse_marks, write_marks
from studio_speech.nodes.timing import make_subtitles
from studio_speech.subtitles import Layout, make_cues, measure_columns, write_srt, write_vtt
from tests.plugins.studio_speech.written import make_marks, read_srt

LONG = (
    "Rice is often served in round bowls, and the juice of lemons makes fine punch; "
    "four hours of steady work faced us all."
)


@pytest.mark.parametrize("width", [16, 32, 42])
@pytest.mark.parametrize("lines", [1, 2])
def test_subtitles_read_back_whole_in_order_and_within_the_limits(width: int, lines: int) -> None:
    made = make_subtitles(TestContext(), make_marks("It rains.", LONG, LONG), max_columns=width, max_lines=lines)

    cues = read_srt(made.srt)
    assert " ".join(" ".join(each) for _, _, each in cues) == f"It rains. {LONG} {LONG}"
    assert all(1 <= len(each) <= lines and max(map(len, each)) <= width for _, _, each in cues)
    assert all(start < end <= following for (start, end, _), (following, _, _) in pairwise(cues))
    assert all(end - start <= 7.0 for start, end, _ in cues)


def test_a_short_cue_stands_longer_where_there_is_room() -> None:
    marks = make_marks("Yes.", pace=0.2) | {"seconds": 5.0}

    ((start, end, _),) = read_srt(make_subtitles(TestContext(), marks, min_seconds=1.5).srt)

    assert (start, end) == (0.0, 1.5)


def test_a_long_sentence_breaks_at_punctuation() -> None:
    cues = read_srt(make_subtitles(TestContext(), make_marks(LONG), max_columns=38).srt)

    assert [lines[-1][-1] for _, _, lines in cues][:-1] in ([","], [";"], [",", ";"])


def test_wide_scripts_count_double_and_break_anywhere() -> None:
    text = "你好世界" * 12 + "。"
    words = tuple(Word(letter, index * 0.2, index * 0.2 + 0.2) for index, letter in enumerate(text[:-1]))
    marks = write_marks(Marks(10.0, (Sentence(text, 0.0, 9.6, words),)))

    cues = read_srt(make_subtitles(TestContext(), marks, max_columns=20).srt)

    assert "".join(line for _, _, lines in cues for line in lines) == text
    assert max(measure_columns(line) for _, _, lines in cues for line in lines) <= 20


def test_a_word_wider_than_a_line_is_cut() -> None:
    cues = read_srt(make_subtitles(TestContext(), make_marks("x" * 100), max_columns=12, max_lines=1).srt)

    assert "".join(lines[0] for _, _, lines in cues) == "x" * 100


_TEXTS = st.text(st.sampled_from("ab é,.;-> \n\r\t&<\u2028你好\u0301x"), min_size=1, max_size=30)
_TIMES = st.one_of(st.just(0.0), st.floats(0, 20), st.sampled_from([0.0001, 1.0]))


@st.composite
def any_marks(draw: st.DrawFn) -> dict[str, object]:
    sentences, start = [], 0.0
    for _ in range(draw(st.integers(0, 4))):
        start += draw(_TIMES)
        words, at = [], start
        for _ in range(draw(st.integers(0, 12))):
            at += draw(_TIMES)
            words.append({"text": draw(_TEXTS), "start": at, "end": at + draw(_TIMES)})
        text = " ".join(str(word["text"]) for word in words) or draw(_TEXTS)
        sentences.append({"text": text, "start": start, "end": start + draw(_TIMES), "words": words})
    return {"seconds": draw(st.floats(0, 100)), "estimated": False, "sentences": sentences}


@settings(max_examples=150, deadline=None)
@given(any_marks(), st.integers(8, 50), st.integers(1, 3), st.sampled_from([0.1, 1.0, 3.0]),
       st.sampled_from([0.5, 3.0, 7.0]), st.sampled_from([0.0, 0.04, 1.0]))  # fmt: skip
def test_what_is_promised_of_cues_holds_for_any_marks(
    marks: dict[str, object], columns: int, lines: int, shortest: float, longest: float, gap: float
) -> None:
    parsed = parse_marks(marks)
    layout = Layout(columns, lines, shortest, max(longest, shortest), gap)

    cues = make_cues(parsed, layout)

    assert all(0 < cue.end - cue.start <= layout.longest + 0.0005 for cue in cues)
    for cue, following in pairwise(cues):
        assert cue.end <= following.start
        assert cue.end <= following.start - gap + 1e-9 or following.start - cue.start <= gap + 1e-9
    assert all(1 <= len(cue.lines) <= lines for cue in cues)
    assert all(line.strip() and measure_columns(line) <= columns and len(line.splitlines()) == 1
               for cue in cues for line in cue.lines)  # fmt: skip
    said = "".join(word.text for each in parsed.sentences for word in each.words or [Word(each.text, 0, 0)])
    assert sorted("".join("".join(line for line in cue.lines) for cue in cues).replace(" ", "")) == sorted(
        "".join(said.split())
    )
    for text in (write_srt(cues), write_vtt(cues)):
        blocks = text.removeprefix("WEBVTT\n\n").removeprefix("WEBVTT\n").strip("\n").split("\n\n")
        assert len(blocks) == max(len(cues), 1)


def test_a_word_that_lasts_long_leaves_the_screen() -> None:
    marks = {"seconds": 30, "sentences": [{"text": "Thanks for watching", "start": 0, "end": 28, "words": []}]}

    cues = read_srt(make_subtitles(TestContext(), marks).srt)

    assert all(end - start <= 7 for start, end, _ in cues)
    assert len(cues) == 3
