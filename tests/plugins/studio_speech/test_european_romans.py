"""Roman numerals of seven languages: read where a word beside them says that they are numbers."""

from __future__ import annotations

import pytest

from tests.plugins.studio_speech.test_spoken_pairs import say

pytest.importorskip("num2words", reason="needs num2words")
pytest.importorskip("babel", reason="needs babel")


@pytest.mark.parametrize(
    ("language", "written", "spoken"),
    [
        ("de", "Wilhelm II. war", "wilhelm der zweite war"),
        ("de", "die Thronrede Elisabeths II.", "die thronrede elisabeths der zweiten"),
        ("fr", "Napoléon Ier", "napoléon premier"),
        ("fr", "le XIXe siècle", "le dix neuvième siècle"),
        ("es", "Isabel II", "isabel segunda"),
        ("it", "Luigi XIV", "luigi quattordicesimo"),
        ("pl", "XX wiek", "dwudziesty wiek"),
        ("nl", "Willem-Alexander I", "willem alexander de eerste"),
    ],
)
def test_rulers_and_centuries_are_ordinals(language: str, written: str, spoken: str) -> None:
    assert say(written, language) == spoken


@pytest.mark.parametrize(
    ("language", "text"), [("de", "Klasse C"), ("fr", "le type A"), ("es", "tipo C"), ("fr", "xe")]
)
def test_letters_stay_letters(language: str, text: str) -> None:
    assert say(text, language) == text.lower()
