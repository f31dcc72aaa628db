"""Checks what callers in Python pass: a wrong argument is an error that names it, before anything runs."""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Mapping
from typing import Any

from studio.api.type_spec import describe_value
from studio.errors import UsageError
from studio.graph.document import Graph


def check_arguments(code: str = "E007", **given: Any) -> None:
    """Check arguments by their names; those without a check pass.

    Args:
        code: The code of the error.
        given: The arguments.

    Raises:
        UsageError: One of them has a wrong type.
    """
    for name, value in given.items():
        is_right, expected = _CHECKS[name]
        if not is_right(value):
            raise UsageError(code, f"invalid {name}={describe_value(value)}", hint=f"{name} takes {expected}")


def _is_path(value: Any) -> bool:
    return isinstance(value, str | os.PathLike)


def _are_rows(values: Any, is_one: Any) -> bool:
    if isinstance(values, str | bytes | Mapping) or not isinstance(values, Iterable):
        return False
    return not isinstance(values, list | tuple | set) or all(map(is_one, values))


def _is_count(value: Any, least: int = 0) -> bool:
    return type(value) is int and value >= least


def _is_seconds(value: Any) -> bool:
    return value is None or (type(value) in (int, float) and math.isfinite(value) and value > 0)


_GRAPHS = "a graph, its file, or a JSON object"
_CHECKS: dict[str, tuple[Any, str]] = {
    "graph": (lambda value: isinstance(value, Graph | Mapping) or _is_path(value), _GRAPHS),
    "parsed_graph": (lambda value: isinstance(value, Graph), "a Graph, as Studio.load returns it"),
    "inputs": (lambda value: value is None or isinstance(value, Mapping), "a mapping of values by the inputs' names"),
    "only": (
        lambda value: value is None or isinstance(value, str) or _are_rows(value, lambda one: isinstance(one, str)),
        "a list of names of outputs",
    ),
    "roots": (lambda value: _are_rows(value, _is_path), "a list of folders"),
    "items": (lambda value: _is_path(value) or _are_rows(value, lambda one: True), "mappings of values, or a table"),
    "name": (lambda value: isinstance(value, str), "a template, such as '{item.name}.{ext}'"),
    "workers": (lambda value: value is None or _is_count(value), "a number of processes, 0 for this one"),
    "retries": (_is_count, "a whole number from 0"),
    "reseed": (_is_count, "a whole number from 0"),
    "window": (lambda value: _is_count(value, 1), "a whole number from 1"),
    "node_timeout_seconds": (_is_seconds, "seconds above 0, or None"),
    "timeout_seconds": (_is_seconds, "seconds above 0, or None"),
    "on_event": (lambda value: value is None or callable(value), "a function"),
    "on_import": (lambda value: value is None or callable(value), "a function"),
    "output": (lambda value: value is None or _is_path(value), "a folder, or None"),
}
