"""The order of lists."""

from __future__ import annotations

from typing import Any

import pytest

from studio.api import StudioError
from studio.testing import TestContext
from studio_logic.nodes import ordering as nodes
from studio_logic.ordering import draw_order, sort_items

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
