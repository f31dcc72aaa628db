"""The example of a node type: a graph that shows it at work, declared with its function or a file of its plugin."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from studio.api import NodeType
from studio.graph.document import Graph
from studio.graph.parse import load_graph, parse_graph

EXAMPLE_FOLDER = "examples"


def load_example(node_type: NodeType) -> Graph | None:
    """Return the example of a node type, or None if it has none.

    Raises:
        GraphError: The example is not a graph; every finding is in it.
    """
    if node_type.example is not None:
        return parse_graph(node_type.example)
    path = find_example_file(node_type)
    return None if path is None else load_graph(path)


def find_example_file(node_type: NodeType) -> Path | None:
    """Return the file of an example: `examples/ID.json` in the function's outermost package, or beside its module."""
    place = find_example_place(node_type)
    return place if place is not None and os.path.isfile(place) else None


def find_example_place(node_type: NodeType) -> Path | None:
    """Return where the file of an example lies if there is one; None for a function that has no file."""
    module = node_type.where.rpartition(":")[0]
    if not module or not os.path.isfile(module):
        return None
    folder = Path(module).parent
    while (folder / "__init__.py").is_file() and (folder.parent / "__init__.py").is_file():
        folder = folder.parent
    return folder / EXAMPLE_FOLDER / f"{node_type.id}.json"


def names_files(value: Any) -> bool:
    """Say whether a part of a graph's JSON names files to read, which lie beside the graph's own file."""
    if isinstance(value, Mapping):
        return value.keys() in ({"file"}, {"files"}) or any(map(names_files, value.values()))
    return isinstance(value, Sequence) and not isinstance(value, str) and any(map(names_files, value))
