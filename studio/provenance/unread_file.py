"""A file that is given as a graph and that nothing installed can read: says which plugin wrote it, if that is known."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from studio.api.hooks import PROJECT
from studio.errors import Finding, GraphError
from studio.files import read_regular_file
from studio.provenance.manifest import find_manifests
from studio.registry.registry import PluginRow, find_plugins, shorten_plugin_name

_MOST_MANIFESTS = 50
_GRAPHS = ("", ".json")


def explain_unread_file(path: Path, error: GraphError, rows: Sequence[PluginRow]) -> GraphError:
    """Return the error of a file that is not a graph; for a file of another kind, which plugin may read it.

    Args:
        path: The file.
        error: What is wrong with it as a graph.
        rows: The plugins.
    """
    if path.suffix.lower() in _GRAPHS or not path.is_file():
        return error
    writers = _find_writers(path)
    hint = "; ".join(_describe_writer(name, rows) for name in writers) or _list_unavailable(rows)
    message = f"no installed plugin reads {path.suffix!r} files: {str(path)!r}"
    return GraphError([Finding("E134", "", message, "a graph, or a file whose plugin is installed", "", hint)])


def _find_writers(path: Path) -> list[str]:
    """Return the plugins whose nodes the graph had that wrote a file, as the newest manifest beside it says."""
    try:
        manifests = find_manifests(path.parent)[: -_MOST_MANIFESTS - 1 : -1]
    except OSError:
        return []
    for manifest in manifests:
        try:
            found = _read_writers(json.loads(read_regular_file(manifest)), path.name)
        except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError):  # not a manifest
            continue
        if found:
            return found
    return []


def _read_writers(manifest: dict[str, Any], name: str) -> list[str]:
    for output, made in manifest["outputs"].items():
        if any(Path(str(file["path"])).name == name for file in made["files"]):
            node = str(manifest["graph"]["document"]["outputs"][output]["from"]).partition(".")[0]
            made_by = manifest["nodes"].get(node)
            nodes = manifest["nodes"].values() if made_by is None else [made_by]
            return sorted({str(one["plugin"]).partition(" ")[0] for one in nodes} - {PROJECT, ""})
    return []


def _describe_writer(name: str, rows: Sequence[PluginRow]) -> str:
    for row in find_plugins(rows, name):
        status = row.describe_status()
        return f"plugin {name!r} made it, and {status}" if status else f"plugin {name!r} made it, and cannot read it"
    return f"plugin {name!r} made it, and is not installed"


def _list_unavailable(rows: Sequence[PluginRow]) -> str:
    names = [f"{shorten_plugin_name(row.name)} ({row.status})" for row in rows if row.status != "ok"]
    known = f"; these plugins are not available: {', '.join(names)}" if names else ""
    return f"install the plugin that wrote it; see `studio plugins`{known}"
