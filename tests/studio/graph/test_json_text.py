"""JSON that is changed where a patch says so and stays as it is written elsewhere."""

from __future__ import annotations

import json
from typing import Any

import pytest

from studio.graph.json_text import JsonText

ODD = '{ "a" :1.50 ,\r\n\t"b": [ ], "c":{},"d" : [1 ,2,  {"e\\u0041": null}],\n "é": "\\u00e9 ~"} \n'


def change(text: str, *operations: dict[str, Any]) -> str:
    written = JsonText(text)
    assert written.apply(operations)
    return written.write()


@pytest.mark.parametrize("text", [ODD, "[]", " 1 ", '"a"', "[[[]]]", '{"a":{"b":[true,false,null,-1e-9]}}', "{\n}"])
def test_what_is_not_changed_stays_letter_by_letter(text: str) -> None:
    assert JsonText(text).write() == text


@pytest.mark.parametrize(
    ("text", "operation", "changed"),
    [
        (ODD, {"op": "replace", "path": "/d/2/eA", "value": "x"}, ODD.replace("null", '"x"')),
        ('{"a": 1,  "b": 2}', {"op": "move", "from": "/a", "path": "/long"}, '{"long": 1,  "b": 2}'),
        ('{"a~/b": 1}', {"op": "move", "from": "/a~0~1b", "path": "/c"}, '{"c": 1}'),
        ('{"a": 1, "b": 2}', {"op": "remove", "path": "/a"}, '{"b": 2}'),
        ('{\n  "a": 1,\n  "b": 2\n}', {"op": "remove", "path": "/b"}, '{\n  "a": 1\n}'),
        ('{"a": 1}', {"op": "add", "path": "/b", "value": [1]}, '{"a": 1, "b": [1]}'),
        ('{\n  "a": 1\n}', {"op": "add", "path": "/b", "value": 2}, '{\n  "a": 1,\n  "b": 2\n}'),
        ("{}", {"op": "add", "path": "/b", "value": 2}, '{"b": 2}'),
        ('{"title": "x"}', {"op": "add", "path": "/studio", "value": 1}, '{"studio": 1, "title": "x"}'),
        ('{\n\t"title": "x"\n}', {"op": "add", "path": "/studio", "value": 1}, '{\n\t"studio": 1,\n\t"title": "x"\n}'),
        ('{"type": "t", "inputs": {}}', {"op": "add", "path": "/version", "value": "2.0"},
         '{"type": "t", "version": "2.0", "inputs": {}}'),
        ("[1, 2]", {"op": "add", "path": "/1", "value": 5}, "[1, 5, 2]"),
        ("[1, 2]", {"op": "add", "path": "/-", "value": 5}, "[1, 2, 5]"),
        ('{"a": {"x": 1}, "b": {}}', {"op": "move", "from": "/a/x", "path": "/b/y"}, '{"a": {}, "b": {"y": 1}}'),
        ("1", {"op": "replace", "path": "", "value": 2}, "2"),
    ],
)  # fmt: skip
def test_an_operation_changes_only_its_place(text: str, operation: dict[str, Any], changed: str) -> None:
    assert change(text, operation) == changed
    json.loads(changed)


@pytest.mark.parametrize(
    "operation",
    [
        {"op": "test", "path": "/a", "value": 2},
        {"op": "replace", "path": "/z", "value": 2},
        {"op": "replace", "path": "/a/0", "value": 2},
        {"op": "replace", "path": "/list/7", "value": 2},
        {"op": "remove", "path": "/z"},
        {"op": "move", "from": "/z", "path": "/y"},
        {"op": "move", "from": "/a", "path": "/b"},
        {"op": "add", "path": "/b", "value": 2},
        {"op": "add", "path": "/z/b", "value": 2},
    ],
)
def test_operations_that_do_not_fit_change_nothing(operation: dict[str, Any]) -> None:
    text = '{"a": 1, "b": 2, "list": [1]}'
    written = JsonText(text)

    assert not written.apply([{"op": "replace", "path": "/a", "value": 9}, operation])
    assert written.write() == text


def test_a_test_compares_values_and_not_letters() -> None:
    assert change('{"a": 1.0}', {"op": "test", "path": "/a", "value": 1}) == '{"a": 1.0}'
