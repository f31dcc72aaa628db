"""What a field of the graph document takes, and what it says where it does not."""

from __future__ import annotations

from typing import Any

import pytest

from studio.graph.document import EdgeDocument, GraphDocument, GraphInputDocument, NodeDocument
from studio.graph.document_fields import Faults, list_keys, parse_part


def find_faults(part: type[Any], value: Any) -> list[tuple[str, str, str]]:
    faults = Faults()
    parse_part(part, value, (), faults)
    return [(fault.kind, "/".join(map(str, fault.place)), fault.message) for fault in faults.found]


def test_a_part_has_what_the_document_says_and_defaults_for_the_rest() -> None:
    node = parse_part(NodeDocument, {"type": "a.b", "when": {"from": "c"}, "ui": [1]}, (), Faults())

    assert node == NodeDocument("a.b", {}, EdgeDocument("c"), None, "", [1])


def test_keys_are_those_that_the_document_writes() -> None:
    assert list_keys(EdgeDocument) == ["from"]
    assert "$schema" in list_keys(GraphDocument)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({"type": 3}, "input should be a valid string"),
        ({"type": ""}, "string should have at least 1 character"),
        ({"type": "x" * 513}, "string should have at most 512 characters"),
        ({"type": "\ud800"}, "input should be a valid string, without lone surrogates"),
        ({"type": "a", "version": "1.x"}, "string should match pattern"),
        ({"type": "a", "version": "1.0\n"}, "string should match pattern"),
        ({"type": "a", "inputs": None}, "input should be an object"),
        ({"type": "a", "when": []}, "input should be an object"),
        (None, "input should be an object"),
    ],
)
def test_a_value_that_does_not_fit_is_told(value: Any, message: str) -> None:
    ((kind, _, found),) = find_faults(NodeDocument, value)

    assert (kind, found.startswith(message)) == ("value", True)


@pytest.mark.parametrize(
    ("field", "wrong", "right"),
    [
        ("minimum", [True, "1"], [None, 1, 1.5, 10**40]),
        ("optional", [1, None, "yes"], [True, False]),
        ("choices", [["a", True], [1.5], "ab", {}], [None, [], ["a", 1]]),
        ("description", [None, 1], ["", "\ud800"]),
        ("default", [], [None, {"a": [1]}, "x"]),
    ],
)
def test_kinds_of_values_are_not_converted(field: str, wrong: list[Any], right: list[Any]) -> None:
    assert [value for value in wrong if not find_faults(GraphInputDocument, {"type": "int", field: value})] == []
    assert [value for value in right if find_faults(GraphInputDocument, {"type": "int", field: value})] == []


def test_everything_that_is_wrong_is_told_in_the_order_of_the_fields() -> None:
    graph = {
        "studio": 1,
        "title": 3,
        "nodes": {"1a": {"inputs": {"b c": 1}, "tpye": "x"}},
        "outputs": {"o": {"from": "."}},
    }

    assert [found[:2] for found in find_faults(GraphDocument, graph)] == [
        ("value", "title"),
        ("name", "nodes/1a"),
        ("missing key", "nodes/1a/type"),
        ("name", "nodes/1a/inputs/b c"),
        ("unknown key", "nodes/1a/tpye"),
        ("edge", "outputs/o/from"),
    ]
