"""Edges: which are written at an input, and what each leads to."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from studio.api import TypeSpec
from studio.api.type_spec import describe_value
from studio.graph.document import EDGE_PATTERN, GraphDocument, NodeDocument, is_edge
from studio.graph.findings import Findings
from studio.graph.resolved import ResolvedGraph, ResolvedNode
from studio.graph.source import GraphInput, Reference, Source
from studio.suggestion import suggest

_EDGE = re.compile(EDGE_PATTERN)


class Edges:
    """Finds what the edges of a graph lead to, among the inputs and nodes that are resolved so far.

    Attributes:
        used_inputs: Names of the graph's inputs that edges lead to.
        dangling: How many edges so far lead to no node or input.
    """

    def __init__(self, resolved: ResolvedGraph, findings: Findings) -> None:
        self.used_inputs: set[str] = set()
        self.dangling = 0
        self._resolved = resolved
        self._findings = findings

    def find(self, edge: Any, where: str) -> tuple[Source, TypeSpec] | None:
        """Return what an edge leads to with its type, or None if that is unknown.

        Only an error of the edge itself is reported, and not what follows from an error elsewhere.
        """
        if not isinstance(edge, str) or not _EDGE.fullmatch(edge):
            shown = describe_value(edge)
            hint = 'a value that looks like an edge is written {"literal": ...}'
            self._report_dangling(where, f"invalid edge {shown}", "node, node.output or inputs.name", shown, hint)
            return None
        head, _, tail = edge.partition(".")
        return self._find_input(tail, edge, where) if head == "inputs" else self._find_output(head, tail, where)

    def _find_input(self, name: str, edge: str, where: str) -> tuple[Source, TypeSpec] | None:
        self.used_inputs.add(name)
        declared = self._resolved.inputs.get(name)
        if declared is None:
            known = list(self._resolved.graph.document.inputs)
            hint = suggest(name, known) or "declare it in the graph's inputs"
            expected = ", ".join(known) or "no inputs"
            self._report_dangling(where, f"the graph has no input {name!r}", expected, edge, hint, known)
            return None
        return GraphInput(name), replace(declared.spec, optional=declared.spec.optional and declared.default is None)

    def _find_output(self, node_id: str, name: str, where: str) -> tuple[Source, TypeSpec] | None:
        node = self._resolved.nodes.get(node_id)
        if node is not None and node.migrated is not None:
            name = node.migrated.outputs.get(name, name)
        if node is not None and node.node_type is not None and not node.is_broken:  # most edges, in one step
            output = name or next(iter(node.outputs), "")
            if output in node.outputs:
                return Reference(node_id, output), node.outputs[output]
        return self._find_rare_output(node, node_id, name, where) if self._has_node(node_id, name, where) else None

    def _find_rare_output(
        self, node: ResolvedNode | None, node_id: str, name: str, where: str
    ) -> tuple[Source, TypeSpec] | None:
        """Return the output of a subgraph; None where an output is unknown, after a finding if none was made yet."""
        if node is None or (node.node_type is None and node.subgraph is None):
            return None  # a node in a cycle, or of unknown type: it has a finding already
        if not self._has_output(node, name, where) or node.is_broken or not node.outputs:
            return None  # the type is unknown because of an error that has a finding already
        output = name or next(iter(node.outputs))
        return Reference(node_id, output), node.outputs[output]

    def _has_node(self, node_id: str, output: str, where: str) -> bool:
        known = self._resolved.graph.document.nodes
        if node_id in known:
            return True
        edge = f"{node_id}.{output}" if output else node_id
        message, hint = f"unknown node {node_id!r}", suggest(node_id, known)
        self._report_dangling(where, message, "a node of this graph", edge, hint, known)
        return False

    def _has_output(self, node: ResolvedNode, name: str, where: str) -> bool:
        outputs = _list_outputs(node)
        if not name or name in outputs:
            return True
        names = ", ".join(outputs)
        self._findings.report(
            "E113",
            where,
            f"node {node.id!r} has no output {name!r}",
            expected=names,
            found=f"{node.id}.{name}",
            hint=suggest(name, outputs) or f"its outputs: {names}",
            alternatives=outputs,
        )
        return False

    def _report_dangling(
        self, where: str, message: str, expected: str, found: str, hint: str, known: Iterable[str] = ()
    ) -> None:
        self.dangling += 1
        self._findings.report("E112", where, message, expected=expected, found=found, hint=hint, alternatives=known)


def _list_outputs(node: ResolvedNode) -> list[str]:
    """Return the names of a node's outputs; a graph with errors has those that it declares."""
    return list(node.subgraph.graph.document.outputs if node.subgraph is not None else node.outputs)


def find_edges(value: Any, where: str = "") -> Iterator[tuple[str, str]]:
    """Yield (pointer, edge) of each edge at an input: the value itself, or an entry of a list, however deep."""
    if is_edge(value):
        if isinstance(value["from"], str):
            yield where, value["from"]
    elif isinstance(value, list):
        for index, entry in enumerate(value):
            yield from find_edges(entry, f"{where}/{index}")


def find_needed_nodes(node: NodeDocument) -> list[str]:
    """Return the names of the nodes that edges at a node lead to."""
    found = [node.when.edge] if node.when is not None else []
    for value in node.inputs.values():
        if isinstance(value, dict | list):
            found += [edge for _, edge in find_edges(value)]
    return [edge.partition(".")[0] for edge in found if not edge.startswith("inputs.")]


def find_used_outputs(document: GraphDocument) -> dict[str, set[str]]:
    """Return the names of outputs that edges name, by node; "" for an edge that names only the node."""
    found = [output.edge for output in document.outputs.values()]
    for node in document.nodes.values():
        found += [node.when.edge] if node.when is not None else []
        found += [edge for value in node.inputs.values() for _, edge in find_edges(value)]
    used: dict[str, set[str]] = {}
    for edge in found:
        node_id, _, name = edge.partition(".")
        if node_id != "inputs":
            used.setdefault(node_id, set()).add(name)
    return used
