"""Graphs as the page shows them: with times of past jobs, a cover, and with what their default files look like."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from studio.errors import StudioError
from studio.files import resolve_path
from studio.graph.paths import Paths
from studio.graph.source import Collected, FileSource
from studio.server.graph_list import ListedGraph
from studio.server.graph_view import describe_graph, describe_listed
from studio.server.parts import Parts
from studio.server.result_rows import Result
from studio.server.result_view import describe_cover

_SHOWN = ("image", "video", "audio")


def describe_card(parts: Parts, listed: ListedGraph, owner: str | None) -> dict[str, Any]:
    """Return a graph as a card: a row of the list with how long it takes, and what it made last or `ui.cover`.

    Args:
        parts: The parts of the server.
        listed: The graph.
        owner: Whose jobs may be shown; None for those of all.
    """
    row = describe_listed(listed)
    record = parts.history.find(listed.name, owner)
    row |= {"seconds": record.seconds, "cover": None}
    if record.last is not None:
        results = [Result(record.last, position) for position in range(len(record.last.outputs))]
        covers = [describe_cover(parts, result) for result in results[:8]]
        row["cover"] = next((cover for kind in _SHOWN for cover in covers if cover["type"] == kind), None)
    row["cover"] = row["cover"] or _find_cover(parts, listed)
    return row


def _find_cover(parts: Parts, listed: ListedGraph) -> dict[str, Any] | None:
    """Return what a page shows of the image or the video that `ui.cover` of a graph names; None if there is none."""
    ui = listed.graph.document.ui if listed.graph is not None else None
    written = ui.get("cover") if isinstance(ui, dict) else None
    if listed.graph is None or not isinstance(written, str):
        return None
    base = listed.graph.base
    path = Paths(base, tuple(resolve_path(folder) for folder in (base, *parts.graphs.roots))).find(written)
    shown = _describe_file(parts, path) if path is not None else {}
    return shown if shown.get("type") in ("image", "video") else None


def describe_form(parts: Parts, listed: ListedGraph, owner: str | None) -> dict[str, Any]:
    """Return a graph with all that a form and a drawing of it need."""
    row = describe_graph(listed)
    record = parts.history.find(listed.name, owner)
    row["seconds"] = record.seconds
    for node in row.get("nodes", ()):
        node["seconds"] = record.node_seconds.get(node["id"])
    inputs = listed.resolved.inputs if listed.resolved is not None else {}
    for name, end in inputs.items():
        row["inputs"][name] |= {"media": _describe_default(parts, end.default)}
    return row


def _describe_default(parts: Parts, source: Any) -> Any:
    """Return what a page shows of the files of a default; None where it is no file."""
    if isinstance(source, Collected):
        return [_describe_default(parts, entry) for entry in source.entries]
    return _describe_file(parts, source.path) if isinstance(source, FileSource) else None


def _describe_file(parts: Parts, path: Path) -> dict[str, Any]:
    name = parts.defaults.find(path)
    if name is None:
        return {"name": path.name}
    try:
        return parts.media.describe(name, path.name)
    except StudioError as error:
        return {"name": path.name, "why": error.message}
