"""A graph's edges as a drawing shows them: from one card's row to another's."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from studio.graph.edges import find_edges
from studio.graph.resolved import ResolvedGraph


@dataclass(frozen=True)
class Arrow:
    """An edge as it is drawn, from one card's row to another's.

    Attributes:
        source: Key of the card it starts at.
        output: Name of the output.
        target: Key of the card it ends at.
        input: Name of the input; "when" for a condition.
        kind: "value", "list", "condition" or "broken".
        backward: Whether it leads back.
    """

    source: str
    output: str
    target: str
    input: str
    kind: str = "value"
    backward: bool = False


def collect_arrows(resolved: ResolvedGraph) -> list[Arrow]:
    """Return the edges of a graph, in the order of the document, each once."""
    order = {node_id: index for index, node_id in enumerate(resolved.nodes)}
    found = (_create_arrow(end, resolved, order) for end in _find_ends(resolved))
    return list(dict.fromkeys(arrow for arrow in found if arrow is not None))


@dataclass(frozen=True)
class _End:
    """Where an edge ends, and what it says; `kind` is "" where it follows from the value."""

    edge: str
    target: str
    input: str
    kind: str


def _find_ends(resolved: ResolvedGraph) -> Iterator[_End]:
    document = resolved.graph.document
    for node_id, node in document.nodes.items():
        target, found = f"nodes.{node_id}", resolved.nodes[node_id]
        for name, value in node.inputs.items():
            kind = "" if name in found.inputs or (found.migrated and not found.is_broken) else "broken"
            yield from (_End(edge, target, name, kind) for _, edge in find_edges(value))
        if node.when is not None:
            yield _End(node.when.edge, target, "when", "broken" if found.when is None else "condition")
    for name, declared in document.outputs.items():
        yield _End(declared.edge, f"outputs.{name}", "", "" if name in resolved.outputs else "broken")


def _create_arrow(end: _End, resolved: ResolvedGraph, order: dict[str, int]) -> Arrow | None:
    """Return the arrow to an end, or None if its reference names nothing that is drawn."""
    head, _, tail = end.edge.partition(".")
    if head == "inputs" and tail in resolved.inputs:
        kind = end.kind or _name_kind(resolved.inputs[tail].spec.depth)
        return Arrow(f"inputs.{tail}", "", end.target, end.input, kind)
    if head == "inputs" or head not in order:
        return None
    outputs, migrated = resolved.nodes[head].outputs, resolved.nodes[head].migrated
    tail = migrated.outputs.get(tail, tail) if migrated is not None else tail
    output = tail or next(iter(outputs), "")
    backward = order[head] >= order.get(end.target.removeprefix("nodes."), len(order))
    kind = "broken" if backward else _name_kind(outputs[output].depth if output in outputs else 0)
    return Arrow(f"nodes.{head}", output, end.target, end.input, end.kind or kind, backward)


def _name_kind(depth: int) -> str:
    return "list" if depth > 0 else "value"


def name_arrow(arrow: Arrow) -> str:
    """Return the words beside an arrow: its output and its input, or one of them if they agree."""
    if not arrow.input or arrow.output == arrow.input:
        return arrow.output or arrow.input
    return f"{arrow.output} → {arrow.input}" if arrow.output else arrow.input
