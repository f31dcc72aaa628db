"""Records made of lists."""

from __future__ import annotations

from typing import Any

import pytest

from studio.api import StudioError
from studio_logic.records import find_zip_faults, zip_records


def test_lists_become_records_and_a_list_of_one_is_repeated() -> None:
    assert zip_records(["n", "age"], {"a": ["Ada", "Alan"], "b": [36, 41]}) == [
        {"n": "Ada", "age": 36},
        {"n": "Alan", "age": 41},
    ]
    assert zip_records(["n", "k"], {"a": ["x"], "c": [1, 2]}) == [{"n": "x", "k": 1}, {"n": "x", "k": 2}]
    assert zip_records(["n"], {"a": []}) == []
    assert zip_records(["n", "k"], {"a": [], "b": ["x"]}) == []


@pytest.mark.parametrize(
    ("names", "lists", "blamed", "message"),
    [
        (["n"], {"a": [1], "b": [2]}, "names", "1 names for 2 lists"),
        (["n", "n"], {"a": [1], "b": [2]}, "names", "duplicate name 'n'"),
        (["n", "k"], {"a": [1, 2], "b": [1, 2, 3]}, "b", "list 'b' has 3 entries, others 2"),
        (["n", "k"], {"a": [], "b": [1, 2]}, "b", "list 'b' has 2 entries, others 0"),
    ],
)
def test_the_input_to_blame_is_named(names: list[str], lists: dict[str, list[Any]], blamed: str, message: str) -> None:
    ((name, error),) = find_zip_faults(names, lists)

    assert (name, error.code, error.message) == (blamed, "E323", message)
    with pytest.raises(StudioError, match=message):
        zip_records(names, lists)


def test_records_of_too_much_text_are_refused_before_they_are_made() -> None:
    with pytest.raises(StudioError, match="characters of text is over the limit") as caught:
        zip_records(["n", "k"], {"a": ["x" * 100_000], "b": [1] * 5000})

    assert caught.value.code == "E323"
