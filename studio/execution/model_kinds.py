"""Kinds of models in a graph that is not run: those of graphs in it too, also of those that are mapped."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from studio.api import Model
from studio.errors import Finding
from studio.execution.file_reading import FileReader
from studio.execution.flatten import create_plan
from studio.execution.needed_models import find_kind_problems
from studio.execution.plan import PlanNode
from studio.graph.json_pointer import escape
from studio.graph.resolved import ResolvedGraph
from studio.graph.source import Collected, Constant, Source

_UNKNOWN = Collected(())


def find_kind_faults(
    resolved: ResolvedGraph,
    reader: FileReader,
    find_kind: Callable[[Model], str | None],
    given: Mapping[str, Source] | None = None,
) -> list[Finding]:
    """Return a finding for each model that is of another kind than its input takes.

    Args:
        resolved: The graph, without errors.
        reader: How files are read; it reads none.
        find_kind: Returns what a model is in a word, or None.
        given: The values of the graph's inputs that are known.
    """
    values: dict[str, Source] = {name: _UNKNOWN for name, end in resolved.inputs.items() if end.required}
    plan = create_plan(resolved, values | dict(given or {}), reader)
    findings = find_kind_problems(plan, find_kind)
    for node in plan.nodes.values():
        if node.subgraph is not None and not node.conditions:
            inner = find_kind_faults(node.subgraph, reader, find_kind, _find_known(node))
            findings += [replace(finding, where=_place(node, finding.where)) for finding in inner]
    return findings


def _find_known(node: PlanNode) -> dict[str, Source]:
    """Return what every copy of a mapped graph is given; what differs from copy to copy is unknown."""
    return {
        name: bound.source if isinstance(bound.source, Constant) and not bound.depth else _UNKNOWN
        for name, bound in node.inputs.items()
    }


def _place(node: PlanNode, where: str) -> str:
    """Return the place of a finding in a graph in a graph, as a run names its nodes."""
    return where.replace("/nodes/", f"/nodes/{escape(f'{node.id}/')}", 1)
