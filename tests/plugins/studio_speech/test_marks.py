"""Marks as JSON."""

from __future__ import annotations

from typing import Any

import pytest

from studio.api import StudioError
from studio.testing import TestContext
from studio_speech.marks import parse_marks, write_marks
from studio_speech.nodes.timing import make_subtitles
from tests.plugins.studio_speech.written import make_marks

LONG = (
    "Rice is often served in round bowls, and the juice of lemons makes fine punch; "
    "four hours of steady work faced us all."
)


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
