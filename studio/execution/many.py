"""`OpenRun`: many plans as one run. Plans join while it goes, and each is handed back as soon as it is through."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from studio.api import TypeSpec
from studio.api.events import Event
from studio.errors import NodeError
from studio.execution.call import DONE, FAILED, GATHER, RUNNING, WAITING, LostValue, NodeState, Result, RunOptions
from studio.execution.context import Control
from studio.execution.plan import Plan, PlanNode, rename_nodes
from studio.execution.run import Run
from studio.execution.values import Values
from studio.graph.source import Collected, Constant, NamedPath, Source, find_references

if TYPE_CHECKING:
    from studio.execution.executor import Executor


@dataclass
class PlanOutcome:
    """What one of the plans led to.

    Attributes:
        results: The outputs that were made, by name.
        types: Types of all outputs.
        errors: Errors of the nodes that failed.
        warnings: What nodes said.
        calls: Calls of node types that it needed.
        cached: How many of them were found rather than run.
    """

    results: dict[str, Result]
    types: dict[str, TypeSpec]
    errors: list[NodeError] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    calls: int = 0
    cached: int = 0


@dataclass
class _Part:
    """One plan of the run: its root waits for its outputs, its members are the nodes that are its alone."""

    plan: Plan
    root: NodeState
    place: str
    members: list[NodeState] = field(default_factory=list)


class OpenRun(Run):
    """A run without an end. Calls of all its plans wait on the same lanes: equal ones run once, and stack.

    Args:
        executor: Whose lanes and cache it uses.
        on_done: Called with the key of a plan that is through, from the thread that ended it; must be quick.
        control: To pause or cancel from another thread.
        options: What the run asks for.
        on_event: Called with each event; node ids begin with the plan's key.
        run_id: Name of the run.
    """

    def __init__(
        self,
        executor: Executor,
        on_done: Callable[[str], None],
        *,
        control: Control,
        options: RunOptions,
        on_event: Callable[[Event], None] | None = None,
        run_id: str = "",
    ) -> None:
        self._parts: dict[str, _Part] = {}
        super().__init__(executor, Plan(), on_event, control, options, run_id)
        self.values: _PinnedValues = _PinnedValues(executor, options.resolve_path)
        self._on_done = on_done

    # -- what a batch does with it ---------------------------------------------------------------------

    def add(self, plans: Mapping[str, tuple[Plan, str]]) -> None:
        """Add plans by key; beside each stands the folder that files which its nodes write by name go to."""
        ready: list[NodeState] = []
        for key, (plan, place) in plans.items():
            ready += self._open(key, rename_nodes(plan, f"{key}/"), place)
        self._route(self._resolve(ready))

    def collect(self, key: str) -> PlanOutcome:
        """Return what a plan that is through led to; its values are there until it is forgotten."""
        part = self._parts[key]
        found = {name: self._find_result(source) for name, (source, _) in part.plan.outputs.items()}
        outcome = PlanOutcome(
            {name: result for name, result in found.items() if isinstance(result, Result)},
            {name: spec for name, (_, spec) in part.plan.outputs.items()},
        )
        for state in part.members:
            if state.error is not None and state.status == FAILED:
                outcome.errors.append(_shorten(state.error, key))
            outcome.calls += len(state.calls)
            outcome.cached += sum(not call.ran for call in state.calls) if state.status == DONE else 0
            record = self._records.get(state.node.id)
            outcome.warnings += record.warnings if record is not None else ()
        return outcome

    def remake(self, lost: LostValue, resume: Callable[[bool], object]) -> None:
        """Make values again that the cache lost, and then say whether all are there."""
        self._remake(lost, resume)

    def forget(self, key: str) -> None:
        """Let go of a plan that is through and of its values."""
        part = self._parts.pop(key)
        with self._changed:
            self._states.pop(key, None)
            for state in part.members:
                self._states.pop(state.node.id, None)
                self._records.pop(state.node.id, None)
                for reference in state.sources:
                    self._uses.pop(reference, None)
            for source, _ in part.plan.outputs.values():
                for reference in find_references(source):
                    self._uses.pop(reference, None)
        self.values.forget(part.plan.outputs.values(), [state.node for state in part.members])

    def watch(self) -> bool:
        """Look after time limits and calls that other processes make; to be called many times a second.

        Returns:
            Whether it should be called again very soon.
        """
        with self._changed:
            if self._crash is not None:
                raise self._crash
        if self._foreign:
            self._retry_foreign()
        limit = self.options.node_timeout_seconds
        if limit is not None:
            self._fail_overdue(limit)
        return bool(self._foreign)

    def close(self) -> None:
        """Forget what is queued; give what runs a moment to reach its next step."""
        self.control.cancel()
        self._stop()
        self._parts.clear()

    # -- how -------------------------------------------------------------------------------------------

    def _open(self, key: str, plan: Plan, place: str) -> list[NodeState]:
        root = NodeState(PlanNode(key, None, {}, {}), self)
        root.stage, root.status, root.demanded = GATHER, RUNNING, True
        self._parts[key] = _Part(plan, root, place)
        self._states[key] = root
        self._add_nodes(plan)
        children = [self._states[r.node] for source, _ in plan.outputs.values() for r in find_references(source)]
        with self._changed:
            for child in dict.fromkeys(children):
                child.waiters.append(root)
                root.pending += 1
        return self._demand(children) or ([root] if not children else [])

    def _add_nodes(self, plan: Plan) -> None:
        for node_id, node in plan.nodes.items():
            if any(isinstance(bound.source, NamedPath) for bound in node.inputs.values()):
                plan.nodes[node_id] = self._place_files(node)
        super()._add_nodes(plan)
        for node_id in plan.nodes:
            self._parts[node_id.partition("/")[0]].members.append(self._states[node_id])

    def _place_files(self, node: PlanNode) -> PlanNode:
        """Have a node write its files into the folder of its plan."""
        place = self._parts[node.id.partition("/")[0]].place
        inputs = {
            name: replace(bound, source=NamedPath(f"{place}/{bound.source.name}"))
            if isinstance(bound.source, NamedPath)
            else bound
            for name, bound in node.inputs.items()
        }
        return replace(node, inputs=inputs)

    def _gather(self, state: NodeState) -> list[NodeState]:
        part = self._parts.get(state.node.id)
        if part is None or part.root is not state:
            return super()._gather(state)
        with self._changed:
            unsettled = [one for one in part.members if one.demanded and one.status in (WAITING, RUNNING)]
            for one in unsettled:  # an output failed before branches beside it were through
                one.waiters.append(state)
                state.pending += 1
            if not unsettled:
                state.status = DONE
        if not unsettled:
            self._on_done(state.node.id)
        return []


class _PinnedValues(Values):
    """Values whose constants are known by identity and kept until their plan is forgotten."""

    def __init__(self, executor: Executor, resolve_path: Any) -> None:
        super().__init__(executor, resolve_path)
        self._pins: dict[int, Constant | NamedPath] = {}

    def find_constant(self, source: Constant | NamedPath) -> Result:
        """Return the result of a value that stands in the graph."""
        self._pins[id(source)] = source
        return super().find_constant(source)

    def forget(self, outputs: Iterable[tuple[Source, TypeSpec]], nodes: Iterable[PlanNode]) -> None:
        """Forget the constants of a plan."""
        sources = [source for source, _ in outputs]
        for node in nodes:
            sources += [*node.conditions, *(bound.source for bound in node.inputs.values())]
        while sources:
            source = sources.pop()
            if isinstance(source, Constant | NamedPath):
                self._constants.pop(id(source), None)
                self._pins.pop(id(source), None)
            elif isinstance(source, Collected):
                sources += source.entries


def _shorten(error: NodeError, key: str) -> NodeError:
    """Return a node's error as if its plan had been the only one."""
    short = NodeError(
        error.code,
        error.message.replace(f"{key}/", ""),
        node=error.node.removeprefix(f"{key}/"),
        inputs=error.inputs,
        hint=error.hint,
        details=error.details,
    )
    return short
