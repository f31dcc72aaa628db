"""A graph with an input of every plain type, and what is read for it."""

from __future__ import annotations

from typing import Any

import pytest

from studio.batch.groups import Group, ItemsError
from tests.studio.batch.conftest import Make, graph_of

EVERY = graph_of(
    {"sum": {"type": "fake.add", "inputs": {"a": 1}}},
    {
        "text": {"type": "text", "default": "t"},
        "whole": {"type": "int", "default": 1, "minimum": 0},
        "real": {"type": "float", "default": 0.5},
        "flag": {"type": "bool", "default": False},
        "word": {"type": "choice", "choices": ["red", "blue"], "default": "red"},
        "numbers": {"type": "list[int]", "default": [1]},
        "photo": {"type": "image", "optional": True},
    },
    {"sum": "sum"},
)


def read(make: Make, graph: dict[str, Any], *groups: Group, **more: Any) -> list[tuple[str, dict[str, Any]]]:
    return [(item.name, dict(item.values)) for item in make(graph, list(groups), **more).items()]


def find_problems(make: Make, graph: dict[str, Any], *groups: Group, **more: Any) -> list[tuple[str, str, str]]:
    with pytest.raises(ItemsError) as error:
        read(make, graph, *groups, **more)
    return [(finding.code, finding.where, finding.message) for finding in error.value.findings]
