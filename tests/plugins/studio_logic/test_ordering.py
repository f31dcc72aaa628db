"""The order of lists."""

from __future__ import annotations

from typing import Any

import pytest

from studio.api import StudioError
from studio.testing import TestContext
from studio_logic.nodes import ordering as nodes
from studio_logic.ordering import draw_order, draw_weighted, sort_items

CTX = TestContext()


def test_numbers_and_texts_are_sorted_and_equal_entries_keep_their_order() -> None:
    assert sort_items([3, 1.5, -2], "", False) == [-2, 1.5, 3]
    assert sort_items(["b", "A", "a", "C"], "", False) == ["A", "a", "b", "C"]
    assert sort_items(["b", "A", "a"], "", True) == ["b", "A", "a"]
    assert sort_items([], "", False) == []


def test_records_are_sorted_by_a_pointer() -> None:
    records = [{"n": "x", "price": 9}, {"n": "y", "price": 2}, {"n": "z", "price": 9}]

    assert [r["n"] for r in sort_items(records, "/price", False)] == ["y", "x", "z"]
    assert [r["n"] for r in sort_items(records, "/price", True)] == ["x", "z", "y"]


@pytest.mark.parametrize(
    ("items", "by", "code"),
    [
        ([1, "a"], "", "E323"),
        ([True, 1], "", "E323"),
        ([float("nan"), 1.0], "", "E323"),
        ([{"a": 1}], "", "E323"),
        ([{"a": 1}], "/b", "E324"),
        ([{"a": 1}], "a", "E324"),
    ],
)
def test_entries_without_an_order_are_refused(items: list[Any], by: str, code: str) -> None:
    with pytest.raises(StudioError) as caught:
        sort_items(items, by, False)

    assert caught.value.code == code


def test_a_filter_returns_both_parts_in_order_and_needs_a_condition_for_each_entry() -> None:
    assert nodes.filter_list(CTX, ["a", "b", "c"], [True, False, True]) == (["a", "c"], ["b"])
    with pytest.raises(StudioError, match="3 items and 1 conditions"):
        nodes.filter_list(CTX, ["a", "b", "c"], [True])


def test_a_shuffle_keeps_all_entries_and_depends_on_the_seed_alone() -> None:
    assert sorted(nodes.shuffle_list(CTX, list("abcdef"), seed=4)) == list("abcdef")
    assert draw_order(50, 4) == draw_order(50, 4) != draw_order(50, 5)
    firsts = [draw_order(3, seed)[0] for seed in range(300)]
    assert all(70 < firsts.count(number) < 130 for number in range(3))


def test_picked_entries_follow_splitmix64_and_are_the_first_of_the_shuffle() -> None:
    """Seed 0 draws 0xE220A839, 0x6E789E6A, 0x06C45D18, 0xF88BB8A8, 0x1B39896A (the upper halves of the reference)."""
    picked = nodes.pick_items(CTX, list("abcde"), count=3, seed=0)

    assert picked == ["c", "e", "b"] == nodes.shuffle_list(CTX, list("abcde"), seed=0)[:3]
    assert nodes.pick_items(CTX, list("abcde"), count=2, seed=0) == picked[:2]
    assert nodes.pick_items(CTX, list("abcde"), count=3, seed=0, weights=[7.0] * 5) == picked
    assert nodes.pick_items(CTX, list("ab"), count=5, seed=0, repeat=True) == list("baaba")
    assert nodes.pick_items(CTX, list("ab"), count=5, seed=0, repeat=True, weights=[1, 3]) == list("bbaba")
    assert nodes.pick_items(CTX, list("abc"), count=2, seed=0, weights=[1, 0, 2]) == ["c", "a"]
    assert nodes.pick_items(CTX, [], count=0) == []


def test_a_larger_weight_is_picked_more_often_and_zero_never() -> None:
    for repeat in (False, True):
        firsts = [draw_weighted([1, 0, 3], 1, seed, repeat)[0] for seed in range(400)]

        assert 60 < firsts.count(0) < 140
        assert firsts.count(1) == 0


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        ({"items": [1, 2], "count": 3}, "cannot pick 3 of 2 entries"),
        ({"items": [1, 2], "count": 2, "weights": [1.0, 0.0]}, "cannot pick 2 of 1 entries with a weight over 0"),
        ({"items": [1, 2], "weights": [1.0]}, "2 items and 1 weights"),
        ({"items": [], "repeat": True}, "cannot pick 1 of 0 entries"),
        ({"items": [1], "weights": [0.0], "repeat": True}, "cannot pick 1 of 0 entries with a weight over 0"),
    ],
)
def test_what_cannot_be_picked_is_refused(inputs: dict[str, Any], message: str) -> None:
    with pytest.raises(StudioError, match=message) as caught:
        nodes.pick_items(CTX, **inputs)

    assert caught.value.code == "E323"


def test_duplicates_are_dropped_in_order_and_counted() -> None:
    assert nodes.drop_duplicates(CTX, [1, 1.0, True, "1", 1]) == ([1, True, "1"], [3, 1, 1])
    assert nodes.drop_duplicates(CTX, ["Straße", "STRASSE", "x"], ignore_case=True) == (["Straße", "x"], [2, 1])
    assert nodes.drop_duplicates(CTX, ["a", "A"]) == (["a", "A"], [1, 1])
    records = [{"n": "x", "k": [1.0]}, {"k": [1], "n": "x"}, {"n": "x", "k": [2]}]
    assert nodes.drop_duplicates(CTX, records) == ([records[0], records[2]], [2, 1])
    assert nodes.drop_duplicates(CTX, records, by="/n") == ([records[0]], [3])
    assert nodes.drop_duplicates(CTX, [None, float(2**70), 2**70]) == ([None, float(2**70)], [1, 2])


@pytest.mark.parametrize("value", [object(), [object()], float("nan"), {"a": b"x"}])
def test_duplicates_of_what_is_not_json_are_not_looked_for(value: Any) -> None:
    with pytest.raises(StudioError, match="entry 1 of the list is not a number") as caught:
        nodes.drop_duplicates(CTX, ["a", value])

    assert caught.value.code == "E323"


def test_picked_entries_of_too_much_text_are_refused() -> None:
    with pytest.raises(StudioError, match="characters of text is over the limit") as caught:
        nodes.pick_items(CTX, ["x" * 100_000], count=5000, repeat=True)

    assert caught.value.code == "E323"
    assert len(nodes.pick_items(CTX, ["x" * 100_000, "y"], count=5000, repeat=True, weights=[0, 1])) == 5000
