"""`OpenRun`: many plans as one run. Plans join at any time, and each is collected as soon as it is done."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from studio.api import TypeSpec
from studio.api.events import Event, RunFinished, RunStarted
from studio.api.verdict import VERDICT, is_verdict
from studio.errors import NodeError
from studio.execution.call import DONE, FAILED, RUNNING, LostValue, NodeState, Result
from studio.execution.content import ContentTrace, Media
from studio.execution.control import Control
from studio.execution.lanes import Lanes
from studio.execution.options import RunOptions
from studio.execution.outcome import count_cached
from studio.execution.plan import Plan, PlanNode, rename_nodes
from studio.execution.run import Run
from studio.execution.services import Services
from studio.execution.steps import follow_each
from studio.graph.source import NamedPath, Source


@dataclass
class PlanOutcome:
    """What came of one of the plans.

    Attributes:
        results: The outputs that were made, by name.
        types: Types of all outputs.
        errors: Errors of the nodes that failed.
        warnings: Lines that nodes logged.
        verdicts: Results of the outputs named `verdict`, of all calls, by node.
        content: What each file of the outputs is made of.
        is_deep: Returns whether a result of a type comes from samples of more than 8 bits.
        calls: Calls of node types that it needed.
        cached: How many of them were found rather than run.
    """

    results: dict[str, Result]
    types: dict[str, TypeSpec]
    errors: list[NodeError] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    verdicts: dict[str, list[Result]] = field(default_factory=dict)
    content: Mapping[str, Sequence[Media]] = field(default_factory=dict)
    is_deep: Callable[[Result, TypeSpec], bool] = lambda result, spec: False
    calls: int = 0
    cached: int = 0


@dataclass
class _Part:
    """One plan of the run; its root waits for its outputs."""

    plan: Plan
    root: NodeState
    folder: str


class OpenRun:
    """A run without an end. Calls of all its plans share the lanes: equal ones run once, and stack.

    Args:
        services: Cache, digests, models and device.
        lanes: Where calls run.
        on_done: Called with the key of a plan that is done, from the thread that ended it; must be quick.
        control: To pause or cancel from another thread.
        options: What the run asks for.
        on_event: Called with each event; node ids begin with the plan's key.
        run_id: Name of the run.
    """

    def __init__(
        self,
        services: Services,
        lanes: Lanes,
        on_done: Callable[[str], None],
        *,
        control: Control,
        options: RunOptions,
        on_event: Callable[[Event], None] | None = None,
        run_id: str = "",
    ) -> None:
        self._parts: dict[str, _Part] = {}
        self._on_done = on_done
        self._run = Run(
            services,
            lanes,
            Plan(),
            control=control,
            options=options,
            run_id=run_id,
            on_event=on_event,
            adapt_copy=self._place_copy,
        )
        self._begin = time.perf_counter()
        self._run.reporter.emit(RunStarted, 0)

    def add(self, plans: Mapping[str, tuple[Plan, str]]) -> None:
        """Add plans by key, each with the folder for the files that its nodes write by name."""
        ready: list[NodeState] = []
        for key, (plan, folder) in plans.items():
            ready += self._open(key, rename_nodes(plan, f"{key}/"), folder)
        self._run.advance(ready)

    def collect(self, key: str) -> PlanOutcome:
        """Return what came of a plan that is done; its values are available until it is forgotten."""
        part = self._parts[key]
        found = self._run.demand.find_outputs(part.plan)
        outcome = PlanOutcome(
            {name: result for name, result in found.items() if isinstance(result, Result)},
            {name: spec for name, (_, spec) in part.plan.outputs.items()},
        )
        outcome.is_deep = self._run.values.is_deep
        trace = ContentTrace(self._run.values.load, self._run.values.split)
        outcome.content = {name: follow_each(trace, result) for name, result in outcome.results.items()}
        for state in self._find_members(part.plan):
            if state.error is not None and state.status is FAILED:
                outcome.errors.append(_shorten(state.error, key))
            if verdicts := _find_verdicts(state):
                outcome.verdicts[state.node.id.removeprefix(f"{key}/")] = verdicts
            outcome.calls += len(state.calls)
            outcome.cached += count_cached(state)
            record = self._run.reporter.records.get(state.node.id)
            outcome.warnings += record.warnings if record is not None else ()
        return outcome

    def load(self, result: Result) -> Any:
        """Return the value of a result.

        Raises:
            LostValue: The cache no longer has it.
        """
        return self._run.values.load(result)

    def remake(self, lost: LostValue, resume: Callable[[bool], object]) -> None:
        """Make lost values again, then call `resume` with whether all are available."""
        self._run.remake(lost, resume)

    def forget(self, key: str) -> None:
        """Free a plan that is done and its values."""
        part = self._parts.pop(key)
        members = list(self._find_members(part.plan))
        self._run.lookup.records.keep(part.plan, members, self._run.demand.find_outputs(part.plan).values())
        self._run.demand.remove_plan(part.plan, members)
        for state in members:
            self._run.reporter.records.pop(state.node.id, None)
        self._run.values.forget_constants(_find_sources(part.plan, members))

    def watch(self) -> bool:
        """Check time limits and calls that other processes compute; to be called many times a second.

        Returns:
            Whether it should be called again very soon.
        """
        self._run.work.check()
        self._run.watch()
        return bool(self._run.work.elsewhere)

    def close(self) -> None:
        """Drop what is queued, and give running calls a moment to reach their next step."""
        self._run.control.cancel()
        self._run.stop()
        self._parts.clear()
        self._run.reporter.emit(RunFinished, "done", time.perf_counter() - self._begin)
        self._run.reporter.close()

    # -- how -------------------------------------------------------------------------------------------

    def _open(self, key: str, plan: Plan, folder: str) -> list[NodeState]:
        root = NodeState(PlanNode(key, None, {}, {}), self._run)
        root.status, root.demanded, root.combine = RUNNING, True, self._finish_plan
        self._parts[key] = _Part(plan, root, folder)
        _place_files(plan, folder)
        demand = self._run.demand
        demand.add_plan(plan, self._run)
        self._run.lookup.records.add(plan, f"{key}/")
        children = demand.find_output_states(plan)
        demand.await_states(root, children)
        return demand.ask(children) or ([root] if not children else [])

    def _place_copy(self, copy: Plan) -> None:
        """Have the nodes of a mapped graph's copy write their files into the folder of the plan it belongs to."""
        key = next((node_id.partition("/")[0] for node_id in copy.nodes), "")
        if key:
            _place_files(copy, self._parts[key].folder)

    def _find_members(self, plan: Plan) -> Iterator[NodeState]:
        """Yield the nodes of a plan, and of the copies of its mapped graphs."""
        plans = [plan]
        while plans:
            for node_id in plans.pop().nodes:
                state = self._run.demand.states[node_id]
                yield state
                plans += state.copies

    def _finish_plan(self, root: NodeState) -> list[NodeState]:
        """Report a plan that is done; branches beside an output that failed are waited for."""
        demand, key = self._run.demand, root.node.id
        with demand.lock:
            members = self._find_members(self._parts[key].plan)
            done = demand.await_states(root, [one for one in members if one.demanded and not one.settled])
            if done:
                root.status = DONE
        if done:
            self._on_done(key)
        return []


def _find_verdicts(state: NodeState) -> list[Result]:
    """Return the verdicts of a check that ran, one for each call; none for other nodes."""
    if state.status is not DONE or state.copies or not any(is_verdict(*end) for end in state.node.outputs.items()):
        return []
    return [call.results[VERDICT] for call in state.calls]


def _place_files(plan: Plan, folder: str) -> None:
    """Have the nodes of a plan write their files into a folder."""
    for node_id, node in plan.nodes.items():
        moved = {
            name: replace(bound, source=NamedPath(f"{folder}/{bound.source.name}"))
            for name, bound in node.inputs.items()
            if isinstance(bound.source, NamedPath)
        }
        if moved:
            plan.nodes[node_id] = replace(node, inputs={**node.inputs, **moved})


def _find_sources(plan: Plan, members: list[NodeState]) -> Iterator[Source]:
    yield from (source for source, _ in plan.outputs.values())
    for state in members:
        yield from state.node.conditions
        yield from (bound.source for bound in state.node.inputs.values())


def _shorten(error: NodeError, key: str) -> NodeError:
    """Return a node's error as if its plan had been the only one."""
    return NodeError(
        error.code,
        error.message.replace(f"{key}/", ""),
        node=error.node.removeprefix(f"{key}/"),
        inputs=error.inputs,
        hint=error.hint,
        details=error.details,
    )
