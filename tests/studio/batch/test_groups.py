"""Groups: columns go together, and groups multiply."""

from __future__ import annotations

import pytest

from studio.batch.groups import list_rows, repeat, zip_columns
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
