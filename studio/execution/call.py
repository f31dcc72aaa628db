"""What a run tracks: results, the calls that make them, and the state of each node.

A result refers to the call that can make it again. A call refers to its results and its node. So they share a module.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol, TypeAlias

from studio.api import NodeType
from studio.cache import MISSING
from studio.errors import NodeError
from studio.execution.context import RunContext
from studio.execution.digests import join_digests
from studio.execution.plan import Plan, PlanNode


class NodeStatus(StrEnum):
    """How far a node is; the values are written in manifests."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    SKIPPED = "skipped"
    FAILED = "failed"


class Stage(StrEnum):
    """What a node waits for before its calls begin, in this order."""

    CONDITIONS = "conditions"
    INPUTS = "inputs"
    LAZY_INPUTS = "lazy inputs"


# how results or calls are put into lists: lists in lists, with positions at their leaves
Shape: TypeAlias = "int | list[Shape]"

# reading `NodeStatus.DONE` takes sixteen times as long, which is seen in the time per node
WAITING, RUNNING, DONE, SKIPPED, FAILED = NodeStatus
CONDITIONS, INPUTS, LAZY_INPUTS = Stage


@dataclass(frozen=True)
class Unavailable:
    """Why there is no result.

    Attributes:
        reason: Why, in a line.
        failed: Whether something failed, rather than was skipped.
    """

    reason: str
    failed: bool = False


class Result:
    """An output as far as it is known: its digest always, its value once it was needed.

    Attributes:
        digest: Digest of the value.
        value: The value, or MISSING.
        entries: For a list: its entries, once it was taken apart or if it was put together from them.
        gathered: Whether it was put together from its entries.
        call: The call that made it, to make it again if it is lost.
        parent: The list that it is an entry of, if a list was taken apart.
        index: Which entry.
        drifted: Whether it was made again and its digest changed.
        lazy: Whether it is a video that is made while it is read; the cache keeps only its name.
    """

    __slots__ = ("call", "digest", "drifted", "entries", "gathered", "index", "lazy", "parent", "value")

    def __init__(
        self,
        digest: str,
        value: Any = MISSING,
        *,
        call: Call | None = None,
        entries: list[Result] | None = None,
        parent: Result | None = None,
        index: int = 0,
        lazy: bool = False,
    ) -> None:
        self.lazy = lazy
        self.digest = digest
        self.value = value
        self.call = call
        self.parent = parent
        self.entries = entries
        self.gathered = entries is not None
        self.index = index
        self.drifted = False

    @classmethod
    def gather(cls, entries: list[Result]) -> Result:
        """Return the list of these."""
        return cls(join_digests([entry.digest for entry in entries]), entries=entries)

    def forget_value(self) -> None:
        """Free the value; it is available again by its digest, from its entries, or by making it again."""
        if self.call is not None or self.parent is not None or self.gathered:
            self.value = MISSING

    def take_over(self, other: Result) -> None:
        """Become what was made in this one's place."""
        if self.digest != other.digest:
            self.drifted = True
            self.entries = None
        self.digest, self.value, self.lazy = other.digest, other.value, other.lazy

    def refresh_digest(self) -> str:
        """Return the digest, computed again from entries that may have changed."""
        if self.gathered and self.entries is not None:
            self.digest = join_digests([entry.refresh_digest() for entry in self.entries])
        return self.digest


def nest(shape: Shape, results: list[Result]) -> Result:
    """Put results into lists of a shape."""
    if isinstance(shape, int):
        return results[shape]
    return Result.gather([nest(part, results) for part in shape])


class CallRunner(Protocol):
    """Runs calls on a lane's thread: the run that they belong to.

    Attributes:
        stack_group: Names the runs whose calls are stacked together; "" for none.
    """

    stack_group: str

    def run_call(self, call: Call) -> list[Call]:
        """Run a call; return calls that are ready for the same lane."""


class Call:
    """One call of a node type: a node's only one, or the one for an entry of mapped lists.

    Attributes:
        args: Its inputs.
        position: Which entry.
        digests: Digests of its inputs that count, once its fingerprint is known.
        claimed: Whether this call is the one in this process that computes its fingerprint.
        results: Its outputs.
        remaking: Whether it runs again because one of its values was lost.
        waiting: Called with whether that succeeded.
        ran: Whether it ran, rather than was found in the cache.
        started: When it began to run, or 0.0 while it does not run.
        seconds: How long it ran.
        thread: The thread that runs it.
        together: The calls that its thread took with it and still runs, it among them.
    """

    __slots__ = (
        "args",
        "claimed",
        "context",
        "digests",
        "fingerprint",
        "lane",
        "node_type",
        "position",
        "ran",
        "remaking",
        "results",
        "seconds",
        "started",
        "state",
        "thread",
        "together",
        "waiting",
    )

    def __init__(self, state: NodeState, node_type: NodeType, args: dict[str, Result], position: int) -> None:
        self.state = state
        self.node_type = node_type
        self.args = args
        self.position = position
        self.fingerprint: str | None = None
        self.digests: dict[str, str] = {}
        self.claimed = False
        self.results: dict[str, Result] = {}
        self.remaking = False
        self.waiting: list[Callable[[bool], None]] = []
        self.context: RunContext | None = None
        self.ran = False
        self.started = 0.0
        self.seconds = 0.0
        self.thread = 0
        self.together: set[Call] = set()
        self.lane = "loop" if node_type.asynchronous else node_type.lane

    @property
    def label(self) -> str:
        """The node's id, with the entry's index for a mapped node."""
        return f"{self.state.node.id}[{self.position}]" if self.state.mapped else self.state.node.id

    @property
    def is_done(self) -> bool:
        """Whether it has results: its node is done, or waits for the subgraphs that its calls returned."""
        return self.state.status is DONE or (self.state.status is RUNNING and bool(self.state.copies))

    @property
    def is_needed(self) -> bool:
        """Whether its results are still needed: they are not once another entry of the same map has failed."""
        return self.remaking or self.state.status is RUNNING


class NodeState:
    """How far a node is in a run.

    Attributes:
        runner: Runs its calls on the lanes.
        stage: What it waits for.
        demanded: Whether it is needed.
        pending: How many nodes it waits for.
        waiters: Nodes that wait for it.
        needed_inputs: The lazy inputs that it needs, once that is known.
        calls: Its calls; one unless it is mapped.
        copies: The copies of a mapped graph, or the subgraphs that its calls returned.
        combine: If it waits for nodes rather than for calls: joins their results. It returns the nodes that are
            ready because of it.
        shape: Of a mapped node: how its calls or copies are put into lists.
        started: Whether one of its calls ran.
        announced: Whether NodeStarted was emitted.
        skipped_for: Why it was skipped.
    """

    __slots__ = (
        "announced",
        "calls",
        "combine",
        "copies",
        "demanded",
        "done_calls",
        "error",
        "mapped",
        "needed_inputs",
        "node",
        "outputs",
        "pending",
        "runner",
        "seconds",
        "shape",
        "skipped_for",
        "sources",
        "stage",
        "started",
        "status",
        "waiters",
    )

    def __init__(self, node: PlanNode, runner: CallRunner) -> None:
        self.node = node
        self.runner = runner
        self.sources = tuple(dict.fromkeys(node.find_sources()))
        self.status = WAITING
        self.stage = CONDITIONS if node.conditions else INPUTS
        self.demanded = False
        self.pending = 0
        self.waiters: list[NodeState] = []
        self.needed_inputs: frozenset[str] | None = None
        self.calls: list[Call] = []
        self.copies: list[Plan] = []
        self.combine: Callable[[NodeState], list[NodeState]] | None = None
        self.done_calls = 0
        self.mapped = node.depth > 0
        self.shape: Shape = 0
        self.outputs: dict[str, Result] = {}
        self.started = False
        self.announced = False
        self.seconds = 0.0
        self.error: NodeError | None = None
        self.skipped_for: Unavailable | None = None

    def needs_lazy(self, name: str) -> bool:
        """Return whether the node is known to need a lazy input."""
        return self.needed_inputs is not None and name in self.needed_inputs

    @property
    def settled(self) -> bool:
        """Whether it is done, skipped or failed."""
        return self.status is not WAITING and self.status is not RUNNING


class LostValue(Exception):
    """Values that the cache had and has no longer; the calls that made them must run again."""

    def __init__(self, calls: Iterable[Call]) -> None:
        self.calls = list(dict.fromkeys(calls))
        super().__init__(", ".join(call.label for call in self.calls))
