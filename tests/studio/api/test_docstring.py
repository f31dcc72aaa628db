"""Docstrings in Google style, taken apart."""

from __future__ import annotations

import pytest

from studio.api.docstring import parse_docstring

FULL = """Do a thing
    over two lines.

    More about it,
    in a paragraph.

    And another: with a colon.

    Args:
        first: The first.
        second (int): The second,
            on two lines: with a colon.
        third: A list:
            - entry: one

    Returns:
        What came of it.

    Raises:
        ValueError: If not.
    """


@pytest.mark.parametrize("text", [None, ""])
def test_an_absent_docstring_has_empty_parts(text: str | None) -> None:
    parsed = parse_docstring(text)

    assert (parsed.summary, parsed.description, dict(parsed.args)) == ("", "", {})


def test_the_summary_is_one_line() -> None:
    assert parse_docstring(FULL).summary == "Do a thing over two lines."


def test_the_description_ends_where_a_section_begins() -> None:
    assert parse_docstring(FULL).description == "More about it,\nin a paragraph.\n\nAnd another: with a colon."


def test_entries_are_joined_over_their_lines() -> None:
    assert parse_docstring(FULL).args == {
        "first": "The first.",
        "second": "The second, on two lines: with a colon.",
        "third": "A list: - entry: one",
    }


@pytest.mark.parametrize("head", ["Args", "Arguments", "Attributes"])
def test_each_name_of_the_section_is_understood(head: str) -> None:
    assert parse_docstring(f"Do.\n\n{head}:\n    a: An a.\n").args == {"a": "An a."}


def test_text_after_other_sections_is_no_entry() -> None:
    assert "ValueError" not in parse_docstring(FULL).args


def test_blank_lines_between_entries_do_no_harm() -> None:
    assert parse_docstring("Do.\n\nArgs:\n    a: One.\n\n    b: Two.\n").args == {"a": "One.", "b": "Two."}


def test_only_a_summary() -> None:
    parsed = parse_docstring("Do.")

    assert (parsed.summary, parsed.description) == ("Do.", "")
