"""The example of a node type, as `studio nodes` shows it."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import Any

import click

from studio.api import NodeType
from studio.cli.answer import answer
from studio.cli.messages import show_warning
from studio.errors import GraphError, UsageError
from studio.graph.builder import format_document
from studio.graph.example import find_example_file, load_example, names_files


def show_example(node_type: NodeType, *, as_json: bool) -> None:
    """Print the example of a node type alone, for `studio run -`.

    Raises:
        GraphError: It is not a graph.
        UsageError: E006 if there is none.
    """
    graph = load_example(node_type)
    if graph is None:
        hint = f"make a graph with it: studio new graph first.json --node {node_type.id}"
        raise UsageError("E006", f"the node type {node_type.id!r} has no example", hint=hint)
    if as_json:
        answer(graph.json)
    else:
        click.echo(format_document(graph.json), nl=False)
    if graph.path is not None and names_files(graph.json):
        show_warning(f"it reads files beside it; run the file itself: studio run {shlex.quote(str(graph.path))}")


def find_example(node_type: NodeType) -> Mapping[str, Any] | None:
    """Return the example of a node type as plain JSON, or None if it has none that is a graph."""
    try:
        graph = load_example(node_type)
    except GraphError:
        return None
    return None if graph is None else graph.json


def write_example_call(node_type: NodeType, example: Mapping[str, Any]) -> str:
    """Return the line that runs the example of a node type."""
    path = find_example_file(node_type)
    if path is not None and names_files(example):
        return f"studio run {shlex.quote(str(path))}"
    return f"studio nodes {node_type.id} --example | studio run -"
