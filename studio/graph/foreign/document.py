"""`ForeignDocument`: a document of another program as nodes and edges, the same for all formats."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from studio.api.foreign import ForeignNode

MAX_NODES = 20_000
"""Most nodes of a document, those of its subgraphs counted as often as they are used."""
MAX_DEPTH = 32
"""Most subgraphs in subgraphs."""

PASS = "@pass"
"""Class of nodes that only pass values on: output number i equals the input named str(i)."""


@dataclass(frozen=True)
class ForeignDocument:
    """A flat document.

    Attributes:
        program: Program that wrote it.
        nodes: Its nodes by id.
        notes: Notes that a person wrote on the canvas.
        left_out: Nodes that the document itself leaves out, and why, by id.
        unsure: Nodes whose values are not surely those that its program would take, and why, by id.
        title: Its title.
    """

    program: str
    nodes: Mapping[str, ForeignNode]
    notes: Sequence[str] = ()
    left_out: Mapping[str, tuple[ForeignNode, str]] = field(default_factory=dict)
    unsure: Mapping[str, tuple[ForeignNode, str]] = field(default_factory=dict)
    title: str = ""


def add_places(document: ForeignDocument, other: ForeignDocument) -> ForeignDocument:
    """Return a document with the places, titles and files that another form of it has for the same nodes."""
    nodes = dict(document.nodes)
    for node_id, node in nodes.items():
        twin = other.nodes.get(node_id)
        if twin is not None and twin.kind == node.kind:
            files = node.files or twin.files
            nodes[node_id] = replace(node, title=twin.title, position=twin.position, files=files)
    return replace(document, nodes=nodes, notes=other.notes, title=document.title or other.title)


def read_number(value: Any) -> float | None:
    """Return a finite number of moderate size, or None."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < 1e9:
        return None
    return float(value)
