"""Text split, joined, replaced, and numbers written as text."""

from __future__ import annotations

from typing import Any

import pytest

from studio.api import StudioError
from studio.testing import TestContext
from studio_logic.nodes import texts
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


RECORD = {"name": "Ada", "age": 36.0, "tags": ["x", "y"], "note": "seed 12, seed 7", "a.b": None}


@pytest.mark.parametrize(
    ("inputs", "expected"),
    [
        ({"field": "name"}, ("Ada", ["Ada"], True)),
        ({"field": "age"}, ("36", ["36"], True)),
        ({"field": "tags.1"}, ("y", ["y"], True)),
        ({"field": "/tags"}, ('["x", "y"]', ['["x", "y"]'], True)),
        ({"field": "/a.b"}, ("null", ["null"], True)),
        ({"field": "note", "pattern": r"seed (\d+)"}, ("12", ["12", "7"], True)),
        ({"field": "note", "pattern": "SEED", "ignore_case": True, "group": 0}, ("seed", ["seed", "seed"], True)),
        ({"field": "note", "pattern": "x", "default": "none"}, ("none", [], False)),
        ({"field": "nowhere", "default": ""}, ("", [], False)),
    ],
)
def test_a_text_is_taken_out_of_a_record(inputs: dict[str, Any], expected: tuple[str, list[str], bool]) -> None:
    assert texts.extract_text(CTX, record=RECORD, **inputs) == expected


@pytest.mark.parametrize(
    ("inputs", "code", "message"),
    [
        ({"field": "nowhere"}, "E324", "nothing at '/nowhere': the top has the keys 'name'"),
        ({"field": "a.b"}, "E324", "nothing at '/a/b'"),
        ({"field": "note", "pattern": "x+"}, "E321", "nothing matches 'x\\+' in 'seed 12"),
        ({"field": "note", "pattern": "(s)", "group": 2}, "E321", "no group 2 in '\\(s\\)', which has 1"),
    ],
)
def test_what_is_not_in_a_record_is_an_error(inputs: dict[str, Any], code: str, message: str) -> None:
    with pytest.raises(StudioError, match=message) as caught:
        texts.extract_text(CTX, record=RECORD, **inputs)

    assert caught.value.code == code


def test_a_text_is_replaced_by_pattern_and_without_case() -> None:
    assert texts.replace_text(CTX, "a1 b22", r"\d+", replacement=r"<\g<0>>", regex=True) == "a<1> b<22>"
    assert texts.replace_text(CTX, "Red red", "RED", replacement="blue", ignore_case=True) == "blue blue"
    assert texts.replace_text(CTX, "a.b", ".", replacement="-") == "a-b"
    with pytest.raises(StudioError, match="a pattern of 1001 characters"):
        texts.replace_text(CTX, "a", "a" * 1001, ignore_case=True)


def test_a_text_is_searched_like_a_field() -> None:
    assert texts.extract_text(CTX, text="seed 12\nseed 7", pattern="^seed (.+)$").texts == ["12", "7"]
    assert texts.extract_text(CTX, text="", default="x") == ("", [""], True)
    for inputs in ({}, {"text": "a", "record": {"a": 1}}):
        with pytest.raises(StudioError, match=r"a text (nor|and) a record"):
            texts.extract_text(CTX, **inputs)  # type: ignore[arg-type]
    assert texts.extract_text(CTX, default="x") == ("x", [], False)  # a record that is JSON null
    with pytest.raises(StudioError, match="a text and a record"):
        texts.extract_text(CTX, text="a", record={"a": 1}, default="x")
    assert texts.extract_text(CTX, field="a", default="x") == ("x", [], False)
    with pytest.raises(StudioError, match="no record for the field 'a'"):
        texts.extract_text(CTX, text="a", field="a")
