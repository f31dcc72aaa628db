"""Checks the node types that a plugin provides, against those of other plugins and against value types."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from studio.api import Input, NodeType, Output
from studio.errors import PluginError
from studio.registry.registry import PluginRow
from studio.registry.value_type_checks import RESERVED_TYPES


def report_duplicate(first: NodeType, second: NodeType) -> PluginError:
    """Return the error of two node types of one id in one plugin."""
    return PluginError(
        "E203",
        f"the plugin has two node types {second.id!r}: {first.where} and {second.where}",
        where=second.where,
        hint="rename one of them",
    )


def report_clash(first: NodeType, second: NodeType, row: PluginRow) -> PluginError:
    """Return the error of two node types of one id in two plugins, of which the second fails."""
    origins = f"{first.distribution} ({first.where}) and {row.name} ({second.where})"
    return PluginError(
        "E203",
        f"two plugins have a node type {second.id!r}: {origins}",
        where=second.where,
        hint="rename one of them, or uninstall one of the plugins",
    )


def check_old_ids(node_type: NodeType, known: Iterable[NodeType]) -> None:
    """Check that no other node type replaces the same old id.

    Raises:
        PluginError: E203 if one does, so that an old graph would have two meanings.
    """
    for other in known if node_type.replaces else ():
        for old in node_type.replaces:
            if other.id != node_type.id and old in other.replaces:
                raise PluginError(
                    "E203",
                    f"two node types replace {old!r}: {other.id!r} ({other.where}) and {node_type.id!r}",
                    where=node_type.where,
                    hint="let one of them replace it",
                )


def check_ends(node_type: NodeType, value_types: Collection[str], failed: Mapping[str, str]) -> None:
    """Check that the types of a node type's inputs and outputs are known.

    Args:
        node_type: The node type.
        value_types: Names of the value types that there are.
        failed: Plugins that failed to load, by the names of their value types.

    Raises:
        PluginError: E206 for an unknown value type, or an output that is a file or a path.
    """
    ends: list[Input | Output] = [*node_type.inputs.values(), *node_type.outputs.values()]
    for end in ends:
        name = end.spec.name
        if name not in value_types and name not in RESERVED_TYPES:
            raise _report_unknown(node_type, end, failed.get(name))
    for output in node_type.outputs.values():
        if output.spec.name in ("file", "path"):
            raise PluginError(
                "E206",
                f"node type {node_type.id!r}: output {output.name!r} cannot be a {output.spec.name}",
                where=node_type.where,
                hint="return the value itself, or its name as text",
            )


def _report_unknown(node_type: NodeType, end: Input | Output, failed: str | None) -> PluginError:
    if failed is not None:
        message = f"plugin {failed!r} provides the value type {end.spec.name!r} of {end.name!r}, and failed to load"
        hint = f"see why: studio plugins {failed}"
    else:
        message = f"no plugin provides the value type {end.spec.name!r} of {end.name!r}"
        hint = "return it from studio_value_types, or install the plugin that provides it"
    return PluginError("E206", f"node type {node_type.id!r}: {message}", where=node_type.where, hint=hint)
