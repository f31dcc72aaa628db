"""Lists: products, ranges, items, seeds."""

from __future__ import annotations

import pytest

from studio.api import StudioError
from studio.testing import TestContext
from studio_logic.nodes import lists

CTX = TestContext()


def test_a_product_holds_every_pair_once_the_second_list_fastest() -> None:
    first, second = lists.multiply_lists(CTX, ["x", "y"], [1, 2, 3])

    assert list(zip(first, second, strict=True)) == [("x", 1), ("x", 2), ("x", 3), ("y", 1), ("y", 2), ("y", 3)]


def test_a_product_of_three_holds_every_triple() -> None:
    product = lists.multiply_three_lists(CTX, [0, 1], [0, 1], [0, 1])

    assert [a * 4 + b * 2 + c for a, b, c in zip(*product, strict=True)] == list(range(8))


def test_a_product_with_an_empty_list_is_empty() -> None:
    assert lists.multiply_lists(CTX, [], [1, 2]) == ([], [])


def test_a_product_too_large_is_refused_before_it_is_made() -> None:
    with pytest.raises(StudioError, match="over the limit"):
        lists.multiply_lists(CTX, list(range(2000)), list(range(2000)))


@pytest.mark.parametrize("value", ["x" * 100_000, {"text": "x" * 100_000}, ["x" * 50_000] * 2])
def test_a_list_of_too_much_text_is_refused_before_it_is_made(value: object) -> None:
    for make in (
        lambda: lists.repeat_value(CTX, value, 1_000_000),
        lambda: lists.multiply_lists(CTX, [value], [1] * 5000),
        lambda: lists.multiply_three_lists(CTX, [1] * 70, [1] * 70, [value]),
    ):
        with pytest.raises(StudioError, match="characters of text") as caught:
            make()
        assert caught.value.code == "E323"

    assert len(lists.repeat_value(CTX, value, 100)) == 100


def test_lists_are_joined_in_order_and_left_alone() -> None:
    first = [1]

    assert lists.concatenate_lists(CTX, first, [2, 3], third=[4]) == [1, 2, 3, 4]
    assert first == [1]


@pytest.mark.parametrize(
    ("settings", "expected"),
    [({"stop": 3}, [0, 1, 2]), ({"start": 5, "stop": 0, "step": -2}, [5, 3, 1]), ({"start": 3, "stop": 3}, [])],
)
def test_a_range_counts_like_python(settings: dict[str, int], expected: list[int]) -> None:
    assert lists.create_range(CTX, **settings).values == expected


@pytest.mark.parametrize("settings", [{"stop": 1, "step": 0}, {"stop": 10**15}, {"stop": -(10**15), "step": -1}])
def test_an_endless_range_is_refused(settings: dict[str, int]) -> None:
    with pytest.raises(StudioError) as caught:
        lists.create_range(CTX, **settings)

    assert caught.value.code == "E323"


def test_an_item_is_taken_from_either_end_or_around() -> None:
    items = ["a", "b", "c"]

    assert lists.take_item(CTX, items, index=-1) == "c"
    assert lists.take_item(CTX, items, index=4, wrap=True) == "b"


@pytest.mark.parametrize(("items", "index"), [(["a"], 1), (["a"], -2), ([], 0)])
def test_an_item_that_is_not_there_is_an_error_with_the_length(items: list[str], index: int) -> None:
    with pytest.raises(StudioError, match=f"no entry {index} in a list of {len(items)}"):
        lists.take_item(CTX, items, index=index)


def test_a_slice_is_cut_and_turned_around() -> None:
    assert lists.slice_list(CTX, [0, 1, 2, 3, 4, 5], start=1, stop=-1, step=2, reverse=True) == [3, 1]


def test_a_list_is_cut_into_lists_of_one_size_and_a_rest() -> None:
    assert lists.cut_list(CTX, [1, 2, 3, 4, 5], 2) == [[1, 2], [3, 4], [5]]
    assert lists.cut_list(CTX, [1, 2, 3, 4, 5], 2, keep_rest=False) == [[1, 2], [3, 4]]
    assert lists.cut_list(CTX, [1, 2], 9) == [[1, 2]]
    assert lists.cut_list(CTX, [], 2) == []
