"""`studio migrate`: rewrite graphs for the installed versions of their node types."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from studio.cli.options import create_studio, engine_options
from studio.cli.parameter_types import PathType
from studio.errors import GraphError, UsageError
from studio.graph import ResolvedGraph, load_graph
from studio.graph.builder import write_document
from studio.graph.versions import migrate_document


@click.command("migrate")
@click.argument("graphs", nargs=-1, required=True, type=PathType())
@click.option(
    "-o",
    "--output",
    type=PathType(dir_okay=False),
    help="File to write instead of the graph's file; only for one graph.",
)
@click.option("--dry-run", is_flag=True, help="Show the changes, and write nothing.")
@engine_options
def command(graphs: tuple[Path, ...], output: Path | None, dry_run: bool, **engine: Any) -> None:
    """Rewrite GRAPHS with the current ids, versions, inputs and outputs of the installed node types.

    A graph with errors is not changed. A graph that another graph uses is a separate file; name it too.
    """
    if output is not None and len(graphs) > 1:
        raise UsageError("E022", f"-o names one file for {len(graphs)} graphs", hint="migrate them one by one")
    with create_studio(**engine, on_disk=False) as studio:
        found = [
            studio.resolve(load_graph(path, max_bytes=studio.settings.max_graph_bytes), roots=[]) for path in graphs
        ]
    for resolved in found:
        if resolved.errors:
            raise GraphError(resolved.errors, source=str(resolved.graph.path))
    for path, resolved in zip(graphs, found, strict=True):
        _migrate(path, resolved, output or path, dry_run=dry_run)


def _migrate(path: Path, resolved: ResolvedGraph, target: Path, *, dry_run: bool) -> None:
    document = migrate_document(resolved)
    changes = list(_describe_changes(resolved.graph.json["nodes"], document["nodes"])) if "nodes" in document else []
    for line in changes:
        click.echo(f"{path}: {line}")
    if document == resolved.graph.json:
        click.echo(f"{path}: nothing to change")
    if not dry_run and (document != resolved.graph.json or target != path):
        write_document(document, target)


def _describe_changes(old: dict[str, Any], new: dict[str, Any]) -> Iterator[str]:
    """Yield a line for each node whose type, version or names change."""
    for name, node in new.items():
        before = old[name]
        if node != before:
            was = f"{before['type']} {before.get('version') or ''}".strip()
            parts = [f"{was} -> {node['type']} {node.get('version', '')}".strip()]
            gone, fresh = _find_names(before, node), _find_names(node, before)
            parts += [f"inputs {', '.join(gone)} -> {', '.join(fresh) or 'none'}"] * bool(gone or fresh)
            yield f"{name}: {'; '.join(parts)}"


def _find_names(node: dict[str, Any], other: dict[str, Any]) -> list[str]:
    """Return the names of inputs that the other form of a node does not have."""
    return [name for name in node.get("inputs", {}) if name not in other.get("inputs", {})]
