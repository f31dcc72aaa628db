"""`Expansions`: the subgraphs that calls of a node returned join the run, and their outputs become the node's."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

from studio.api import TypeSpec
from studio.api.node_type import SUBGRAPH, SUBGRAPH_VALUES, create_expander
from studio.errors import GraphError, StudioError
from studio.execution.call import NodeState, Result
from studio.execution.demand import Demand
from studio.execution.flatten import create_check, create_plan
from studio.execution.plan import Nesting, Plan, PlanNode, prune_plan, rename_nodes
from studio.execution.position import place_copy
from studio.execution.services import Services
from studio.execution.values import Values
from studio.graph.fit import find_fit
from studio.graph.parse import parse_graph
from studio.graph.resolve import resolve_graph
from studio.graph.resolved import Bound, ResolvedGraph
from studio.graph.source import Given, Reference, Source

MAX_NODES = 1000
MAX_NODES_IN_ALL = 10_000
MAX_DEPTH = 8
_MOST_SHOWN = 3

find_expander = lru_cache(maxsize=4096)(create_expander)
"""Returns the node type whose outputs are a subgraph and its values; always the same for one node type."""


class Expansions:
    """Makes plans of the subgraphs that node types returned.

    Args:
        services: What is installed.
        demand: The nodes of the run.
        values: The values of the run.
    """

    def __init__(self, services: Services, demand: Demand, values: Values) -> None:
        self._services = services
        self._demand = demand
        self._values = values

    def create_plans(self, state: NodeState) -> list[Plan]:
        """Return a plan for the subgraph of each call of a node, with the ids "node/inner" or "node[index]/inner".

        Raises:
            StudioError: E316 if a subgraph is wrong, E317 if it is too large or too deep.
            LostValue: The cache no longer has a subgraph.
        """
        nesting = state.node.nesting or Nesting()
        if nesting.depth >= MAX_DEPTH:
            raise _refuse_size(f"subgraphs in subgraphs are more than {MAX_DEPTH} deep")
        resolved: dict[str, ResolvedGraph] = {}
        plans = []
        for call in state.calls:
            digest = call.results[SUBGRAPH].digest
            if digest not in resolved:
                resolved[digest] = self._resolve(state.node, self._values.load(call.results[SUBGRAPH]))
            plan = self._create_plan(state.node, resolved[digest], self._values.split(call.results[SUBGRAPH_VALUES]))
            nesting.total[0] += len(plan.nodes)
            if nesting.total[0] > MAX_NODES_IN_ALL:
                raise _refuse_size(f"its subgraphs have more than {MAX_NODES_IN_ALL} nodes in all")
            _mark(plan, nesting)
            place_copy(plan, state, call.position, len(state.calls))
            plans.append(rename_nodes(plan, f"{call.label}/"))
        return plans

    def _resolve(self, node: PlanNode, document: Mapping[str, Any]) -> ResolvedGraph:
        """Check a subgraph like any graph; it reads no files."""
        count = len(document["nodes"])
        if count > MAX_NODES:
            raise _refuse_size(f"it returned a subgraph of {count} nodes (expected at most {MAX_NODES})")
        try:
            resolved = resolve_graph(parse_graph(document), self._services.catalog, reads_files=False)
        except GraphError as error:
            raise _refuse(str(finding) for finding in error.findings) from None
        problems = [f"{finding.code} at {finding.where}: {finding.message}" for finding in resolved.errors]
        problems = problems or _find_output_problems(node, resolved)
        if problems:
            raise _refuse(problems)
        return resolved

    def _create_plan(self, node: PlanNode, resolved: ResolvedGraph, entries: Sequence[Result]) -> Plan:
        values: dict[str, Source] = {name: Given(entry) for name, entry in zip(resolved.inputs, entries, strict=True)}
        plan = create_plan(resolved, values, self._services.reader)
        return _check_outputs(node, plan)


def _find_output_problems(node: PlanNode, resolved: ResolvedGraph) -> list[str]:
    """Return how the outputs of a subgraph differ from those that the node type declares."""
    assert node.node_type is not None
    declared = {name: output.spec for name, output in node.node_type.outputs.items()}
    names = ", ".join(declared)
    problems = [f"output {name!r} is missing" for name in declared if name not in resolved.outputs]
    problems += [f"unknown output {name!r} (expected {names})" for name in resolved.outputs if name not in declared]
    for name, (_, found) in resolved.outputs.items():
        fit = find_fit(found, declared[name]) if name in declared else None
        if fit is not None and (fit.problem is not None or fit.depth or fit.stream):
            problems.append(f"output {name!r} is {found} (expected {declared[name]})")
    return problems


def _check_outputs(node: PlanNode, plan: Plan) -> Plan:
    """Return a plan that checks its outputs, where their types alone do not say that they fit."""
    assert node.node_type is not None
    nodes, outputs = dict(plan.nodes), dict(plan.outputs)
    for name, (source, found) in plan.outputs.items():
        declared = node.node_type.outputs[name].spec
        if found != declared:
            node_id = f"outputs.{name}"
            inputs, made = {"value": Bound(source, declared)}, {"value": TypeSpec("any")}
            nodes[node_id] = PlanNode(node_id, create_check(declared), inputs, made)
            outputs[name] = Reference(node_id, "value"), declared
    return plan if outputs == plan.outputs else prune_plan(nodes, outputs)


def _mark(plan: Plan, nesting: Nesting) -> None:
    """Note in the nodes that may return subgraphs themselves how deep they are."""
    inner = nesting.enter()
    for node_id, node in plan.nodes.items():
        if node.node_type is None or node.node_type.expands:
            plan.nodes[node_id] = replace(node, nesting=inner)


def _refuse(problems: Iterable[str]) -> StudioError:
    listed = list(problems)
    more = f"; and {len(listed) - _MOST_SHOWN} more" if len(listed) > _MOST_SHOWN else ""
    return StudioError(
        "E316",
        f"it returned an invalid subgraph: {'; '.join(listed[:_MOST_SHOWN])}{more}",
        hint="this is a mistake of the node type",
    )


def _refuse_size(message: str) -> StudioError:
    return StudioError("E317", message, hint="ask it for less at once, or report it to the authors of the node type")
