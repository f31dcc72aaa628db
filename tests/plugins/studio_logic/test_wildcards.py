"""Texts with options, filled at random."""

from __future__ import annotations

import time
from typing import Any

import pytest

from studio.api import StudioError
from studio_logic import wildcards
from studio_logic.wildcards import fill_wildcards

LISTS = {
    "fruit": ["apple", "{green|ripe} pear", "", None],
    "hair": {"color": ["red", 7], "Cut": "bob\n# note\n\nlong\n"},
}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a {red|green} door", {"a red door", "a green door"}),
        ("{|a}{b}", {"b", "ab"}),
        ("{x{1|2}|y}", {"x1", "x2", "y"}),
        ("{2$$a|b|c}", {"a, b", "b, a", "a, c", "c, a", "b, c", "c, b"}),
        ("{1-2$$ and $$a|b}", {"a", "b", "a and b", "b and a"}),
        ("{-2$$ or $$a|b}", {"a", "b", "a or b", "b or a"}),
        ("{2-$$$$a|b}", {"ab", "ba"}),
        ("{1-9$$/$$a|b}", {"a", "b", "a/b", "b/a"}),
        ("{0-1$$a}", {"", "a"}),
        ("{0::a|2.5::b}", {"b"}),
        ("{2$$0::a|b|c}", {"b, c", "c, b"}),
        ("__fruit__", {"apple", "green pear", "ripe pear"}),
        ("__FRUIT__ __hair/color__", {f"{a} {b}" for a in ("apple", "green pear", "ripe pear") for b in ("red", "7")}),
        ("__hair/*__", {"red", "7", "bob", "long"}),
        ("{2$$ & $$__hair/cut__}", {"bob & long", "long & bob"}),
        ("{__hair/cut__|x}", {"bob", "long", "x"}),
        ("__hair/cut____hair/cut__", {"bobbob", "boblong", "longbob", "longlong"}),
        (r"\{a\|b\} \__fruit__ {a\|b|\$$}", {"{a|b} __fruit__ a|b", "{a|b} __fruit__ $$"}),
    ],
)
def test_each_form_gives_all_that_it_can_and_nothing_else(text: str, expected: set[str]) -> None:
    assert {fill_wildcards(text, LISTS, seed) for seed in range(120)} == expected


@pytest.mark.parametrize("text", ["", "a (lamp:1.2) \\(x\\) | $5 $$ a_b c__d e__ __ ____ 1::2 \\", "ünïcode 猫"])
def test_text_without_options_stays_as_it_is(text: str) -> None:
    assert fill_wildcards(text, None, 3) == text


def test_a_weight_says_how_often_and_equal_seeds_give_equal_texts() -> None:
    found = [fill_wildcards("{3::a|b}", None, seed) for seed in range(400)]

    assert 260 < found.count("a") < 340
    assert [fill_wildcards("{a|b|c|d} __fruit__", LISTS, seed) for seed in (1, 2, 3)] == [
        "b apple",
        "b apple",
        "c apple",
    ]


def test_a_change_of_one_choice_leaves_the_others() -> None:
    """More options, text between them, or choices in an option: the second choice has its own chance."""
    for seed in range(30):
        word = fill_wildcards("{a|b} {v|w|x|y|z}", None, seed)[-1]

        assert fill_wildcards("so {a|b{1|2}{3|4}|__fruit__}, then {v|w|x|y|z}", LISTS, seed)[-1] == word


@pytest.mark.parametrize(
    ("text", "lists", "message"),
    [
        ("a {b", None, "'{' without '}' at character 3 of 'a {b'"),
        ("a } b", None, "a single '}' at character 3"),
        ("{a|2$$b}", None, "'$$' that is not at the beginning of braces at character 5"),
        ("{$$a}", None, "'$$' without a number"),
        ("{3-2$$a|b|c}", None, "whose end is below its beginning"),
        ("{3$$a|b}", None, "'3$$' for 2 options"),
        ("{2$$0::a|b}", None, "'2$$' for 1 options"),
        ("{0::a|0::b}", None, "all have the weight 0"),
        ("{12345$$a}", None, "'$$' that is not at the beginning"),
        ("{" * 21 + "}" * 21, None, "braces nested over 20 deep"),
        ("{" * 100_000, None, "braces nested over 20 deep"),
        ("__init__", None, "unknown list '__init__'"),
        ("{a|__b__}", {"c": ["d"]}, "unknown list '__b__'"),
        ("__a__", {"a": ["x", "__b__"]}, "unknown list '__b__'"),
        ("__a__", {"a": []}, "empty list '__a__'"),
        ("__a__", {"a": ["{"]}, "'{' without '}'"),
        ("a", ["x"], "lists is \"['x']\", not a mapping"),
        ("a", {"b": {"c": 3}}, "list 'b/c' is '3', not a list of texts"),
        ("a", {"b": [["c"]]}, "list 'b' is"),
        ("__a__", {"a": ["__b__"], "b": ["__a__"]}, "choices nested over 20 deep, at '__"),
        ("__n0__", {f"n{i}": [f"__n{i + 1}__ __n{i + 1}__"] for i in range(18)} | {"n18": ["x"]}, "over 20000 choices"),
        ("__a__" * 11, {"a": ["x" * 100_000]}, "more than 1000000 characters"),
    ],
)
def test_what_is_wrong_is_named(text: str, lists: Any, message: str) -> None:
    with pytest.raises(StudioError) as caught:
        fill_wildcards(text, lists, 1)

    assert caught.value.code == "E321"
    assert message in caught.value.message
    assert caught.value.hint


@pytest.mark.parametrize("text", ["__" + "a" * 90_000, "_" * 90_000, "__a " * 30_000, "\\" * 90_000, "$_" * 45_000])
def test_long_text_takes_no_time(text: str) -> None:
    before = time.process_time()

    assert fill_wildcards(text + " {}", None, 1) == f"{text} "

    assert time.process_time() - before < 5


def test_long_texts_are_not_kept_in_memory() -> None:
    before = wildcards._parse_short.cache_info().misses

    for text in ("{a|kept}", "{a|kept}", "{a|kept}" * 1000):
        assert wildcards.parse_wildcards(text)

    assert wildcards._parse_short.cache_info().misses == before + 1


def test_many_choices_from_a_long_list_take_no_time() -> None:
    lists = {"a": [f"{n % 9}::x" for n in range(20_000)], "b": ["2::__a__", "{__a__|y}"]}
    before = time.process_time()

    assert set(fill_wildcards("__a__{3::__a__|2::x}" * 2000, lists, 1)) == {"x"}
    assert set(fill_wildcards("__b__" * 2000, lists, 1)) <= {"x", "y"}

    assert time.process_time() - before < 5


def test_choices_of_many_out_of_a_long_list_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wildcards, "_MOST_ENTRIES", 20_000)
    lists = {"a": list(map(str, range(2000)))}

    assert fill_wildcards("{2$$__a__}" * 4, lists, 1)
    with pytest.raises(StudioError, match="over 20000 entries") as caught:
        fill_wildcards("{2$$__a__}" * 10, lists, 1)

    assert caught.value.code == "E321"
