"""Builds that are recorded: compared with those that are installed, in words."""

from __future__ import annotations

from typing import Any

import pytest

from studio.provenance.builds import compare_builds, describe_build, parse_builds

THEN = {
    "numpy": {"version": "2.4.5", "record": "aa"},
    "studio": {"version": "0.1.0", "code": "bb"},
    "tint": {"version": "1.0", "record": "cc"},
}


@pytest.mark.parametrize(
    ("now", "words"),
    [
        (THEN, []),
        (THEN | {"more": {"version": "1"}}, []),
        (THEN | {"numpy": {"version": "2.4.6", "record": "zz"}}, ["numpy 2.4.5 then, 2.4.6 now"]),
        (THEN | {"tint": {"version": "1.0", "record": "zz"}}, ["tint 1.0: another build of this version then"]),
        (THEN | {"tint": {"version": "1.0", "record": "cc", "archive": "x"}}, []),
        (THEN | {"tint": {"version": "1.0"}}, []),
        (THEN | {"studio": {"version": "0.1.0", "code": "zz"}}, ["studio 0.1.0: other code then"]),
        (
            THEN | {"studio": {"version": "0.1.0", "record": "bb"}},
            ["studio 0.1.0: from sources then, from a wheel now"],
        ),
        ({"studio": THEN["studio"], "tint": THEN["tint"]}, ["numpy 2.4.5 then, not installed now"]),
    ],
)
def test_differences_are_said_by_distribution(now: Any, words: list[str]) -> None:
    assert compare_builds(THEN, now) == words


@pytest.mark.parametrize(
    ("build", "other", "text"),
    [
        ({"version": "1", "record": "aa"}, {"version": "2", "record": "bb"}, "1"),
        ({"version": "1"}, {}, "1"),
        ({}, {"version": "1"}, ""),
        ({"version": "1", "record": "aa"}, {"version": "1", "record": "bb"}, "1 (record aa)"),
        ({"version": "1", "archive": "sha256:12345678901234", "record": "a"}, {"version": "1", "archive": "sha256:5"},
         "1 (archive 123456789012)"),
        ({"version": "1", "archive": "sha256:5", "record": "aa"}, {"version": "1", "record": "bb"}, "1 (record aa)"),
        ({"version": "1", "code": "aa"}, {"version": "1", "record": "bb"}, "1 (code aa)"),
    ],
)  # fmt: skip
def test_a_build_is_described_by_what_tells_it_from_another(build: Any, other: Any, text: str) -> None:
    assert describe_build(build, other) == text


@pytest.mark.parametrize("row", [None, [], "x", {"a": 5}, {"a": []}])
def test_what_is_no_record_of_builds_is_left_out(row: Any) -> None:
    assert parse_builds(row) == {}


def test_a_record_is_read_as_it_is_written() -> None:
    assert parse_builds(THEN | {"odd": {"version": 1, "record": "r"}}) == THEN | {"odd": {"record": "r"}}
