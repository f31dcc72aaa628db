"""Which models a plan is sure to need, so that a missing one is told before anything runs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from studio.api import Model
from studio.execution.plan import Collected, Constant, Plan, PlanNode, Source, find_references


def find_needed_models(plan: Plan) -> Iterator[tuple[str, str, Model]]:
    """Yield node, input and model for each that will be opened if the cache has nothing.

    What stands behind a `when`, or at an input that is asked for only if it is chosen, may never be needed: it is
    left to the node that comes to need it.
    """
    waiting = [r.node for source, _ in plan.outputs.values() for r in find_references(source)]
    seen: set[str] = set()
    while waiting:
        node = plan.nodes[waiting.pop()]
        if node.id in seen or node.conditions:
            continue
        seen.add(node.id)
        for name, bound in node.inputs.items():
            if not _is_lazy(node, name):
                waiting += [reference.node for reference in find_references(bound.source)]
                yield from ((node.id, name, model) for model in _find_models(bound.source))
        if node.node_type is not None:
            for end in node.node_type.inputs.values():
                if end.name not in node.inputs and not end.required and not end.lazy:
                    yield from ((node.id, end.name, model) for model in _iterate(end.default))


def _is_lazy(node: PlanNode, name: str) -> bool:
    end = node.node_type.inputs.get(name) if node.node_type is not None else None
    return end is not None and end.lazy


def _find_models(source: Source) -> Iterator[Model]:
    if isinstance(source, Constant):
        yield from _iterate(source.value)
    elif isinstance(source, Collected):
        for entry in source.entries:
            yield from _find_models(entry)


def _iterate(value: Any) -> Iterator[Model]:
    if isinstance(value, Model):
        yield value
    elif isinstance(value, list | tuple):
        for entry in value:
            if isinstance(entry, Model | list | tuple):
                yield from _iterate(entry)
