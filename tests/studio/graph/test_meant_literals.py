"""Literals that do not fit and can mean one value only."""

from __future__ import annotations

from typing import Any

import pytest

from studio.api import Field, TypeSpec
from studio.graph.meant_literals import find_meant_literal, hint_plain_literal


@pytest.mark.parametrize(
    ("value", "type_name", "meant"),
    [
        ("32", "int", [32]),
        ("-0.5", "float", [-0.5]),
        ("1e3", "number", [1000.0]),
        ("true", "bool", [True]),
        ("yes", "bool", []),
        ("1", "bool", []),
        ("1.5", "int", []),
        ("true", "int", []),
        ("NaN", "float", []),
        ("1e999", "float", []),
        ("32 px", "int", []),
        ("32", "text", []),
        (["32"], "int", []),
        (10**400, "float", []),
    ],
)
def test_quoted_numbers_and_bools_mean_what_json_says(value: Any, type_name: str, meant: list[Any]) -> None:
    assert list(find_meant_literal(value, TypeSpec(type_name))) == meant


@pytest.mark.parametrize(
    ("value", "meant"), [(1.0000000000000002, [1]), (1.001, []), (2, []), (-1e-12, []), (0.9999999999999999, [1])]
)
def test_a_number_a_rounding_error_over_its_limit_means_the_limit(value: float, meant: list[Any]) -> None:
    spec = TypeSpec("float", limits=Field(ge=0, le=1))

    assert list(find_meant_literal(value, spec)) == meant


def test_a_text_that_is_none_of_the_choices_or_no_frames_has_a_hint() -> None:
    frames = TypeSpec("int").listed()

    assert hint_plain_literal("luod", TypeSpec("choice", choices=("loud", "plain"))) == "did you mean 'loud'?"
    assert "at character 5, found 'y'" in hint_plain_literal("1-10y", frames)
    assert hint_plain_literal("1-10", frames) == ""
    assert hint_plain_literal(5, frames) == ""
    assert hint_plain_literal("a", TypeSpec("int")) == ""
