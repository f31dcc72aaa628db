"""Node types: finds that of a node, says why it is unknown, and rewrites inputs of an older version."""

from __future__ import annotations

import difflib
from typing import Any

from studio.api import NodeType
from studio.graph.catalog import Catalog
from studio.graph.document import NodeDocument
from studio.graph.findings import Findings, suggest


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
    if "." in name and plugin not in plugins and not difflib.get_close_matches(plugin, plugins, 1, 0.7):
        message, hint = (
            f"{message}: no plugin named {plugin!r} is installed",
            "install the plugin; see `studio plugins`",
        )
    findings.report("E103", where, message, expected="an installed node type", found=name, hint=hint)


def migrate_inputs(node: NodeDocument, node_type: NodeType | None, where: str, findings: Findings) -> dict[str, Any]:
    """Return a node's inputs as the installed version of its type reads them, or what could be migrated of them."""
    values = dict(node.inputs)
    if node.version is None or node_type is None:
        return values
    hint = f"rewrite the node; see `studio nodes {node_type.id}`"
    written = int(node.version.partition(".")[0])
    if written > node_type.major:
        findings.report(
            "E124",
            f"{where}/version",
            f"the graph wants version {node.version} of {node_type.id}",
            expected=f"at most {node_type.version}",
            found=node.version,
            hint="install a newer plugin",
        )
    for major in range(written, node_type.major):
        step = node_type.migrations.get(major)
        if step is None:
            message = f"{node_type.id} cannot read inputs of version {node.version}"
            expected = f"version {node_type.version}"
            findings.report("E124", f"{where}/version", message, expected=expected, found=node.version, hint=hint)
            break
        try:
            values = dict(step(values))
        except Exception as error:  # a plugin's function, on whatever the graph has there
            message = f"its inputs cannot be brought from version {major} to {major + 1}: {error!r}"
            expected = f"inputs of version {major}"
            findings.report("E124", where, message, expected=expected, found=node.version, hint=hint)
            break
    return values
