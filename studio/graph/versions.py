"""Versions in documents: stated where Studio writes a graph; a whole graph brought to those of today."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

from studio.graph.document import is_edge
from studio.graph.resolved import ResolvedGraph, ResolvedNode

_Nodes = dict[str, dict[str, Any]]


def state_versions(resolved: ResolvedGraph) -> dict[str, Any]:
    """Return a graph's document in which each node states the version of its type that it is read as.

    Models that a run chose are stated too. Everything else is as it was written. Nodes of unknown types and graphs in
    the graph have no version.
    """
    return _replace_nodes(resolved, {name: _state(node, resolved.nodes.get(name)) for name, node in _list(resolved)})


def omit_versions(resolved: ResolvedGraph) -> dict[str, Any]:
    """Return a graph's document without the versions that make no difference: those that are read as installed."""
    return _replace_nodes(resolved, {name: _omit(node, resolved.nodes.get(name)) for name, node in _list(resolved)})


def migrate_document(resolved: ResolvedGraph, *, only: Collection[str] | None = None) -> dict[str, Any]:
    """Return a graph's document with the ids, versions and names of what is installed; edges follow.

    A node keeps its version if values that come by an edge have another meaning in it.

    Args:
        resolved: The graph.
        only: Names of the nodes to migrate, with the edges from them; None for all.
    """
    if only is not None:
        chosen = {name: node for name, node in resolved.nodes.items() if name in only}
        resolved = replace(resolved, nodes=chosen)
    nodes = {name: _migrate(node, resolved.nodes.get(name)) for name, node in _list(resolved)}
    for node in nodes.values():
        if isinstance(node.get("inputs"), dict):
            node["inputs"] = {name: _follow(value, resolved) for name, value in node["inputs"].items()}
        if isinstance(node.get("when"), dict):
            node["when"] = _follow_edge(node["when"], resolved)
    document = _replace_nodes(resolved, nodes)
    if isinstance(document.get("outputs"), dict):
        document["outputs"] = {name: _follow_edge(end, resolved) for name, end in document["outputs"].items()}
    return document


def find_needed(resolved: ResolvedGraph) -> dict[str, str]:
    """Return the distributions, with versions, of the node types that a migration of the graph gives new names."""
    needed = {}
    for name, written in _list(resolved):
        node = resolved.nodes.get(name)
        if node is None or node.node_type is None or _is_converted(node):
            continue
        if node.migrated is not None or written.get("type") != node.node_type.id:
            needed[node.node_type.distribution] = node.node_type.distribution_version
    return {distribution: version for distribution, version in needed.items() if distribution}


def _list(resolved: ResolvedGraph) -> list[tuple[str, dict[str, Any]]]:
    return list((resolved.graph.json.get("nodes") or {}).items())


def _replace_nodes(resolved: ResolvedGraph, nodes: _Nodes) -> dict[str, Any]:
    document = dict(resolved.graph.json)
    if nodes:
        document["nodes"] = nodes
    return document


def _state(node: dict[str, Any], resolved: ResolvedNode | None) -> dict[str, Any]:
    if resolved is not None and resolved.chosen:
        node = {**node, "inputs": {**node.get("inputs", {}), **resolved.chosen}}
    if node.get("version") is not None or resolved is None or resolved.node_type is None:
        return node
    version = resolved.node_type.version if resolved.migrated is None else resolved.migrated.version
    return _insert_version(node, version) if version else node


def _insert_version(node: Mapping[str, Any], version: str) -> dict[str, Any]:
    """Return a node with its version after its type, where one looks for it."""
    rest = {key: value for key, value in node.items() if key not in ("type", "version")}
    return {"type": node["type"], "version": version, **rest}


def _omit(node: dict[str, Any], resolved: ResolvedNode | None) -> dict[str, Any]:
    if "version" not in node or resolved is None or resolved.node_type is None or resolved.migrated is not None:
        return node
    return {key: value for key, value in node.items() if key != "version"}


def _migrate(node: dict[str, Any], resolved: ResolvedNode | None) -> dict[str, Any]:
    if resolved is None or resolved.node_type is None:
        return dict(node)
    if _is_converted(resolved):
        return _state(dict(node), resolved)
    new = _insert_version({**node, "type": resolved.node_type.id}, resolved.node_type.version)
    if resolved.migrated is not None:
        new["inputs"] = dict(resolved.migrated.inputs)
    return new


def _is_converted(resolved: ResolvedNode) -> bool:
    """Say whether values for the node are converted when it runs: it stays as it was written."""
    return resolved.migrated is not None and bool(resolved.migrated.conversions)


def _follow(value: Any, resolved: ResolvedGraph) -> Any:
    """Return what is written at an input, with edges that follow renamed outputs."""
    if is_edge(value):
        return _follow_edge(value, resolved)
    return [_follow(entry, resolved) for entry in value] if isinstance(value, list) else value


def _follow_edge(edge: dict[str, Any], resolved: ResolvedGraph) -> dict[str, Any]:
    text = edge.get("from")
    node_id, _, output = str(text).partition(".")
    node = resolved.nodes.get(node_id) if node_id != "inputs" else None
    if node is None or node.migrated is None or output not in node.migrated.outputs or _is_converted(node):
        return edge
    return {**edge, "from": f"{node_id}.{node.migrated.outputs[output]}"}
