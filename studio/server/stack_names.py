"""Names what jobs have in common: nodes that can be stacked, and models."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from blake3 import blake3

from studio.api import Model
from studio.execution.plan import Plan
from studio.graph.source import Collected, Constant, Source


def name_stack(plan: Plan) -> str:
    """Return what is equal for jobs whose nodes can be stacked: those of `batch=` node types, with their models."""
    found = {
        (node.node_type.id, *sorted(name_model(model) for model in list_models(plan, node.id)))
        for node in plan.nodes.values()
        if node.node_type is not None and node.node_type.batch is not None
    }
    return _name(found)


def name_models(plan: Plan) -> str:
    """Return what is equal for jobs that use the same models; "" if a job uses none."""
    return _name({name_model(model) for node_id in plan.nodes for model in list_models(plan, node_id)})


def list_models(plan: Plan, node_id: str) -> Iterator[Model]:
    """Yield the models at the inputs of a node."""
    for bound in plan.nodes[node_id].inputs.values():
        yield from find_models(bound.source)


def find_models(source: Source) -> Iterator[Model]:
    """Yield the models in the source of an input."""
    pending: list[Any] = [source]
    while pending:
        one = pending.pop()
        if isinstance(one, Model):
            yield one
        elif isinstance(one, Constant):
            pending.append(one.value)
        elif isinstance(one, Collected):
            pending += one.entries
        elif isinstance(one, list | tuple):
            pending += one


def name_model(model: Model) -> str:
    """Return a text that names a model with its options."""
    return f"{model.reference} {model.options}"


def _name(found: Iterable[Any]) -> str:
    rows = sorted(found)
    return blake3(repr(rows).encode()).hexdigest(length=16) if rows else ""
