"""All texts that wildcards can give."""

from __future__ import annotations

from typing import Any

import pytest

from studio.api import StudioError
from studio_logic.wildcard_combinations import combine_wildcards
from studio_logic.wildcards import fill_wildcards

LISTS = {
    "fruit": ["apple", "{green|ripe} pear", "", None],
    "hair": {"color": ["red", 7], "Cut": "bob\n# note\n\nlong\n"},
}


@pytest.mark.parametrize(
    "text",
    [
        "a {red|green} door",
        "{x{1|2}|y} {|a}",
        "{2$$a|b|c}",
        "{1-2$$ and $$a|{b|c}}",
        "{0-1$$a}",
        "{0::a|2.5::b}",
        "{2$$0::a|b|c}",
        "__fruit__ {u|v}",
        "{2$$ & $$__hair/cut__|x}",
        "__hair/*__ {3::a|b}",
        r"\{a\|b\} \__fruit__ {a\|b|\$$}",
        "no options",
        "",
    ],
)
def test_the_texts_are_those_that_seeds_give_each_once(text: str) -> None:
    found = combine_wildcards(text, LISTS, 100)

    assert len(found) == len(set(found))
    assert set(found) == {fill_wildcards(text, LISTS, seed) for seed in range(200)}


def test_the_last_choice_changes_fastest_and_equal_texts_count_once() -> None:
    assert combine_wildcards("{a|b} {1|2|1}", None, 6) == ["a 1", "a 2", "b 1", "b 2"]


@pytest.mark.parametrize(
    ("text", "lists", "limit", "message"),
    [
        ("{a|b}{a|b}{a|b}", None, 7, "the text has 8 combinations, and the limit is 7"),
        ("{a|b}" * 5000, None, 1000, "over 10000 combinations"),
        ("{4-9$$" + "|".join("abcdefghi") + "}", None, 10_000, "over 10000 combinations"),
        ("{5000$$__x__}", {"x": [str(n) for n in range(6000)]}, 10_000, "over 10000 combinations"),
        ("__x__", {"x": ["a", "b __y__"], "y": ["c", "__x__"]}, 1000, "the list '__x__' contains its own name"),
        ("__l0__", {f"l{n}": [f"__l{n + 1}__"] for n in range(40)} | {"l40": ["a"]}, 9, "nested over 20 deep"),
        ("{3$$a|b}", None, 10, "'3$$' for 2 options"),
        ("x" * 40_000 + "{a|b}" * 13, None, 10_000, "combinations of up to 40013 characters"),
        ("a {b", None, 10, "'{' without '}'"),
        ("__y__", {"x": ["a"]}, 10, "unknown list '__y__'"),
    ],
)
def test_what_has_too_many_combinations_or_none_is_refused_before_they_are_written(
    text: str, lists: Any, limit: int, message: str
) -> None:
    with pytest.raises(StudioError) as raised:
        combine_wildcards(text, lists, limit)

    assert raised.value.code == "E321"
    assert message in raised.value.message


def test_many_choices_of_one_option_and_lists_in_lists_that_double_are_written_quickly() -> None:
    doubling = {f"l{n}": [f"__l{n + 1}__{'' if n % 2 else '!'}"] for n in range(15)} | {"l15": ["{a|b}"]}

    assert len(combine_wildcards("{a}" * 20_000 + "{b|c}", None, 2)) == 2
    assert combine_wildcards("__l0__", doubling, 2) == ["a" + "!" * 8, "b" + "!" * 8]
