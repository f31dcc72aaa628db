"""Graphs to draw: one with everything, and one whose texts try to break out of a drawing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from studio.graph import parse_graph, resolve_graph
from studio.graph.resolved import ResolvedGraph
from studio.registry import Registry

HOSTILE = "</text><script>alert(1)</script>\"' & `x` %%{init: {}}%% ]]> #quot; \u202e\x00\x1b[31m\n---\nend"

Resolve = Callable[..., ResolvedGraph]


@pytest.fixture
def resolve(registry: Registry) -> Resolve:
    """Resolve a graph of these parts."""

    def resolve(**parts: Any) -> ResolvedGraph:
        return resolve_graph(parse_graph({"studio": 1, **parts}), registry)

    return resolve


@pytest.fixture
def mixed(resolve: Resolve) -> ResolvedGraph:
    """A graph with an input, a list, a mapped node, a condition, two outputs and a node that is not used."""
    return resolve(
        title="Mixed",
        inputs={"sizes": {"type": "list[int]", "default": [8, 9]}, "flag": {"type": "bool", "default": True}},
        nodes={
            "new": {"type": "image.new", "inputs": {"width": {"from": "inputs.sizes"}, "color": "teal"}},
            "sheet": {"type": "image.grid", "inputs": {"images": {"from": "new"}}, "when": {"from": "inputs.flag"}},
            "idle": {"type": "image.new"},
        },
        outputs={"sheet": {"from": "sheet"}, "parts": {"from": "new"}},
    )


@pytest.fixture
def hostile(resolve: Resolve) -> ResolvedGraph:
    """A graph with hostile text wherever text may stand."""
    return resolve(
        title=HOSTILE,
        inputs={"i": {"type": "text", "default": HOSTILE, "description": HOSTILE}},
        nodes={
            "a": {
                "type": "logic.template",
                "description": HOSTILE,
                "inputs": {"template": HOSTILE, "b": {"from": "inputs.i"}},
            },
            "b": {"type": HOSTILE[:60], "inputs": {"x": HOSTILE}},
            "end": {"type": "image.new"},
        },
        outputs={"o": {"from": "a", "description": HOSTILE}},
    )
