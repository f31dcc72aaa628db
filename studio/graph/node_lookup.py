"""Node types: finds that of a node by its id or an id that it had before, and says why one is unknown."""

from __future__ import annotations

from collections.abc import Mapping

from studio.api import NodeType
from studio.graph.catalog import Catalog
from studio.graph.findings import Findings
from studio.suggestion import find_nearest, suggest

_LIKE_A_PLUGIN = 0.7  # "audioworks" is no misspelt "audio"
NODE_TYPE_WARNINGS = ("W103", "W104", "W105", "W106")
"""Warnings of node types that are old, deprecated or experimental; those in graphs in a graph count too."""


def find_node_type(name: str, where: str, catalog: Catalog, findings: Findings) -> NodeType | None:
    """Return the node type with an id, now or before; report an unknown id, and warn of one that should not be used."""
    found = catalog.node_types.get(name)
    if found is None:
        found = find_renamed(name, catalog.node_types)
        if found is None:
            report_unknown_type(name, where, catalog, findings)
            return None
        findings.warn("W103", where, f"{name!r} is now {found.id!r}", hint=f"write {found.id!r}")
    if found.deprecated:
        findings.warn("W105", where, f"{found.id!r} is deprecated: {found.deprecated}", hint="it may be removed")
    if found.experimental:
        message = f"{found.id!r} is experimental: its inputs and results may change without notice"
        findings.warn("W106", where, message, hint="pin the version of its plugin in the graph's requires")
    return found


def find_renamed(name: str, node_types: Mapping[str, NodeType]) -> NodeType | None:
    """Return the node type that had an id before; None if there is none."""
    return next((known for known in node_types.values() if name in known.replaces), None)


def report_unknown_type(name: str, where: str, catalog: Catalog, findings: Findings) -> None:
    """Report a node type that is not installed: its plugin failed to load, is missing, or the name is wrong."""
    failure = catalog.find_failure(name)
    if failure is not None:
        findings.report(
            "E123",
            where,
            f"the plugin of {name!r} {failure}",
            expected="a plugin that loads",
            found=name,
            hint="see `studio plugins`",
        )
        return
    message, hint = f"unknown node type {name!r}", suggest(name, catalog.node_types) or "see `studio nodes`"
    plugin = name.partition(".")[0]
    plugins = {node_type.plugin for node_type in catalog.node_types.values()}
    if "." in name and plugin not in plugins and find_nearest(plugin, plugins, _LIKE_A_PLUGIN) is None:
        message, hint = (
            f"{message}: no plugin named {plugin!r} is installed",
            "install the plugin; see `studio plugins`",
        )
    expected, known = "an installed node type", [*catalog.node_types]
    findings.report("E103", where, message, expected=expected, found=name, hint=hint, alternatives=known)
