"""Texts written beside the outputs."""

from __future__ import annotations

from pathlib import Path

import pytest

from studio.api import OutputPath, StudioError
from studio.testing import TestContext
from studio_speech.nodes.timing import save_subtitles
from tests.plugins.studio_speech.written import make_marks


def test_subtitles_are_saved_by_their_extension(tmp_path: Path) -> None:
    marks = make_marks("It rains.")

    for name, head in (("a.srt", "1\n"), ("a.vtt", "WEBVTT\n")):
        save_subtitles(TestContext(), marks, OutputPath(tmp_path / name, name))
        assert (tmp_path / name).read_text(encoding="utf-8").startswith(head)
    with pytest.raises(StudioError, match="E671"):
        save_subtitles(TestContext(), marks, OutputPath(tmp_path / "a.txt", "a.txt"))
    assert sorted(each.name for each in tmp_path.iterdir()) == ["a.srt", "a.vtt"]
