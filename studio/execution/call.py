"""What the executor tracks during a run: results, calls and the state of each node."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from studio.api import NodeType, OutputPath, TypeSpec
from studio.cache import MISSING, digest_list
from studio.errors import NodeError
from studio.execution.context import RunContext
from studio.execution.plan import Plan, PlanNode

if TYPE_CHECKING:
    from studio.execution.run import Run


class Result:
    """An output as far as it is known: its digest always, its value when somebody wanted it.

    Attributes:
        digest: Digest of the value.
        value: The value, or MISSING.
        entries: For a list: its entries, once somebody took it apart or if it was put together from them.
        gathered: Whether it was put together from its entries.
        call: The call that made it, to make it again if it is lost.
        parent: The list that it is an entry of, if a list was taken apart.
        index: Which entry.
        drifted: Whether it was made again and came out different.
        promised: Whether it is a film that is made while it is read; the cache keeps no more than its name.
    """

    __slots__ = ("call", "digest", "drifted", "entries", "gathered", "index", "parent", "promised", "value")

    def __init__(
        self,
        digest: str,
        value: Any = MISSING,
        *,
        call: Call | None = None,
        entries: list[Result] | None = None,
        parent: Result | None = None,
        index: int = 0,
        promised: bool = False,
    ) -> None:
        self.promised = promised
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
        return cls(_digest_entries(entries), entries=entries)

    def forget_value(self) -> None:
        """Free the value; it can be had again by its digest, from its entries, or by making it again."""
        if self.call is not None or self.parent is not None or self.gathered:
            self.value = MISSING

    def take_over(self, other: Result) -> None:
        """Become what was made in this one's place."""
        if self.digest != other.digest:
            self.drifted = True
            self.entries = None
        self.digest, self.value, self.promised = other.digest, other.value, other.promised

    def refresh_digest(self) -> str:
        """Return the digest after entries may have come out different."""
        if self.gathered and self.entries is not None:
            for entry in self.entries:
                entry.refresh_digest()
            self.digest = _digest_entries(self.entries)
        return self.digest


def _digest_entries(entries: list[Result]) -> str:
    undigested = next((entry.digest for entry in entries if entry.digest.startswith("~")), None)
    return undigested or digest_list(entry.digest for entry in entries)


class Call:
    """One call of a node type: a node's only one, or one entry of the lists that it is mapped over.

    Attributes:
        args: What it takes.
        position: Which entry.
        claimed: Whether this call is the one in this process that computes its fingerprint.
        results: What it made, by output.
        remaking: Whether it runs again because a value of its was lost.
        waiting: Told whether that went well.
        ran: Whether it ran, rather than was found in the cache.
        started: When it began to run, or 0.0 while it does not run.
        seconds: How long it ran.
        thread: The thread that runs it.
    """

    __slots__ = (
        "args",
        "claimed",
        "context",
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
        self.remaking = False
        self.waiting: list[Callable[[bool], None]] = []
        self.context: RunContext | None = None
        self.ran = False
        self.started = 0.0
        self.seconds = 0.0
        self.thread = 0
        self.lane = node_type.lane

    @property
    def label(self) -> str:
        """The node's id, with the entry's index for a mapped node."""
        return f"{self.state.node.id}[{self.position}]" if self.state.mapped else self.state.node.id

    @property
    def wanted(self) -> bool:
        """Whether anybody still waits for it: nobody does once another entry of the same map has failed."""
        return self.remaking or self.state.status == RUNNING


WAITING, RUNNING, DONE, SKIPPED, FAILED = range(5)
CONDITIONS, EAGER, LAZY, GATHER = range(4)


class NodeState:
    """Where a node stands in a run.

    Attributes:
        stage: What it waits for: its conditions, its inputs, its lazy inputs, or the copies of its graph.
        demanded: Whether anybody wants it.
        pending: How many nodes it waits for.
        waiters: Nodes that wait for it.
        wanted: The lazy inputs that it wants, once that is known.
        calls: Its calls; one unless it is mapped.
        copies: The copies of a mapped graph.
        shape: Of a mapped node: nested lists with positions of calls or copies at their leaves.
        started: Whether a call of its ran.
        announced: Whether NodeStarted was emitted.
        reason: Why it was skipped, with "!" in front if something failed.
    """

    __slots__ = (
        "announced",
        "calls",
        "copies",
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
        "sources",
        "stage",
        "started",
        "status",
        "waiters",
        "wanted",
    )

    def __init__(self, node: PlanNode, run: Run) -> None:
        self.node = node
        self.run = run
        self.sources = tuple(dict.fromkeys(node.find_sources()))
        self.status = WAITING
        self.stage = CONDITIONS if node.conditions else EAGER
        self.demanded = False
        self.pending = 0
        self.waiters: list[NodeState] = []
        self.wanted: frozenset[str] | None = None
        self.calls: list[Call] = []
        self.copies: list[Plan] = []
        self.done_calls = 0
        self.mapped = node.depth > 0
        self.shape: Any = None
        self.outputs: dict[str, Result] = {}
        self.started = False
        self.announced = False
        self.seconds = 0.0
        self.error: NodeError | None = None
        self.reason = ""


class LostValue(Exception):
    """Values that the cache had and has no longer; the calls that made them must run again."""

    def __init__(self, calls: Iterable[Call]) -> None:
        self.calls = list(dict.fromkeys(calls))
        super().__init__(", ".join(call.label for call in self.calls))


@dataclass(frozen=True)
class RunOptions:
    """What a run asks for.

    Attributes:
        cache: "use": look up and keep; "refresh": run everything and keep; "off": neither.
        node_timeout_seconds: A call that takes longer fails; None for no limit.
        dry: Only look up; run nothing.
        resolve_path: Turns the name of an output file into a place inside the run's output folder; None if
            the run has none.
        films_are_written: Whether films among the outputs are only written to files, so that they need not be
            stored to be values.
    """

    cache: str = "use"
    dry: bool = False
    node_timeout_seconds: float | None = None
    resolve_path: Callable[[str], OutputPath] | None = None
    films_are_written: bool = False


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
        models: How many models were opened, and what was in memory at the end.
    """

    status: str
    results: dict[str, Result]
    types: dict[str, TypeSpec]
    records: dict[str, NodeRecord]
    warnings: list[str]
    load: Callable[[Result], Any]
    seconds: float = 0.0
    models: dict[str, Any] = field(default_factory=dict)

    @property
    def errors(self) -> list[NodeError]:
        """The errors of the nodes that failed."""
        return [record.error for record in self.records.values() if record.error is not None]
