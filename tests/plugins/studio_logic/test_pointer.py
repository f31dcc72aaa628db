"""JSON pointers (RFC 6901)."""

from __future__ import annotations

import pytest

from studio.api import JsonValue, StudioError
from studio.testing import TestContext
from studio_logic.nodes import json_values
from studio_logic.pointer import parse_field

CTX = TestContext()
# the document and the answers of RFC 6901, section 5
RFC = {"foo": ["bar", "baz"], "": 0, "a/b": 1, "c%d": 2, "e^f": 3, "g|h": 4, "i\\j": 5, 'k"l': 6, " ": 7, "m~n": 8}


@pytest.mark.parametrize(
    ("pointer", "expected"),
    [("", RFC), ("/foo", ["bar", "baz"]), ("/foo/0", "bar"), ("/", 0), ("/a~1b", 1), ("/c%d", 2), ("/e^f", 3),
     ("/g|h", 4), ("/i\\j", 5), ('/k"l', 6), ("/ ", 7), ("/m~0n", 8)],
)  # fmt: skip
def test_pointers_find_what_the_standard_says(pointer: str, expected: JsonValue) -> None:
    assert json_values.get_value(CTX, RFC, pointer).value == expected


@pytest.mark.parametrize("pointer", ["/bar", "/foo/2", "/foo/-1", "/foo/01", "/foo/0/x", "foo"])
def test_a_pointer_to_nothing_is_an_error_or_the_default(pointer: str) -> None:
    with pytest.raises(StudioError) as caught:
        json_values.get_value(CTX, RFC, pointer)

    assert caught.value.code == "E324"
    if pointer.startswith("/"):
        assert json_values.get_value(CTX, RFC, pointer, default="x", required=False).value == "x"


def test_the_error_says_where_the_way_ends_and_what_is_there() -> None:
    with pytest.raises(StudioError, match=r"/a has the keys 'x', 'y'"):
        json_values.get_value(CTX, {"a": {"x": 1, "y": 2}}, "/a/z")


def test_setting_makes_a_copy_and_the_mappings_on_the_way() -> None:
    document = {"a": [1]}

    assert json_values.set_value(CTX, document, "/b/c", 5).value == {"a": [1], "b": {"c": 5}}
    assert json_values.set_value(CTX, document, "/a/-", 2).value == {"a": [1, 2]}
    assert json_values.set_value(CTX, None, "/x", 1).value == {"x": 1}
    assert document == {"a": [1]}


@pytest.mark.parametrize("pointer", ["/a/5", "/a/x", "/t/u"])
def test_setting_through_what_is_no_container_is_an_error(pointer: str) -> None:
    with pytest.raises(StudioError, match="cannot put a value at"):
        json_values.set_value(CTX, {"a": [1], "t": "text"}, pointer, 1)


def test_a_pointer_too_deep_for_any_value_is_an_error() -> None:
    for call in (
        lambda: json_values.set_value(CTX, {}, "/a" * 1000, 1),
        lambda: json_values.get_value(CTX, {}, "/a" * 1000),
    ):
        with pytest.raises(StudioError, match="1000 parts") as caught:
            call()
        assert caught.value.code == "E324"


def test_a_field_is_a_pointer_or_names_with_dots() -> None:
    assert [parse_field(field) for field in ("", "name", "a.0.b", "/a.b/c", "a/b.c~d")] == [
        "",
        "/name",
        "/a/0/b",
        "/a.b/c",
        "/a~1b/c~0d",
    ]


@pytest.mark.parametrize("field", [".", "a..b", "a.", ".a", ".".join("a" * 65)])
def test_an_invalid_field_is_refused(field: str) -> None:
    with pytest.raises(StudioError) as caught:
        parse_field(field)

    assert caught.value.code == "E324"
