"""Text is cleaned to one line, measured and cut to the room there is."""

from __future__ import annotations

import pytest
from PIL import ImageFont

from studio.graph.drawing.text import clean, clip_text, measure_text, shorten


def test_text_is_cut_to_the_room_there_is() -> None:
    assert clip_text("short", 12, 100) == "short"
    cut = clip_text("W" * 1000, 12, 100)
    assert cut.endswith("…")
    assert measure_text(cut, 12) <= 100


def test_as_much_is_kept_as_fits() -> None:
    cut = clip_text("abcdefghijkl" * 9, 12, 100)

    assert measure_text(cut[:-1] + "mm…", 12) > 100


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a\nb\tc", "a b c"),
        ("a\x00\x1b[1mb", "a[1mb"),
        ("a\u202eb\u200bc", "abc"),
        ("\ud800x\ue000", "x"),
        ("é日", "é日"),
    ],
)
def test_what_a_terminal_or_xml_does_not_show_is_left_out(text: str, line: str) -> None:
    assert clean(text) == line


@pytest.mark.parametrize(("text", "cut"), [("abcd", "abcd"), ("abcde", "abc…"), ("", "")])
def test_text_is_cut_to_a_number_of_characters(text: str, cut: str) -> None:
    assert shorten(text, 4) == cut


@pytest.mark.parametrize("text", ["image.new", "a width of 12 px", "WWWMMM", "illustration", "list[int]", "THE QUICK"])
def test_a_measure_is_near_that_of_a_real_font(text: str) -> None:
    font = ImageFont.load_default(100)
    assert isinstance(font, ImageFont.FreeTypeFont)

    assert 0.9 < measure_text(text, 100) / font.getlength(text) < 1.35


def test_bold_and_wide_letters_take_more_room() -> None:
    assert measure_text("abc", 12, bold=True) > measure_text("abc", 12)
    assert measure_text("日本", 10) == 20.0
    assert measure_text("abc", 24) == 2 * measure_text("abc", 12)
