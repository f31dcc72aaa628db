"""`WatchedFiles`: the files that the next run of a graph depends on, whether it has errors or not."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from studio.graph import Graph, ResolvedGraph
from studio.graph.document import is_file, is_pattern
from studio.graph.paths import InputFile, InputPattern, is_path
from studio.graph.text_values import expand_user
from studio.registry import Registry

_SUBGRAPH, _WEIGHTS = "graph:", "file:"


@dataclass(frozen=True)
class WatchedFiles:
    """Files, and patterns of files.

    Attributes:
        paths: Absolute paths. A file need not exist: a graph may name one that is still to be saved.
        patterns: Patterns of files, each with the folder that it is seen from.
    """

    paths: frozenset[str] = frozenset()
    patterns: frozenset[tuple[str, str]] = frozenset()

    def __or__(self, other: WatchedFiles) -> WatchedFiles:
        return WatchedFiles(self.paths | other.paths, self.patterns | other.patterns)


def list_graph_files(resolved: ResolvedGraph) -> WatchedFiles:
    """Return the files of a graph: itself, the graphs in it, and the media and weights that these name."""
    found = WatchedFiles()
    pending = [resolved]
    while pending:
        part = pending.pop()
        found |= _list_own_files(part.graph)
        pending += [node.subgraph for node in part.nodes.values() if node.subgraph is not None]
    return found


def list_given_files(values: Mapping[str, Any], graph: Graph) -> WatchedFiles:
    """Return the files that the values of a graph's inputs name."""
    return _collect(values.values(), graph.base)


def list_option_files(pairs: Sequence[str]) -> WatchedFiles:
    """Return the files that `--set NAME=@PATH` names."""
    texts = [pair.partition("=")[2] for pair in pairs]
    names = [text[1:] for text in texts if text.startswith("@") and not text.startswith("@@")]
    return WatchedFiles(frozenset(os.path.abspath(expand_user(name)) for name in names if name and is_path(name)))


def list_plugin_files(registry: Registry, plugins_dir: Path | None) -> WatchedFiles:
    """Return the files of plugins that are no releases, and those where other plugins failed to load."""
    found: set[str] = set()
    for row in registry.plugins:
        files = getattr(row.origin, "found", {})  # other origins than a plugin's files have none
        found |= {os.path.abspath(file.path) for file in files.values()}
        place = row.where.rpartition(":")[0] or row.where
        if row.status == "failed" and os.path.isfile(place):
            found.add(os.path.abspath(place))
    folder = {(os.path.abspath(plugins_dir), "*.py")} if plugins_dir is not None else set()
    return WatchedFiles(frozenset(found), frozenset(folder))


def _list_own_files(graph: Graph) -> WatchedFiles:
    """Return what a graph's own document names, and its file."""
    document = graph.document
    own = {os.path.abspath(graph.path)} if graph.path is not None else set()
    for node in document.nodes.values():
        if node.type.startswith(_SUBGRAPH):
            own |= _name_path(node.type.removeprefix(_SUBGRAPH), graph.base)
    values = [end.default for end in document.inputs.values()]
    values += [value for node in document.nodes.values() for value in node.inputs.values()]
    return WatchedFiles(frozenset(own)) | _collect(values, graph.base)


def _collect(values: Iterator[Any] | Sequence[Any] | Any, base: Path) -> WatchedFiles:
    """Return the files that values name, seen from a folder."""
    paths: set[str] = set()
    patterns: set[tuple[str, str]] = set()
    for value in _iterate(values):
        if isinstance(value, InputFile):
            paths |= _name_path(str(value.path), Path())
        elif isinstance(value, InputPattern):
            patterns.add((os.getcwd(), value.pattern))
        elif is_pattern(value):
            patterns.add((str(base), value["files"]))
        else:
            written = value["file"] if is_file(value) else _find_weights(value)
            paths |= _name_path(written, base)
    return WatchedFiles(frozenset(paths), frozenset(patterns))


def _iterate(values: Any) -> Iterator[Any]:
    """Yield values and the entries of lists."""
    pending = list(values)
    while pending:
        value = pending.pop()
        if isinstance(value, list | tuple):
            pending += value
        else:
            yield value


def _find_weights(value: Any) -> str:
    """Return the path in a reference such as `file:weights.safetensors`, or ""."""
    text = value.get("model") if isinstance(value, dict) else value
    return text.removeprefix(_WEIGHTS) if isinstance(text, str) and text.startswith(_WEIGHTS) else ""


def _name_path(written: str, base: Path) -> set[str]:
    return {os.path.normpath(os.path.abspath(base / written))} if written and is_path(written) else set()
