"""What the executor tracks during a run: results, calls and the state of each node."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from studio.api import NodeType, OutputPath, TypeSpec
from studio.cache import MISSING, digest_list
from studio.errors import NodeError
from studio.execution.context import RunContext
from studio.execution.plan import PlanNode

if TYPE_CHECKING:
    from studio.execution.run import Run


class Result:
    """An output as far as it is known: its digest always, its value when somebody wanted it.

    Attributes:
        digest: Digest of the value.
        value: The value, or MISSING.
        entries: For a list that was put together entry by entry.
        call: The call that made it, to make it again if it is lost.
        output: Which of the call's outputs.
        parent: The list that it is an entry of.
        index: Which entry.
        uses: How many nodes may still want the value.
    """

    __slots__ = ("call", "digest", "entries", "index", "output", "parent", "uses", "value")

    def __init__(
        self,
        digest: str,
        value: Any = MISSING,
        *,
        call: Call | None = None,
        output: str = "",
        entries: list[Result] | None = None,
        parent: Result | None = None,
        index: int = 0,
    ) -> None:
        self.digest = digest
        self.value = value
        self.call = call
        self.output = output
        self.entries = entries
        self.parent = parent
        self.index = index
        self.uses = 0

    @classmethod
    def gather(cls, entries: list[Result]) -> Result:
        """Return the list of these."""
        undigested = next((entry.digest for entry in entries if entry.digest.startswith("~")), None)
        return cls(undigested or digest_list(entry.digest for entry in entries), entries=entries)

    def forget_value(self) -> None:
        """Free the value; it can be had again by its digest."""
        if self.call is not None or self.parent is not None:
            self.value = MISSING


class Call:
    """One call of a node type: a node's only one, or one entry of the lists that it is mapped over."""

    __slots__ = (
        "args",
        "claimed",
        "context",
        "fingerprint",
        "forced",
        "lane",
        "node_type",
        "position",
        "results",
        "retries",
        "started",
        "state",
        "thread",
        "waiting",
    )

    def __init__(self, state: NodeState, node_type: NodeType, args: dict[str, Result], position: int) -> None:
        self.state = state
        self.node_type = node_type
        self.args = args
        self.position = position
        self.fingerprint: str | None = None
        self.claimed = False
        self.results: dict[str, Result] = {}
        self.forced = False
        self.context: RunContext | None = None
        self.started = 0.0
        self.thread = 0
        self.lane = node_type.lane
        self.retries = 0
        self.waiting: list[Callable[[], None]] = []

    @property
    def label(self) -> str:
        """The node's id, with the entry's index for a mapped node."""
        return f"{self.state.node.id}[{self.position}]" if self.state.mapped else self.state.node.id


WAITING, RUNNING, DONE, SKIPPED, FAILED = range(5)
CONDITIONS, EAGER, LAZY, GATHER = range(4)


class NodeState:
    """Where a node stands in a run."""

    __slots__ = (
        "calls",
        "demanded",
        "done_calls",
        "error",
        "mapped",
        "node",
        "outputs",
        "pending",
        "reason",
        "run",
        "seconds",
        "shape",
        "stage",
        "started",
        "status",
        "waiters",
        "wanted",
    )

    def __init__(self, node: PlanNode, run: Run) -> None:
        self.node = node
        self.run = run
        self.status = WAITING
        self.stage = CONDITIONS if node.conditions else EAGER
        self.demanded = False
        self.pending = 0
        self.waiters: list[NodeState] = []
        self.wanted: frozenset[str] | None = None
        self.calls: list[Call] = []
        self.done_calls = 0
        self.mapped = node.depth > 0
        self.shape: Any = None
        self.outputs: dict[str, Result] = {}
        self.started = False
        self.seconds = 0.0
        self.error: NodeError | None = None
        self.reason = ""


class LostValue(Exception):
    """A value that the cache had and has no longer; its call must run again."""

    def __init__(self, call: Call) -> None:
        super().__init__(call.label)
        self.call = call


@dataclass(frozen=True)
class RunOptions:
    """What a run asks for.

    Attributes:
        cache: "use": look up and keep; "refresh": run everything and keep; "off": neither.
        node_timeout_seconds: A call that takes longer fails; None for no limit.
        dry: Only look up; run nothing.
        resolve_path: Turns the name of an output file into a place inside the run's output folder; None if
            the run has none.
    """

    cache: str = "use"
    dry: bool = False
    node_timeout_seconds: float | None = None
    resolve_path: Callable[[str], OutputPath] | None = None


@dataclass
class NodeRecord:
    """What a run's manifest says of a node."""

    node: str
    node_type: str
    status: str
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


@dataclass
class Outcome:
    """What a run led to.

    Attributes:
        status: "done", "partly done", "failed" or "cancelled".
        results: The outputs that were made, by name.
        types: Types of all outputs asked for.
        records: What is known of each node that was needed.
        warnings: What went wrong without stopping the run.
    """

    status: str
    results: dict[str, Result]
    types: dict[str, TypeSpec]
    records: dict[str, NodeRecord]
    warnings: list[str]
    load: Callable[[Result], Any]
    seconds: float = 0.0

    @property
    def errors(self) -> list[NodeError]:
        """The errors of the nodes that failed."""
        return [record.error for record in self.records.values() if record.error is not None]
