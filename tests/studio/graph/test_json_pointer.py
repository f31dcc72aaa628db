"""JSON pointers: escaped, split, followed (RFC 6901)."""

from __future__ import annotations

from typing import Any

import pytest

from studio.graph.json_pointer import escape, find_value, split_pointer

DOCUMENT = {"foo": ["bar", "baz"], "": 0, "a/b": 1, "c%d": 2, "m~n": 8}  # the example of RFC 6901, section 5


@pytest.mark.parametrize(
    ("pointer", "value"),
    [("", DOCUMENT), ("/foo/0", "bar"), ("/", 0), ("/a~1b", 1), ("/c%d", 2), ("/m~0n", 8)],
)
def test_pointers_lead_where_the_standard_says(pointer: str, value: Any) -> None:
    assert find_value(DOCUMENT, pointer) == value


@pytest.mark.parametrize("pointer", ["/nowhere", "/foo/2", "/foo/x", "/foo/0/1"])
def test_a_pointer_to_nothing_is_an_error(pointer: str) -> None:
    with pytest.raises(LookupError):
        find_value(DOCUMENT, pointer)


def test_what_is_escaped_is_split_again() -> None:
    assert split_pointer(f"/{escape('a/~b')}/c") == ["a/~b", "c"]
