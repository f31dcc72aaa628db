"""The code that a batch is planned with: workers must have the same, and items are made again when it changes."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from typing import Any

from studio.api import NodeType
from studio.api.origin import Origin, Provider
from studio.app import Studio
from studio.errors import PluginError
from studio.graph import ResolvedGraph


def describe_node_types(node_types: Iterable[NodeType]) -> list[list[Any]]:
    """Return what names the code of node types; those of releases as they were always named."""
    return [
        [n.id, n.version, n.code, n.distribution, n.distribution_version, *_name_sources(n.origin)] for n in node_types
    ]


def describe_value_types(studio: Studio, resolved: ResolvedGraph, node_types: Iterable[NodeType]) -> list[list[str]]:
    """Return what names the code that reads and writes the value types of a batch, where its node types do not say it.

    Args:
        studio: Knows what provides them.
        resolved: The graph; its outputs are written.
        node_types: The node types that it uses.
    """
    node_types = list(node_types)
    names = {spec.name for _, spec in resolved.outputs.values()}
    for node_type in node_types:
        names |= {end.spec.name for end in node_type.inputs.values()}
        names |= {end.spec.name for end in node_type.outputs.values()}
    known = {node_type.distribution for node_type in node_types}
    found = [(name, studio.registry.providers[name]) for name in sorted(names) if name in studio.registry.providers]
    return [
        [name, provider.distribution, provider.version, *_name_sources(provider.origin)]
        for name, provider in found
        if not _is_studio(studio, provider) and (_name_sources(provider.origin) or provider.distribution not in known)
    ]


def describe_code(studio: Studio, resolved: ResolvedGraph) -> dict[str, list[Any]]:
    """Return what names the code that a batch needs, by node type and value type."""
    node_types = studio.collect_parts(resolved).node_types
    rows = {f"node type {row[0]!r}": row[1:] for row in describe_node_types(node_types)}
    return rows | {f"value type {row[0]!r}": row[1:] for row in describe_value_types(studio, resolved, node_types)}


def check_code(planned: Mapping[str, list[Any]], studio: Studio, resolved: ResolvedGraph, where: str) -> None:
    """Refuse to work on a batch that was planned with other code.

    Args:
        planned: What `describe_code` returned where the batch was planned; empty for the same process.
        studio: The Studio here.
        resolved: The graph, resolved here.
        where: Name of the worker.

    Raises:
        PluginError: E211 if the code here differs.
    """
    if not planned:
        return
    here = describe_code(studio, resolved)
    for name, then in planned.items():
        if here.get(name) != then:
            raise PluginError(
                "E211",
                f"the code of {name} has changed since the batch was planned, or differs on this machine",
                where=where,
                hint="start the batch again, with the same plugins on all machines",
            )


def _name_sources(origin: Origin | None) -> list[str]:
    """Return the digest of files that a version does not name; one used once where nothing names the code."""
    if origin is None or origin.sources == "":
        return []
    return [origin.sources or uuid.uuid4().hex]


def _is_studio(studio: Studio, provider: Provider) -> bool:
    return provider is studio.registry.studio
