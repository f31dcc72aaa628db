"""Secrets are replaced in texts: long ones everywhere, short ones where they are whole values."""

from __future__ import annotations

import io

import pytest

from studio import redaction
from studio.redaction import RedactedStream, contains_secret, redact, remember_secret


@pytest.fixture(autouse=True)
def _secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(redaction, "_known", set())
    monkeypatch.setattr(redaction, "_short", set())
    for text in ("swordfish", "ab", "7", ".+"):
        remember_secret(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("the swordfish swims", "the *** swims"),
        ("ab", "***"),
        ("ab\n", "***\n"),
        ("found 'ab'", "found '***'"),
        ('{"key": "ab"}', '{"key": "***"}'),
        ("key=ab, n=7", "key=***, n=***"),
        ("key=ab", "key=***"),
        ("expected `.+`", "expected `***`"),
        ("a table of 70 abbeys, 7 of them", "a table of 70 abbeys, 7 of them"),
        ("key=abc, 'abc' and 'ab\"", "key=abc, 'abc' and 'ab\""),
        ("", ""),
    ],
)
def test_secrets_are_replaced(text: str, expected: str) -> None:
    stream = io.StringIO()
    RedactedStream(stream).write(text)

    assert redact(text) == stream.getvalue() == expected


@pytest.mark.parametrize("value", ["a swordfish", "ab", ["x", "7"], {"a": {"b": "ab"}}, {"ab": 1}])
def test_a_value_with_a_secret_is_found(value: object) -> None:
    assert contains_secret(value)


@pytest.mark.parametrize("value", ["table", "77", 7, ["abc"], None, {"a": "'ab'"}])
def test_a_value_in_which_a_short_secret_is_no_whole_value_passes(value: object) -> None:
    assert not contains_secret(value)


def test_an_empty_secret_replaces_nothing() -> None:
    remember_secret("")

    assert redact("a text") == "a text"
    assert not contains_secret("")
