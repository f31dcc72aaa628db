"""Types of ends: annotations parsed, values checked."""

from __future__ import annotations

import math
from dataclasses import replace
from enum import IntEnum
from fractions import Fraction
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import pytest

from studio.api import Audio, Channels, Field, File, Image, Mask, Model, OutputPath
from studio.api.annotation import parse_annotation
from studio.api.type_spec import (
    MAX_DEPTH,
    TypeSpec,
    ValueProblem,
    check_value,
    describe_value,
    parse_type_name,
)

CLASSES: dict[str, type] = {"image": Image, "mask": Mask, "audio": Audio}
GREY = Image(np.zeros((2, 3), np.uint8))


class Size(IntEnum):
    """Sizes."""

    SMALL = 1


def check(spec: TypeSpec | str, value: Any) -> Any:
    """Check a value against a type, or the name of one."""
    return check_value(parse_type_name(spec) if isinstance(spec, str) else spec, value, CLASSES)


FITTING: list[tuple[str, Any, Any]] = [
    ("text", "", ""),
    ("text", np.str_("a"), "a"),
    ("int", 7, 7),
    ("int", -(10**30), -(10**30)),
    ("int", np.int64(3), 3),
    ("int", np.uint8(255), 255),
    ("int", Size.SMALL, 1),
    ("float", 1, 1.0),
    ("float", np.float32(0.5), 0.5),
    ("float", Fraction(1, 4), 0.25),
    ("number", 3, 3),
    ("number", 3.0, 3.0),
    ("number", np.int32(3), 3),
    ("bool", True, True),
    ("bool", np.bool_(False), False),
    ("json", {"a": [1, 2.5, None, True, ("x",)]}, {"a": [1, 2.5, None, True, ["x"]]}),
    ("json", np.float64(1.5), 1.5),
    ("json", None, None),
    ("any", None, None),
    ("list[int]", (1, 2), [1, 2]),
    ("list[float]", [1, 2.5], [1.0, 2.5]),
    ("list[list[text]]", [["a"], []], [["a"], []]),
    ("image", GREY, GREY),
    ("list[image]", [GREY], [GREY]),
]


@pytest.mark.parametrize(("name", "value", "expected"), FITTING)
def test_values_that_fit_come_back_in_the_form_of_their_type(name: str, value: Any, expected: Any) -> None:
    checked = check(name, value)

    assert checked == expected
    assert type(checked) is type(expected)


REFUSED: list[tuple[str, Any, str]] = [
    ("text", 1, "found 1"),
    ("text", b"x", "a bytes"),
    ("text", None, "found null"),
    ("text", "\ud800", "lone surrogates"),
    ("int", True, "found true"),
    ("int", 1.0, "found 1.0"),
    ("int", "1", "found '1'"),
    ("int", np.bool_(True), "a bool"),
    ("int", np.float64(1), "found"),
    ("float", False, "found false"),
    ("float", math.nan, "found nan"),
    ("float", -math.inf, "found -inf"),
    ("float", 10**400, "beyond the range"),
    ("float", 1j, "a complex"),
    ("number", "1", "found '1'"),
    ("number", math.nan, "found nan"),
    ("number", True, "found true"),
    ("bool", 1, "found 1"),
    ("bool", "true", "found 'true'"),
    ("bool", np.int64(1), "an int64"),
    ("json", math.inf, "found inf"),
    ("json", {"a": [10**400]}, "a whole number beyond the range of floats"),
    ("json", {1: 2}, "keys that are not text"),
    ("json", {"a": {"b": {1, 2}}}, "a set"),
    ("json", ["\udfff"], "lone surrogates"),
    ("json", {"\ud800": 1}, "lone surrogates"),
    ("list[int]", 1, "found 1"),
    ("list[int]", [1, "2"], "found '2' at index 1"),
    ("list[list[int]]", [[1], [2, None]], "found null at index 1 at index 1"),
    ("list[int]", "12", "found '12'"),
    ("list[int]", None, "found null"),
    ("image", Mask(np.zeros((2, 2), np.uint8)), "Mask(2x2"),
    ("image", "picture.png", "'picture.png'"),
    ("file", "a.png", "'a.png'"),
    ("path", Path("a.png"), "a PosixPath"),
    ("model", "builtin:x", "'builtin:x'"),
    ("latent", 1, "found 1"),
]


@pytest.mark.parametrize(("name", "value", "found"), REFUSED)
def test_values_that_do_not_fit_are_reported(name: str, value: Any, found: str) -> None:
    with pytest.raises(ValueProblem) as caught:
        check(name, value)
    assert found in str(caught.value)


def test_none_fits_what_is_optional() -> None:
    for name in ("text", "int", "image", "list[int]"):
        assert check(replace(parse_type_name(name), optional=True), None) is None


def test_references_fit_their_types() -> None:
    for name, value in (("file", File(Path("/a"), "0" * 64, 1)), ("path", OutputPath(Path("/a"), "a")),
                        ("model", Model("builtin:x"))):  # fmt: skip
        assert check(name, value) is value


def test_choices_distinguish_types() -> None:
    spec, _ = parse_annotation(Literal["1", 1, "a"])

    assert check(spec, "1") == "1"
    assert check(spec, 1) == 1
    for wrong in (True, 1.0, "b", None):
        with pytest.raises(ValueProblem):
            check(spec, wrong)


LIMITED: list[tuple[Any, Any, Any]] = [
    (Annotated[int, Field(ge=0, le=9)], [0, 9], [-1, 10]),
    (Annotated[float, Field(gt=0, lt=1)], [0.5], [0.0, 1.0]),
    (Annotated[str, Field(min_length=1, max_length=3)], ["a", "abc"], ["", "abcd"]),
    (Annotated[str, Field(pattern="a+")], ["aa"], ["", "ab", "aa\n"]),
    (Annotated[list[int], Field(min_length=1, max_length=2)], [[1], [1, 2]], [[], [1, 2, 3]]),
    (list[Annotated[int, Field(ge=0)]], [[], [0]], [[-1]]),
    (list[list[Annotated[int, Field(ge=0)]]], [[[0]]], [[[0], [-1]]]),
    (Annotated[list[Annotated[int, Field(ge=0)]], Field(max_length=1)], [[0]], [[-1], [0, 0]]),
    (Annotated[int | None, Field(ge=0)], [None, 0], [-1]),
    (Annotated[int | float, Field(le=1)], [1, 0.5], [2, 1.5]),
]


@pytest.mark.parametrize(("annotation", "right", "wrong"), LIMITED)
def test_limits_hold(annotation: Any, right: list[Any], wrong: list[Any]) -> None:
    spec, _ = parse_annotation(annotation)

    for value in right:
        assert check(spec, value) == value
    for value in wrong:
        with pytest.raises(ValueProblem):
            check(spec, value)


def test_channels_hold() -> None:
    spec, _ = parse_annotation(Annotated[Image, Channels(3, 4)])

    with pytest.raises(ValueProblem, match="1 channels"):
        check(spec, GREY)


def test_json_is_copied_and_its_nesting_is_bounded() -> None:
    inner: list[Any] = []
    value = {"a": inner}
    checked = check("json", value)
    inner.append(1)
    deep: Any = 1
    for _ in range(MAX_DEPTH + 1):
        deep = [deep]

    assert checked == {"a": []}
    with pytest.raises(ValueProblem, match="nested"):
        check("json", deep)


def test_a_list_is_copied() -> None:
    value = [1, 2]

    assert check("list[int]", value) is not value


@pytest.mark.parametrize("text", ["image", "list[image]", "list[list[text]]", "any"])
def test_names_of_types_are_parsed_and_written_alike(text: str) -> None:
    assert str(parse_type_name(text)) == text


@pytest.mark.parametrize("text", ["", "Image", "list[]", "list[image", "list", "a-b", "list[" * 5 + "a" + "]" * 5])
def test_invalid_names_are_refused(text: str) -> None:
    if text == "list":  # a name like any other; the registry does not know it
        assert parse_type_name(text).name == "list"
        return
    with pytest.raises(ValueError, match="not the name of a type"):
        parse_type_name(text)


DESCRIBED: list[tuple[Any, str]] = [
    (None, "null"),
    (True, "true"),
    (1.5, "1.5"),
    ("text", "'text'"),
    ([1, 2], "a list of 2"),
    ({"a": 1}, "a mapping with 1 key"),
    ({}, "a mapping with 0 keys"),
    (object(), "an object"),
    (np.zeros(2), "an ndarray"),
    (np.int64(2), "an int64"),
    (np.uint8(2), "a uint8"),
    (GREY, "Image(3x2x1 uint8)"),
    (10**100_000, "a whole number of 332193 bits"),
]


@pytest.mark.parametrize(("value", "text"), DESCRIBED, ids=range(len(DESCRIBED)))
def test_values_are_described_shortly(value: Any, text: str) -> None:
    assert describe_value(value) == text


def test_long_text_is_shortened() -> None:
    assert len(describe_value("x" * 10_000)) <= 80
    assert len(describe_value(10**70)) <= 80


def test_huge_whole_numbers_are_refused_without_being_written_out() -> None:
    with pytest.raises(ValueProblem, match="bits"):
        check(TypeSpec("int", limits=Field(le=5)), 10**100_000)


def test_the_bools_of_numpy_are_json_as_its_numbers_are() -> None:
    checked = check_value(TypeSpec("json"), {"a": [np.True_, np.int64(3)]}, {})

    assert checked == {"a": [True, 3]}
    assert type(checked["a"][0]) is bool


def test_records_hold_a_type_as_the_first_version_wrote_it() -> None:
    spec = replace(parse_type_name("list[image]"), optional=True)

    assert (str(spec), spec.to_record()) == ("list[image] or null", "list[image] | None")
    assert parse_type_name("float").to_record() == "float"
