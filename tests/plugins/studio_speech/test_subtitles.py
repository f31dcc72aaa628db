"""Subtitles from marks, read back with a parser of their own."""

from __future__ import annotations

from itertools import pairwise

import pytest

from studio.testing import TestContext
from studio_speech.marks import Marks, Sentence, Word, write_marks
from studio_speech.nodes.timing import make_subtitles
from studio_speech.subtitles import measure_columns
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
