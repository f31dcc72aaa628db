"""What happened during a run: small frozen events, in order.

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
    """What every event has.

    Attributes:
        run: The id of its run.
    """

    run: str


@dataclass(frozen=True, slots=True)
class RunStarted(Event):
    """A run began.

    Attributes:
        nodes: The number of nodes in its plan.
    """

    nodes: int


@dataclass(frozen=True, slots=True)
class RunFinished(Event):
    """A run ended.

    Attributes:
        status: "done", "partly done", "failed" or "cancelled".
        seconds: How long it took, without writing outputs, and without videos that are made while they are written.
    """

    status: str
    seconds: float


@dataclass(frozen=True, slots=True)
class NodeEvent(Event):
    """What every event of a node has.

    Attributes:
        node: The node's id in the plan.
        node_type: The id of its node type.
    """

    node: str
    node_type: str


@dataclass(frozen=True, slots=True)
class NodeStarted(NodeEvent):
    """A node began to run."""


@dataclass(frozen=True, slots=True)
class NodeProgressed(NodeEvent):
    """A node called `ctx.step`, or finished some of the entries that it is mapped over.

    Attributes:
        done: Steps or entries that are finished.
        total: Steps or entries in all; 0 if unknown.
        preview: What the result looks like so far, or None.
    """

    done: int
    total: int
    preview: Image | None = None


@dataclass(frozen=True, slots=True)
class NodeWarned(NodeEvent):
    """A node called `ctx.log`.

    Attributes:
        message: The line.
    """

    message: str


@dataclass(frozen=True, slots=True)
class NodeCached(NodeEvent):
    """The cache has a node's result; the node did not run.

    Attributes:
        fingerprint: The name of the result.
    """

    fingerprint: str


@dataclass(frozen=True, slots=True)
class NodeFinished(NodeEvent):
    """A node ran and its result is available.

    Attributes:
        fingerprint: The name of the result; "" if it has none.
        seconds: How long it ran.
    """

    fingerprint: str
    seconds: float


@dataclass(frozen=True, slots=True)
class NodeSkipped(NodeEvent):
    """A node was not needed: its `when` is false, or a node that it depends on was skipped or failed.

    Attributes:
        reason: Why, in words.
    """

    reason: str


@dataclass(frozen=True, slots=True)
class NodeFailed(NodeEvent):
    """A node failed; nodes that do not depend on it continue.

    Attributes:
        error: The error, with the node and its inputs.
    """

    error: NodeError
