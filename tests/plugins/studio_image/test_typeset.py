"""Text set into lines: wrapped, balanced, kerned, with fallback fonts."""

from __future__ import annotations

import pytest

from studio_image import typeset


def test_wrapping_keeps_lines_within_the_width_and_loses_no_word() -> None:
    style = typeset.Style(typeset.load_fonts("sans"), 20)
    words = "the quick brown fox jumps over the lazy dog and a-hyphenated-word " * 3

    for balanced in (False, True):
        block = typeset.set_block(words, style, 150, balanced=balanced)
        shown = "".join(piece.text for line in block.lines for piece in line.pieces)
        assert max(line.width for line in block.lines) <= 150
        assert shown == words.replace(" ", "")


def test_balancing_evens_out_lines_without_adding_any() -> None:
    style = typeset.Style(typeset.load_fonts("serif"), 20)
    words = "a title of several words that almost fits into one line but does not quite"
    width = typeset.set_block(words, style).width * 0.93

    ragged = [line.width for line in typeset.set_block(words, style, width).lines]
    even = [line.width for line in typeset.set_block(words, style, width, balanced=True).lines]

    assert len(even) == len(ragged) == 2
    assert min(even) > 0.85 * max(even)
    assert min(ragged) < 0.3 * max(ragged)


def test_a_word_wider_than_the_line_is_cut() -> None:
    block = typeset.set_block("x" * 100, typeset.Style(typeset.load_fonts("sans"), 20), 100)

    assert len(block.lines) > 5
    assert block.width <= 100


def test_a_line_is_as_wide_as_its_letters_with_kerning_and_tracking() -> None:
    tables = typeset.load_font("serif").tables
    style = typeset.Style(typeset.load_fonts("serif"), 100, tracking=0.1)

    width = typeset.set_block("AV", style).width

    assert tables.find_kerning("A", "V") < -0.05
    expected = tables.find_advance("A") + tables.find_advance("V") + tables.find_kerning("A", "V") + 0.1
    assert width == pytest.approx(100 * expected)


def test_a_word_with_a_letter_that_the_font_lacks_comes_whole_from_the_wide_font() -> None:
    wide = typeset.load_font("universal")
    block = typeset.set_block("Neon Привет", typeset.Style(typeset.load_fonts("sans"), 20))

    fonts = {piece.text: piece.font is wide for piece in block.lines[0].pieces}

    assert fonts["N"] is False
    assert all(fonts[c] for c in "Привет")
    assert block.missing == ""
