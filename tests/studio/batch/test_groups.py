"""Groups: columns go together, and groups multiply."""

from __future__ import annotations

import pytest

from studio.batch.groups import combine, list_rows, make_labels, repeat, zip_columns
from studio.errors import UsageError
from tests.studio.batch.conftest import Make
from tests.studio.batch.items import EVERY, read


def test_columns_zip_within_a_group_and_groups_multiply(make: Make) -> None:
    together = zip_columns({"text": ["a", "b"], "whole": ["1", "2"]}, "--zip")
    apart = zip_columns({"word": ["red", "blue"]}, "--product")

    items = read(make, EVERY, together, apart)

    rows = [(v["text"], v["whole"], v["word"]) for _, v in items]
    assert rows == [("a", 1, "red"), ("a", 1, "blue"), ("b", 2, "red"), ("b", 2, "blue")]
    assert [name for name, _ in items] == ["a_1_red", "a_1_blue", "b_2_red", "b_2_blue"]


def test_columns_of_unequal_length_do_not_zip() -> None:
    with pytest.raises(UsageError, match="unequal length"):
        zip_columns({"a": ["1", "2"], "b": ["1", "2", "3"]}, "--zip")


def test_repeating_counts_the_seed_up(make: Make) -> None:
    items = read(make, EVERY, list_rows([{"name": "x"}]), repeat(3, "whole", 7))

    assert [(name, values["whole"]) for name, values in items] == [("x_0007", 7), ("x_0008", 8), ("x_0009", 9)]


def test_groups_can_be_read_again_and_again() -> None:
    group = zip_columns({"a": ["1", "2"]}, "--zip")

    assert list(group()) == list(group())
    assert len(list(combine([group, group, group]))) == 8


def test_no_groups_make_one_item_without_values_and_an_empty_group_none() -> None:
    assert list(combine([])) == [()]
    assert list(combine([list_rows([]), list_rows([{"a": 1}])])) == []


def test_rows_without_a_name_are_named_by_their_number() -> None:
    rows = list(list_rows([{"name": "x"}, {"name": ""}, {"name": None}, {}, {"name": 7}])())

    assert [row.label for row in rows] == ["x", "00002", "00003", "00004", "7"]
    assert [row.source for row in rows][:2] == ["items[0]", "items[1]"]


def test_a_column_of_one_value_stretches() -> None:
    rows = list(zip_columns({"a": ["1", "2"], "b": ["x"]}, "--zip")())

    assert [dict(row.values) for row in rows] == [{"a": "1", "b": "x"}, {"a": "2", "b": "x"}]


@pytest.mark.parametrize(
    ("values", "labels"),
    [
        (["red", "blue"], ["red", "blue"]),
        (["a b/c", "d"], ["a-b-c", "d"]),
        (["A", "a"], ["001", "002"]),
        (["?", "a"], ["001", "002"]),
        (["x" * 41, "y"], ["x" * 40, "y"]),
        (["x" * 40 + "1", "x" * 40 + "2"], ["001", "002"]),
        ([".hidden", "-dash"], ["hidden", "dash"]),
    ],
)
def test_labels_are_short_names_of_values_or_numbers_where_those_would_clash(
    values: list[str], labels: list[str]
) -> None:
    assert make_labels(values) == labels


def test_repeats_without_a_column_have_a_label_alone() -> None:
    assert [(row.label, dict(row.values)) for row in repeat(2, None, 5)()] == [("001", {}), ("002", {})]


def test_no_columns_make_no_rows() -> None:
    assert list(zip_columns({}, "--set")()) == []
