"""What comes of a run: its outputs, and a record of each node."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from studio.api import TypeSpec
from studio.errors import NodeError
from studio.execution.call import DONE, WAITING, NodeState, NodeStatus, Result
from studio.execution.content import ContentTrace


class RunStatus(StrEnum):
    """What came of a run as a whole; the values are written in manifests."""

    DONE = "done"
    PARTLY_DONE = "partly done"
    FAILED = "failed"
    CANCELLED = "cancelled"


@dataclass
class NodeRecord:
    """What a run's manifest says about a node."""

    node: str
    node_type: str
    status: NodeStatus
    version: str = ""
    code: int = 0
    plugin: str = ""
    fingerprints: list[str] = field(default_factory=list)
    outputs: dict[str, str] = field(default_factory=dict)
    cached: int = 0
    calls: int = 0
    seconds: float = 0.0
    warnings: list[str] = field(default_factory=list)
    error: NodeError | None = None


def create_record(state: NodeState) -> NodeRecord:
    """Return the record of a node that has not run yet."""
    node_type = state.node.node_type
    if node_type is None:
        return NodeRecord(state.node.id, state.node.type_name, WAITING)
    plugin = f"{node_type.distribution} {node_type.distribution_version}".strip()
    return NodeRecord(state.node.id, node_type.id, WAITING, node_type.version, node_type.code, plugin)


def count_cached(state: NodeState) -> int:
    """Return how many calls of a node were found in the cache."""
    return sum(not call.ran for call in state.calls) if state.status is DONE else 0


@dataclass
class Outcome:
    """What came of a run.

    Attributes:
        status: What came of it as a whole.
        results: The outputs that were made, by name.
        types: Types of all outputs asked for.
        records: What is known of each node that was needed.
        warnings: What went wrong without stopping the run.
        load: Returns the value of a result.
        content: Finds what the outputs are made of.
        is_deep: Returns whether a result of a type comes from samples of more than 8 bits.
        update: Brings the records up to date: lazy videos are made while outputs are written, after the run.
        seconds: How long the run took.
        models: How many models were opened, and what was in memory at the end.
    """

    status: RunStatus
    results: dict[str, Result]
    types: dict[str, TypeSpec]
    records: dict[str, NodeRecord]
    warnings: list[str]
    load: Callable[[Result], Any]
    content: ContentTrace
    is_deep: Callable[[Result, TypeSpec], bool] = lambda result, spec: False
    update: Callable[[], None] = lambda: None
    seconds: float = 0.0
    models: dict[str, Any] = field(default_factory=dict)

    @property
    def errors(self) -> list[NodeError]:
        """The errors of the nodes that failed."""
        return [record.error for record in self.records.values() if record.error is not None]
