"""What a plain text says, and what in it is not text."""

from __future__ import annotations

import pytest

from studio_speech.script import Boundary, Span, clean_text, is_speakable, parse_text


def test_an_empty_line_ends_a_paragraph_and_a_line_break_is_a_space() -> None:
    script = parse_text("  One\ntwo \n\n \nThree.\r\nFour\n")

    assert script == [Span("One two"), Boundary(paragraph=True), Span("Three. Four"), Boundary(paragraph=True)]


def test_a_text_of_white_space_says_nothing() -> None:
    assert parse_text(" \n\t\n") == []


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("plain", "plain"),
        ("a\x01b\x1bc", "a b c"),
        ("tab\tand\nline", "tab\tand\nline"),
        ("left\u202eright\u2066", "leftright"),
        ("soft\u00adhyphen\ufeff", "softhyphen"),
        ("a\ud800b\ue000c", "abc"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("one\u2028two\u2029three\x85four", "one\ntwo\n\nthree\nfour"),
    ],
)
def test_control_characters_go_and_joiners_and_line_breaks_stay(text: str, clean: str) -> None:
    assert clean_text(text) == clean


@pytest.mark.parametrize(
    ("text", "says"), [("a", True), ("7", True), ("€", True), ("日", True), ("?!…", False), ("", False)]
)
def test_letters_digits_and_symbols_are_said_and_punctuation_alone_is_not(text: str, says: bool) -> None:
    assert is_speakable(text) is says
