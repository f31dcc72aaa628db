"""What happened during a run: small frozen events, in order, each O(1).

Part of the plugin contract: the names in `__all__`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from studio.errors import NodeError

if TYPE_CHECKING:
    from studio.api.image import Image


__all__ = [
    "Event",
    "NodeCached",
    "NodeEvent",
    "NodeFailed",
    "NodeFinished",
    "NodeProgressed",
    "NodeSkipped",
    "NodeStarted",
    "NodeWarned",
    "RunFinished",
    "RunStarted",
]


@dataclass(frozen=True, slots=True)
class Event:
    """What every event has: the run it belongs to."""

    run: str


@dataclass(frozen=True, slots=True)
class RunStarted(Event):
    """A run began; `nodes` counts the nodes of its plan."""

    nodes: int


@dataclass(frozen=True, slots=True)
class RunFinished(Event):
    """A run ended."""

    status: str
    """"done", "partly done", "failed" or "cancelled"."""
    seconds: float


@dataclass(frozen=True, slots=True)
class NodeEvent(Event):
    """What every event of a node has: its id in the plan and its node type's id."""

    node: str
    node_type: str


@dataclass(frozen=True, slots=True)
class NodeStarted(NodeEvent):
    """A node began to run."""


@dataclass(frozen=True, slots=True)
class NodeProgressed(NodeEvent):
    """A node called `ctx.step`, or finished some of the entries it is mapped over."""

    done: int
    total: int
    preview: Image | None = None


@dataclass(frozen=True, slots=True)
class NodeWarned(NodeEvent):
    """A node called `ctx.log`."""

    message: str


@dataclass(frozen=True, slots=True)
class NodeCached(NodeEvent):
    """A node's result was there already; it did not run."""

    fingerprint: str


@dataclass(frozen=True, slots=True)
class NodeFinished(NodeEvent):
    """A node ran and its result is there."""

    fingerprint: str
    seconds: float


@dataclass(frozen=True, slots=True)
class NodeSkipped(NodeEvent):
    """A node was not needed: its `when` is false, or what it needs was skipped or failed."""

    reason: str


@dataclass(frozen=True, slots=True)
class NodeFailed(NodeEvent):
    """A node failed; what does not hang on it goes on."""

    error: NodeError
