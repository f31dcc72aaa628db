"""Text split, joined, replaced, and numbers written as text."""

from __future__ import annotations

import pytest

from studio.api import StudioError
from studio.testing import TestContext
from studio_logic.nodes.texts import join_texts, replace_text, split_text, write_number

CTX = TestContext()


def test_splitting_takes_the_line_breaks_of_every_system() -> None:
    assert split_text(CTX, "one\r\n two \n\nthree\rfour") == ["one", "two", "three", "four"]


def test_splitting_keeps_what_it_is_told_to_keep() -> None:
    assert split_text(CTX, "a, ,b", separator=",", strip=False, keep_empty=True) == ["a", " ", "b"]


def test_joining_undoes_splitting() -> None:
    assert join_texts(CTX, ["a", "b", "c"], separator=" + ") == "a + b + c"


def test_replacing_works_letter_by_letter_and_within_bounds() -> None:
    assert replace_text(CTX, "a.c abc", "a.c", replacement="x") == "x abc"
    with pytest.raises(StudioError, match="over 1000000"):
        replace_text(CTX, "a" * 10_000, "a", replacement="b" * 1000)


@pytest.mark.parametrize(
    ("number", "settings", "text"),
    [(7, {"min_digits": 3}, "007"), (2.0, {}, "2"), (0.1, {}, "0.1"),
     (-1.25, {"decimals": 1, "min_digits": 2}, "-01.2"), (3, {"decimals": 2}, "3.00")],
)  # fmt: skip
def test_a_number_is_written_as_asked(number: float, settings: dict[str, int], text: str) -> None:
    assert write_number(CTX, number, **settings) == text
