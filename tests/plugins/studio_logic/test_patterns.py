"""Regular expressions with limits."""

from __future__ import annotations

import time

import pytest

from studio.api import StudioError
from studio_logic import patterns
from studio_logic.patterns import check_pattern, find_all, replace_all, replace_text


@pytest.mark.parametrize(
    ("pattern", "group", "expected"),
    [
        (r"seed (\d+)", None, ["12", "7"]),
        (r"seed (\d+)", 0, ["seed 12", "seed 7"]),
        (r"\d+", None, ["12", "30", "7"]),
        (r"^\w+", None, ["apple", "pear"]),
        (r"(apple)|(pear)", 2, ["pear"]),
        (r"APPLE", None, []),
        (r"(?i)APPLE", None, ["apple"]),
        (r"[\d]{2}(?=,)", None, ["12"]),
        (r"[x\[:,]", None, [",", ","]),
        (r"[]x{,]{1,2}", None, [",", ","]),
        (r"(?P<a>p)(?P=a)", 0, ["pp"]),
    ],
)
def test_what_is_found_is_what_pythons_re_finds(pattern: str, group: int | None, expected: list[str]) -> None:
    assert find_all("apple seed 12, 30 steps\npear seed 7,", pattern, group, False) == expected


def test_case_is_ignored_on_request() -> None:
    assert find_all("Apple APPLE", "apple", None, True) == ["Apple", "APPLE"]
    assert replace_text("a.b A.B axb", "a.b", r"\1") == r"\1 \1 axb"


def test_groups_are_inserted() -> None:
    assert replace_all("12 x 7", r"(\d+) x (?P<h>\d+)", r"\g<h>:\1 \\", False) == "7:12 \\"
    assert replace_all("abc", "x*", "-", False) == "-a-b-c-"
    assert replace_all("(a)(b)", r"\((a)?(b)?\)", r"[\2]", False) == "[][b]"


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ("(", "missing ), unterminated subpattern, character 1"),
        ("*", "nothing to repeat, character 1"),
        ("[a", "'[' without ']', character 1"),
        ("a{e<=2}", "'{' that is not a count, character 2"),
        ("(?R)", "unknown extension ?R"),
        (r"\g<1>", "bad escape"),
        ("(?x) a # b", "the flag x"),
        ("a(?#b)", "comments"),
        ("[[a]]", "in a class, character 1"),
        ("[a[:alpha:]]", "in a class, character 1"),
        ("[a--b]", "in a class, character 1"),
        ("(" * 450 + ")" * 450, "it is too large"),
        ("((a{1000}){1000}){1000}", "its counts multiply to over 100000"),
        ("(" + "x" * 900 + "){1000}", "its counts multiply to over 100000"),
        ("a{999999999}", "its counts multiply to over 100000"),
        ("a{99999999999}", "'{' that is not a count"),
    ],
)
def test_an_invalid_or_huge_pattern_is_refused_at_once(pattern: str, message: str) -> None:
    before = time.process_time()
    with pytest.raises(StudioError) as caught:
        check_pattern(pattern)

    assert caught.value.code == "E321"
    assert message in caught.value.message
    assert time.process_time() - before < 1


@pytest.mark.parametrize("call", [lambda p, t: find_all(t, p, None, False), lambda p, t: replace_all(t, p, "", False)])
def test_a_pattern_that_takes_long_is_stopped(call, monkeypatch: pytest.MonkeyPatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setattr(patterns, "MOST_SECONDS", 0.05)

    with pytest.raises(StudioError, match=r"'\(a\|aa\)\+\$' takes over 0.05 second") as caught:
        call("(a|aa)+$", "a" * 60 + "b")

    assert caught.value.code == "E321"


def test_what_is_found_has_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patterns, "_MOST_MATCHES", 3)
    with pytest.raises(StudioError, match="over 3 matches"):
        find_all("aaaa", "a", None, False)
    with pytest.raises(StudioError, match="over 1000000 characters"):
        find_all("ab" * 300_000, "(?=(.*))..", 1, False)
    with pytest.raises(StudioError, match="over 1000000 characters"):
        replace_text("aaa", "A", "x" * 400_000)


@pytest.mark.parametrize("replacement", [r"\2", r"\g<b>", r"\g<", "\\", r"\q"])
def test_an_invalid_replacement_is_refused_even_if_nothing_is_found(replacement: str) -> None:
    with pytest.raises(StudioError, match="invalid replacement") as caught:
        replace_all("x", "(a)", replacement, False)

    assert caught.value.code == "E321"
