"""`studio migrate`: rewrite graphs for the installed versions of their node types."""

from __future__ import annotations

import codecs
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import click

from studio.app import Studio
from studio.cli.answer import answer
from studio.cli.graph_fixes import write_graph_file
from studio.cli.options import create_studio, json_option, plugins_options
from studio.cli.parameter_types import PathType
from studio.errors import GraphError, UsageError
from studio.files import resolve_path
from studio.graph import ResolvedGraph, parse_graph
from studio.graph.builder import format_document
from studio.graph.fixes import find_changes
from studio.graph.json_text import JsonText
from studio.graph.parse import parse_json, read_graph_file
from studio.graph.requires import raise_requires
from studio.graph.versions import find_needed, migrate_document


@dataclass(frozen=True)
class _Change:
    """What changes at a node, or at "requires": in words what was there and what is there now."""

    where: str
    before: str
    after: str
    old_inputs: tuple[str, ...] = ()
    new_inputs: tuple[str, ...] = ()

    def __str__(self) -> str:
        text = f"{self.where}: {self.before} -> {self.after}"
        if self.old_inputs or self.new_inputs:
            text += f"; inputs {', '.join(self.old_inputs)} -> {', '.join(self.new_inputs) or 'none'}"
        return text


@dataclass(frozen=True)
class _Migrated:
    """A graph file and what it becomes."""

    path: Path
    before: bytes
    after: bytes
    changes: list[_Change]


@click.command("migrate")
@click.argument("graphs", nargs=-1, required=True, type=PathType())
@click.option(
    "-o",
    "--output",
    type=PathType(dir_okay=False),
    help="File to write instead of the graph's file; only for one graph.",
)
@click.option("--dry-run", is_flag=True, help="Show the changes, and write nothing.")
@json_option
@plugins_options
def command(graphs: tuple[Path, ...], output: Path | None, dry_run: bool, as_json: bool, **engine: Any) -> None:
    """Rewrite GRAPHS with the current ids, versions, inputs and outputs of the installed node types.

    The rest of a file stays as it is written. Where a node gets new names, "requires" gets the version of the plugin
    that has them. A graph with errors is not changed. A graph that another graph uses is a separate file; name it too.
    """
    if output is not None and len(graphs) > 1:
        raise UsageError("E022", f"-o names one file for {len(graphs)} graphs", hint="migrate them one by one")
    with create_studio(**engine, on_disk=False) as studio:
        migrated = [_migrate(studio, path) for path in graphs]
    for one in migrated:
        if not dry_run and (one.after != one.before or output is not None):
            write_graph_file(output or one.path, one.after, expected=one.before if output is None else None)
    if as_json:
        answer([{"graph": str(one.path), "changes": [asdict(change) for change in one.changes]} for one in migrated])
        return
    for one in migrated:
        for change in one.changes:
            click.echo(f"{one.path}: {change}")
        if not one.changes:
            click.echo(f"{one.path}: nothing to change")


def _migrate(studio: Studio, path: Path) -> _Migrated:
    """Return what a graph file becomes.

    Raises:
        GraphError: The graph has errors.
    """
    data = read_graph_file(path, max_bytes=studio.settings.max_graph_bytes)
    base = resolve_path(path)
    graph = parse_graph(parse_json(data, str(path)), base=base.parent, path=base)
    resolved = studio.resolve(graph, roots=[])
    if resolved.errors:
        raise GraphError(resolved.errors, source=str(path))
    document = _migrate_document(resolved)
    mark = codecs.BOM_UTF8 if data.startswith(codecs.BOM_UTF8) else b""
    text = JsonText(data.decode("utf-8-sig"))
    fits = text.apply(list(find_changes(resolved.graph.json, document, "")))
    written = text.write() if fits else format_document(document)
    return _Migrated(path, data, mark + written.encode("utf-8"), _find_changes(resolved.graph.json, document))


def _migrate_document(resolved: ResolvedGraph) -> dict[str, Any]:
    document = migrate_document(resolved)
    requires = document.get("requires") or {}
    raised = raise_requires(requires, find_needed(resolved))
    return document if raised == requires else {**document, "requires": raised}


def _find_changes(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[_Change]:
    """Return what changes: nodes whose type, version or names do, and requirements."""
    changes = []
    for name, node in (new.get("nodes") or {}).items():
        before = old["nodes"][name]
        if node != before:
            gone, fresh = _find_names(before, node), _find_names(node, before)
            changes.append(_Change(name, _name_type(before), _name_type(node), gone, fresh))
    was, now = old.get("requires") or {}, new.get("requires") or {}
    changes += [
        _Change("requires", f"{name} {was[name]}" if name in was else "nothing", f"{name} {wanted}")
        for name, wanted in now.items()
        if was.get(name) != wanted
    ]
    return changes


def _name_type(node: Mapping[str, Any]) -> str:
    return f"{node['type']} {node.get('version') or ''}".strip()


def _find_names(node: Mapping[str, Any], other: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the names of inputs that the other form of a node does not have."""
    return tuple(name for name in node.get("inputs", {}) if name not in other.get("inputs", {}))
