"""JSON: pointers, and conversions to and from other types."""

from __future__ import annotations

import json

import pytest

from studio.api import JsonValue, StudioError
from studio.testing import TestContext
from studio_logic.nodes import json_values

CTX = TestContext()


@pytest.mark.parametrize("text", ["{", "{'a': 1}", "NaN", "1e999", "-Infinity", "[1,]", "[" * 100_000])
def test_what_is_not_json_is_an_error(text: str) -> None:
    with pytest.raises(StudioError) as caught:
        json_values.parse_json(CTX, text)

    assert caught.value.code == "E324"


def test_json_survives_being_written_and_read() -> None:
    value = {"a": [1, 2.5, None, True], "ü": "x"}

    assert json_values.parse_json(CTX, json_values.write_text(CTX, value)).value == value
    assert json_values.write_text(CTX, value, indent=2) == json.dumps(value, indent=2, ensure_ascii=False)


@pytest.mark.parametrize(("value", "number"), [(3, 3), (" 1.5e3 ", 1500.0), ("12", 12), (0.5, 0.5)])
def test_numbers_are_read_from_text_and_json(value: JsonValue, number: float) -> None:
    assert json_values.read_number(CTX, value) == number


@pytest.mark.parametrize("value", ["", "abc", "nan", "inf", True, None, [1], "1" * 200])
def test_what_is_no_number_is_an_error(value: JsonValue) -> None:
    with pytest.raises(StudioError, match="is not a number"):
        json_values.read_number(CTX, value)


def test_only_a_list_becomes_a_list() -> None:
    assert json_values.read_list(CTX, [1, "a"]).values == [1, "a"]
    with pytest.raises(StudioError, match="is not a list"):
        json_values.read_list(CTX, {"a": 1})
