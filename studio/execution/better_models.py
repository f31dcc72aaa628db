"""Fetched models of the catalog take the place of defaults; of others a line says what they would gain."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeAlias

from studio.api import Model
from studio.execution.plan import Choice, Plan, PlanNode
from studio.graph.resolved import Bound, ResolvedGraph
from studio.graph.source import Constant

if TYPE_CHECKING:
    from studio.runtime.catalog.entry import Entry, Use

_UNKNOWN = object()
Uses: TypeAlias = "Mapping[str, Sequence[tuple[Entry, Use]]]"
"""Entries of the catalog, and what they are used for, by node type; the best entry of a node type first."""


def list_takers(plan: Plan) -> list[str]:
    """Return the ids of those node types of a plan that take models."""
    types = {node.node_type.id: node.node_type for node in plan.nodes.values() if node.node_type is not None}
    return [name for name, one in types.items() if any(end.spec.name == "model" for end in one.inputs.values())]


def choose_models(plan: Plan, uses: Uses, is_fetched: Callable[[str], bool]) -> Plan:
    """Return a plan whose nodes take the fetched models that serve them, where the graph gives no value.

    Args:
        plan: The plan.
        uses: What entries are used for by default.
        is_fetched: Says whether an entry was fetched.
    """
    choices = tuple(choice for node in plan.nodes.values() for choice in _find_choices(node, uses, is_fetched))
    if not choices:
        return plan
    nodes = dict(plan.nodes)
    for choice in choices:
        if choice.is_taken:
            node = nodes[choice.node]
            assert node.node_type is not None
            bound = Bound(Constant(Model(choice.reference)), node.node_type.inputs[choice.input].spec)
            nodes[choice.node] = replace(node, inputs={**node.inputs, choice.input: bound})
    return replace(plan, nodes=nodes, choices=choices)


def list_lines(choices: Iterable[Choice]) -> list[str]:
    """Return what a user is told of choices, each line once; of what was not fetched, only what gains something."""
    told = [choice.line for choice in choices if choice.is_taken or choice.gain]
    return list(dict.fromkeys(told))


def state_choices(resolved: ResolvedGraph, choices: Iterable[Choice]) -> ResolvedGraph:
    """Return a graph whose document, where Studio writes it, names the models that its nodes take."""
    for choice in choices:
        if choice.is_taken:
            resolved = _state(resolved, choice.node.split("/"), choice)
    return resolved


def _state(resolved: ResolvedGraph, way: Sequence[str], choice: Choice) -> ResolvedGraph:
    node = resolved.nodes.get(way[0])
    if node is None:
        return resolved
    if len(way) == 1:
        node = replace(node, chosen={**node.chosen, choice.input: choice.reference})
    elif node.subgraph is not None:
        node = replace(node, subgraph=_state(node.subgraph, way[1:], choice))
    return replace(resolved, nodes={**resolved.nodes, way[0]: node})


def _find_choices(node: PlanNode, uses: Uses, is_fetched: Callable[[str], bool]) -> Iterator[Choice]:
    """Yield for each input the first fetched entry that serves it, or else the first that would."""
    if node.node_type is None or node.node_type.id not in uses:
        return
    found: dict[str, Choice] = {}
    for entry, use in uses[node.node_type.id]:
        end = node.node_type.inputs.get(use.input)
        if end is None or end.spec.name != "model" or use.input in node.inputs or not _fits(node, use):
            continue
        if not use.default and is_fetched(entry.name):
            continue  # whoever fetched it knows of it
        missing = entry.list_missing() if is_fetched(entry.name) else None
        action = f"studio models get {entry.name}" if missing is None else f"pip install {' '.join(missing)}"
        choice = Choice(node.id, node.node_type.id, use.input, entry.name, use.gain, action, missing == [], use.needed)
        known = found.get(use.input)
        if known is None or (choice.is_taken and not known.is_taken):
            found[use.input] = choice
    yield from found.values()


def _fits(node: PlanNode, use: Use) -> bool:
    """Say whether the other inputs of a node have values with which the model is meant to be used."""
    return all(_find_value(node, name) in accepted for name, accepted in use.when.items())


def _find_value(node: PlanNode, name: str) -> Any:
    """Return the value of an input as far as it is known before the run."""
    bound = node.inputs.get(name)
    if bound is not None:
        value = bound.source.value if isinstance(bound.source, Constant) else _UNKNOWN
    else:
        end = node.node_type.inputs.get(name) if node.node_type is not None else None
        value = end.default if end is not None else _UNKNOWN
    if isinstance(value, Model):
        return value.reference
    return value.lower() if isinstance(value, str) else value
