"""`RunRecords`: what earlier runs of the same plans looked for in the shared cache, asked for all at once."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from studio.api import NodeType
from studio.cache import hash_parts
from studio.cache.run_record import RunRecord, create_run_record
from studio.execution.call import DONE, NodeState, Result, Unavailable
from studio.execution.digests import is_undigested
from studio.execution.options import CacheMode, RunOptions
from studio.execution.plan import Plan, PlanNode
from studio.execution.services import Services
from studio.graph.source import Collected, Constant, NamedPath, Reference, Source

_FEWEST_CALLS = 2  # for fewer, a record would save no request


@dataclass
class _Run:
    """A plan that runs.

    Attributes:
        plan: The plan.
        prefix: What its node ids begin with besides their names.
        name: Its name, once the shared cache was asked about it.
    """

    plan: Plan
    prefix: str
    name: str | None = None


class RunRecords:
    """The records of the plans of one run. Nothing is asked, named or written while this machine knows all results.

    Args:
        services: Cache and digests.
        options: What the run asks of the cache.
    """

    def __init__(self, services: Services, options: RunOptions) -> None:
        self._services = services
        self._is_used = services.cache.shared is not None and options.cache is CacheMode.USE
        self._lock = threading.Lock()
        self._waiting: list[_Run] = []
        self._runs: dict[int, _Run] = {}
        self._found: dict[str, RunRecord] = {}

    def add(self, plan: Plan, prefix: str = "") -> None:
        """Add a plan that runs from now on; a prefix of its node ids is no part of its name."""
        if self._is_used and plan.nodes:
            run = _Run(plan, prefix)
            with self._lock:
                self._runs[id(plan)] = run
                self._waiting.append(run)

    def fetch(self) -> None:
        """Bring here what earlier runs of the plans looked for; threads that come meanwhile wait for it."""
        with self._lock:
            waiting, self._waiting = self._waiting, []
            for run in waiting:
                run.name = self._name(run)
            names = [run.name for run in waiting if run.name is not None]
            if names:
                self._found |= self._services.cache.fetch_runs(names)

    def keep(self, plan: Plan, states: Iterable[NodeState], outputs: Iterable[Result | Unavailable]) -> None:
        """Say what the run of a plan looked for, if it is whole and the shared cache knew otherwise."""
        with self._lock:
            run = self._runs.pop(id(plan), None)
            name = run.name if run is not None else None
            found = self._found.pop(name, None) if name is not None else None
        shared = self._services.cache.shared
        if name is None or shared is None:
            return
        record = _create_record(list(states), list(outputs))
        if record is not None and record != found:
            shared.keep_run(name, record)

    def _name(self, run: _Run) -> str | None:
        """Return a name for a plan by its graph, its inputs and their code; None if a value has no digest."""
        namer = _PlanNamer(self._services, len(run.prefix))
        try:
            parts = namer.list_parts(run.plan)
        except Exception:  # values and digests of plugins may raise anything; the node that has them says so
            return None
        return hash_parts(parts)


class _PlanNamer:
    """Names a plan.

    Args:
        services: Digests and fingerprints.
        skipped: How many letters of node ids do not count.
    """

    def __init__(self, services: Services, skipped: int) -> None:
        self._digest = services.cache.digest
        self._fingerprints = services.fingerprints
        self._skipped = skipped

    def list_parts(self, plan: Plan) -> dict[str, str]:
        """Return what names a plan: its nodes, what they take, and its outputs."""
        parts = {f"node {node.id[self._skipped :]}": self._name_node(node) for node in plan.nodes.values()}
        return parts | {f"output {name}": self._name_source(source) for name, (source, _) in plan.outputs.items()}

    def _name_node(self, node: PlanNode) -> str:
        parts = {f"input {name}": self._name_source(bound.source) for name, bound in node.inputs.items()}
        parts |= {f"condition {index}": self._name_source(source) for index, source in enumerate(node.conditions)}
        parts["code"] = self._name_code(node.node_type)
        if node.subgraph is not None:
            parts |= {f"inner {one.id}": self._name_code(one.node_type) for one in node.subgraph.nodes.values()}
        return hash_parts(parts)

    def _name_source(self, source: Source) -> str:
        if isinstance(source, Reference):
            return f"@{source.node[self._skipped :]}.{source.output}"
        if isinstance(source, Collected):
            return hash_parts({str(index): self._name_source(entry) for index, entry in enumerate(source.entries)})
        if isinstance(source, Constant):
            return self._digest(source.value)  # of a model its name alone: its weights may not be needed
        return f"path {source.name}" if isinstance(source, NamedPath) else ""

    def _name_code(self, node_type: NodeType | None) -> str:
        return hash_parts(self._fingerprints.find_parts(node_type)) if node_type is not None else ""


def _create_record(states: list[NodeState], outputs: list[Result | Unavailable]) -> RunRecord | None:
    """Return what nodes looked for; None if some output or node is not there."""
    made = [output for output in outputs if isinstance(output, Result)]
    if len(made) < len(outputs):
        return None
    calls = [call for state in states if state.status is DONE for call in state.calls]
    fingerprints = [c.fingerprint for c in calls if c.fingerprint is not None and c.node_type.cache == "pure"]
    if len(fingerprints) < _FEWEST_CALLS:
        return None
    return create_run_record(fingerprints, list(_list_stored(made)))


def _list_stored(results: list[Result]) -> Iterator[str]:
    """Yield the digests of values that are stored each by itself: of a list that was put together, its entries."""
    pending = list(reversed(results))
    while pending:
        result = pending.pop()
        if result.gathered:
            pending += reversed(result.entries or [])
        elif not result.lazy and not is_undigested(result.digest):
            yield result.digest
