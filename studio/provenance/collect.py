"""Collects what made a file: the graph, the graphs and files in it, and the values of its inputs."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from studio.api import File, NodeType
from studio.errors import RunError
from studio.files import resolve_path
from studio.graph import ResolvedGraph
from studio.graph.carried import join_paths
from studio.graph.given import describe_given, find_given_files
from studio.graph.source import Collected, FileSource, Source
from studio.graph.versions import state_versions
from studio.provenance.record import CARRIED_FORMAT
from studio.version import VERSION

FindFile = Callable[[FileSource, Mapping[str, str] | None], File]
"""Returns a file with its digest; the mapping holds digests that files must have, by how they are written."""


@dataclass(frozen=True)
class GraphParts:
    """What a graph consists of besides its own document.

    Attributes:
        graphs: The graphs in it, by their paths seen from its folder.
        files: Digests of the files that it and the graphs in it read, by their paths seen from its folder.
        node_types: The node types that it uses, ordered by id.
    """

    graphs: Mapping[str, ResolvedGraph] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)
    node_types: tuple[NodeType, ...] = ()


def collect_parts(resolved: ResolvedGraph, find_file: FindFile) -> GraphParts:
    """Return what a graph consists of, the graphs in it included.

    Raises:
        RunError: E129 if a file cannot be read, E311 if it has changed.
    """
    graphs: dict[str, ResolvedGraph] = {}
    files: dict[str, str] = {}
    node_types: dict[str, NodeType] = {}
    for part, folder in _iterate_graphs(resolved):
        for source in _iterate_files(part):
            known = (part.graph.file_digests or {}).get(source.written)  # a default that is not used may be gone
            files[_name(folder, source.written)] = known or find_file(source, None).digest
        for node in part.nodes.values():
            if node.node_type is not None:
                node_types[node.node_type.id] = node.node_type
            if node.subgraph is not None:
                reference = part.graph.document.nodes[node.id].type.removeprefix("graph:")
                graphs[_name(folder, reference)] = node.subgraph
    return GraphParts(graphs, files, tuple(node_types[name] for name in sorted(node_types)))


def find_readable_files(resolved: ResolvedGraph, values: Mapping[str, Any], find_file: FindFile) -> list[File]:
    """Return the files that a run may read, each once, without those that are gone or have changed.

    Args:
        resolved: The graph.
        values: The values of its inputs, as the caller gave them.
        find_file: Returns a file with its digest.
    """
    wanted = [(source, None) for part, _ in _iterate_graphs(resolved) for source in _iterate_files(part)]
    given = [(source, resolved.graph.file_digests) for source in find_given_files(resolved, values)]
    found: dict[Path, File] = {}
    for source, digests in (*wanted, *given):
        with suppress(RunError):
            file = find_file(source, digests)
            found[file.path] = file
    return list(found.values())


def count_nodes(resolved: ResolvedGraph) -> Counter[str]:
    """Return how many nodes of each node type a graph and the graphs in it have."""
    parts = [part for part, _ in _iterate_graphs(resolved)]
    return Counter(node.node_type.id for part in parts for node in part.nodes.values() if node.node_type is not None)


def describe_parts(parts: GraphParts) -> dict[str, Any]:
    """Return what a graph reads as plain JSON: the graphs in it, and digests of files."""
    graphs = {reference: state_versions(part) for reference, part in parts.graphs.items()}
    return {"graphs": graphs, "files": dict(parts.files)}


def collect_provenance(
    resolved: ResolvedGraph,
    values: Mapping[str, Any],
    folder: Path,
    find_file: FindFile,
) -> dict[str, Any]:
    """Return what the files of a run carry, as plain JSON.

    Args:
        resolved: The graph.
        values: The values of its inputs, as the caller gave them.
        folder: The folder that the files are written to.
        find_file: Returns a file with its digest.
    """
    graph = resolved.graph
    read = describe_parts(collect_parts(resolved, find_file))
    files = read["files"]
    for source in find_given_files(resolved, values):
        files[source.written] = find_file(source, graph.file_digests).digest
    return {
        "studio": CARRIED_FORMAT,
        "version": VERSION,
        "graph": state_versions(resolved),
        "graphs": read["graphs"],
        "inputs": {name: describe_given(value, graph) for name, value in values.items()},
        "files": files,
        "base": os.path.relpath(graph.base, resolve_path(folder)),
    }


def _name(folder: str, written: str) -> str:
    """Return a path seen from the first graph's folder; as it is written where both are the same."""
    return join_paths(folder, written) if folder else written


def _iterate_graphs(resolved: ResolvedGraph) -> Iterator[tuple[ResolvedGraph, str]]:
    """Yield a graph and the graphs in it, each with its folder as seen from the first one's."""
    pending = [(resolved, "")]
    while pending:
        part, folder = pending.pop()
        yield part, folder
        for node in part.nodes.values():
            if node.subgraph is not None:
                reference = part.graph.document.nodes[node.id].type.removeprefix("graph:")
                pending.append((node.subgraph, os.path.dirname(join_paths(folder, reference))))


def _iterate_files(resolved: ResolvedGraph) -> Iterator[FileSource]:
    """Yield the files that a graph names in its nodes and its defaults."""
    pending: list[Source] = [bound.source for node in resolved.nodes.values() for bound in node.inputs.values()]
    pending += [end.default for end in resolved.inputs.values() if end.default is not None]
    while pending:
        source = pending.pop()
        if isinstance(source, FileSource):
            yield source
        elif isinstance(source, Collected):
            pending += source.entries
