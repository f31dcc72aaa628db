"""Nodes of an older version: which version a node was written for, and what the installed one reads from it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from studio.api import Migration, NodeType
from studio.api.migration import ConvertValue, holds_edge
from studio.api.type_spec import describe_value
from studio.errors import describe_exception
from studio.graph.document import NodeDocument
from studio.graph.findings import Findings
from studio.graph.json_pointer import escape
from studio.plugin_code import mark_plugin_call
from studio.suggestion import join_words

Chain = Sequence[Migration]


@dataclass(frozen=True)
class MigratedNode:
    """A node that was written for another version, as the installed version of its type reads it.

    Attributes:
        inputs: Its inputs, by their names of today.
        version: The version that it was written for; "" where that does not count.
        written: How the graph names inputs, by their names of today, where the two differ.
        outputs: Names of outputs of today, by their old names, where the two differ; "" is the first output.
        conversions: Functions for inputs whose values come by an edge and are converted when the graph runs.
    """

    inputs: Mapping[str, Any]
    version: str = ""
    written: Mapping[str, str] = field(default_factory=dict)
    outputs: Mapping[str, str] = field(default_factory=dict)
    conversions: Mapping[str, Sequence[ConvertValue]] = field(default_factory=dict)


def may_migrate(node: NodeDocument, node_type: NodeType) -> bool:
    """Say whether a node may have been written for another version than the installed one."""
    if node.version is None:
        return bool(node_type.migrations) or node_type.replaces.get(node.type) is not None
    return True


def migrate_node(
    node: NodeDocument, node_type: NodeType, find_used: Callable[[], Collection[str]], where: str, findings: Findings
) -> MigratedNode | None:
    """Return a node as the installed version of its type reads it; None if it was written for that version.

    What cannot be migrated is reported; the node then keeps the inputs that it has.

    Args:
        node: The node.
        node_type: Its type.
        find_used: Returns the names of the outputs of the node that edges name; "" for edges that name only the node.
        where: The node's place in the document.
        findings: Gets what is wrong.
    """
    replaced = node_type.replaces.get(node.type)
    if replaced is not None:
        return _apply((replaced,), node, "", where, findings, f"{node.type!r} to {node_type.id!r}")
    if node.version is None:
        return _migrate_unversioned(node, node_type, find_used, where, findings)
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
    if written >= node_type.major:
        return None
    chain = _find_chain(node_type, written)
    if chain is None:
        findings.report(
            "E124",
            f"{where}/version",
            f"{node_type.id} cannot read inputs of version {node.version}",
            expected=f"version {node_type.version}",
            found=node.version,
            hint=f"rewrite the node; see `studio nodes {node_type.id}`",
        )
        return None
    return _apply(chain, node, node.version, where, findings, f"version {node.version} to {node_type.version}")


def _find_chain(node_type: NodeType, major: int) -> list[Migration] | None:
    """Return the migrations from a major version to the installed one, or None if one is missing."""
    steps = [node_type.migrations.get(number) for number in range(major, node_type.major)]
    return [step for step in steps if step is not None] if None not in steps else None


def _apply(
    chain: Chain, node: NodeDocument, version: str, where: str, findings: Findings, way: str
) -> MigratedNode | None:
    try:
        inputs = _migrate_inputs(chain, node.inputs)
    except (Exception, SystemExit) as error:  # a plugin's function, on whatever the graph has there
        findings.report(
            "E124",
            where,
            f"its inputs cannot be brought from {way}: {describe_exception(error)}",
            expected=f"inputs of {node.type} {version}".strip(),
            found=version or node.type,
            hint=f"rewrite the node; see `studio nodes {node.type}`",
        )
        return None
    return _create_migrated(chain, node, inputs, version)


def _create_migrated(chain: Chain, node: NodeDocument, inputs: Mapping[str, Any], version: str) -> MigratedNode:
    written = _find_written_names(chain, node.inputs)
    return MigratedNode(inputs, version, written, _compose_outputs(chain), _find_conversions(chain, node.inputs))


def _find_conversions(chain: Chain, inputs: Mapping[str, Any]) -> dict[str, tuple[ConvertValue, ...]]:
    """Return the functions for values that are not known yet, by the names of the inputs of today."""
    found = {}
    for name, value in inputs.items():
        new: str | None = name
        functions: list[ConvertValue] = []
        for step in chain:
            new = step.inputs.get(new, new) if new is not None else None
            convert = step.values.get(new) if new is not None else None
            functions += [convert] if convert is not None and holds_edge(value) else []
        if new is not None and functions:
            found[new] = tuple(functions)
    return found


def _migrate_inputs(chain: Chain, inputs: Mapping[str, Any]) -> dict[str, Any]:
    values = dict(inputs)
    with mark_plugin_call():
        for step in chain:
            values = step.migrate_inputs(values)
    return values


def _find_written_names(chain: Chain, names: Collection[str]) -> dict[str, str]:
    """Return how a graph names inputs, by their names of today."""
    written = {}
    for name in names:
        new: str | None = name
        for step in chain:
            new = step.inputs.get(new, new) if new is not None else None
        if new is not None and new != name:
            written[new] = name
    return written


def _compose_outputs(chain: Chain) -> dict[str, str]:
    """Return the names of outputs of today, by their old names, where the two differ."""
    names = {""}.union(*(step.outputs for step in chain))
    renamed = {}
    for name in names:
        new = name
        for step in chain:
            new = step.rename_output(new)
        if new != name:
            renamed[name] = new
    return renamed


# -- nodes that state no version -----------------------------------------------------------------------


def _migrate_unversioned(
    node: NodeDocument, node_type: NodeType, find_used: Callable[[], Collection[str]], where: str, findings: Findings
) -> MigratedNode | None:
    """Migrate a node that uses names which only an older version had; any other is of the installed version."""
    used = find_used()
    old = [name for name in node.inputs if name not in node_type.inputs]
    old += [name for name in sorted(used) if name and name not in node_type.outputs]
    if not old:
        return _convert_kept(node, node_type, where, findings)
    fits = list(_find_fits(node, node_type, used))
    if not fits:
        return None
    names, versions = join_words([*map(repr, old)], "and"), join_words([found.version for found in fits], "and")
    if any(_differ(found, fits[0], used) for found in fits):
        findings.report(
            "E124",
            where,
            f"{names} may be of version {versions} of {node_type.id}, which mean different things",
            expected='a node with its "version"',
            found="no version",
            hint=f'add "version": "{fits[0].version}", or rewrite the node for version {node_type.version}',
        )
        return None
    findings.warn(
        "W104",
        where,
        f"{names} {'is' if len(old) == 1 else 'are'} of version {fits[0].version} of {node_type.id},"
        f" and {node_type.version} is installed",
        hint=f'it is migrated; add "version": "{fits[0].version}", or use the new names',
    )
    return fits[0]


def _convert_kept(node: NodeDocument, node_type: NodeType, where: str, findings: Findings) -> MigratedNode | None:
    """Convert values of inputs that had the same name in older versions; values of today stay as they are."""
    chain = [
        Migration(values={name: convert for name, convert in step.list_kept().items() if name in node.inputs})
        for step in _find_chain(node_type, min(node_type.migrations, default=node_type.major)) or ()
    ]
    if not any(step.values for step in chain):
        return None
    migrated = _apply(chain, node, "", where, findings, f"an older version to {node_type.version}")
    changed = [] if migrated is None else [name for name in node.inputs if migrated.inputs[name] != node.inputs[name]]
    for name in changed:
        findings.warn(
            "W104",
            f"{where}/inputs/{escape(name)}",
            f"the value of {name!r} is of an older version of {node_type.id}, and {node_type.version} is installed",
            hint=f"it is read as {describe_value(migrated.inputs[name])}" if migrated is not None else "",
        )
    return migrated if migrated is not None and (changed or migrated.conversions) else None


def _find_fits(node: NodeDocument, node_type: NodeType, used: Collection[str]) -> Iterator[MigratedNode]:
    """Yield the node as it was meant in each older version that has all the names it uses, the newest first."""
    for major in reversed(range(node_type.major)):
        chain = _find_chain(node_type, major)
        if chain is None:
            return
        fit = _read_as(chain, node, node_type, used, f"{major}.0")
        if fit is not None:
            yield fit


def _differ(first: MigratedNode, second: MigratedNode, used: Collection[str]) -> bool:
    names = [(first.outputs.get(name, name), second.outputs.get(name, name)) for name in used]
    if first.conversions != second.conversions:
        return True
    return first.inputs != second.inputs or any(one != other for one, other in names)


def _read_as(
    chain: Chain, node: NodeDocument, node_type: NodeType, used: Collection[str], version: str
) -> MigratedNode | None:
    if not all(_existed(name, [step.inputs for step in chain]) for name in node.inputs):
        return None
    if not all(_existed(name, [step.outputs for step in chain]) for name in used):
        return None
    try:
        inputs = _migrate_inputs(chain, node.inputs)
        if not _explains_inputs(chain, node, node_type, inputs):
            return None
    except (Exception, SystemExit):  # a plugin's function, on inputs that it may not be for
        return None
    outputs = _compose_outputs(chain)
    if any(name and outputs.get(name, name) not in node_type.outputs for name in used):
        return None
    return _create_migrated(chain, node, inputs, version)


def _existed(name: str, renamings: Iterable[Mapping[str, str | None]]) -> bool:
    """Say whether a version may have had a name: no later version introduced it."""
    current: str | None = name
    for names in renamings:
        if current not in names and current in names.values():
            return False
        current = names.get(current, current) if current is not None else None
    return True


def _explains_inputs(chain: Chain, node: NodeDocument, node_type: NodeType, inputs: Mapping[str, Any]) -> bool:
    """Say whether a chain reads every name that the installed version does not have, and gives only names that it has.

    A function that ignores a name gives the same without it: the name is a mistake, and not one of the old version.
    """
    if any(name not in node_type.inputs for name in inputs):
        return False
    declared = {name for step in chain for name in step.inputs}
    for name in node.inputs:
        if name not in node_type.inputs and name not in declared:
            rest = {other: value for other, value in node.inputs.items() if other != name}
            if _is_equal_without(chain, rest, inputs):
                return False
    return True


def _is_equal_without(chain: Chain, rest: Mapping[str, Any], inputs: Mapping[str, Any]) -> bool:
    try:
        return _migrate_inputs(chain, rest) == inputs
    except (Exception, SystemExit):  # a plugin's function that needs the name
        return False
