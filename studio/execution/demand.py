"""`Demand`: which nodes are needed, what each waits for, and when values are freed. It owns the lock of its run."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence

from studio.api import Input
from studio.api.verdict import is_verdict
from studio.errors import NodeError
from studio.execution.call import (
    CONDITIONS,
    DONE,
    FAILED,
    LAZY_INPUTS,
    SKIPPED,
    Call,
    CallRunner,
    NodeState,
    NodeStatus,
    Result,
    Stage,
    Unavailable,
)
from studio.execution.plan import Plan
from studio.execution.values import Values
from studio.graph.source import Collected, Constant, Given, NamedPath, Reference, Source, find_references


class Demand:
    """The nodes of a run. Demand flows from the outputs back, results flow forward, nothing recurses.

    Args:
        values: The values of the run.
        plan: What the run executes.
        videos_are_written: Whether videos among the plan's outputs are only written to files.

    Attributes:
        lock: The lock of the run.
        states: Its nodes by id.
    """

    def __init__(self, values: Values, plan: Plan, videos_are_written: bool) -> None:
        self.lock = threading.RLock()
        self.states: dict[str, NodeState] = {}
        self._values = values
        self._plan = plan
        self._videos_are_written = videos_are_written
        self._uses: dict[Reference, int] = {}

    # -- which nodes there are -------------------------------------------------------------------------

    def add_plan(self, plan: Plan, runner: CallRunner) -> None:
        """Add the nodes of a plan; nothing needs them yet."""
        uses = self._uses
        for node in plan.nodes.values():
            state = self.states[node.id] = NodeState(node, runner)
            for reference in state.sources:
                uses[reference] = uses.get(reference, 0) + 1
        for source, _ in plan.outputs.values():
            for reference in find_references(source):
                uses[reference] = uses.get(reference, 0) + 1

    def remove_plan(self, plan: Plan, states: Iterable[NodeState]) -> None:
        """Remove the nodes of a plan that is done."""
        with self.lock:
            for state in states:
                self.states.pop(state.node.id, None)
                for reference in state.sources:
                    self._uses.pop(reference, None)
            for source, _ in plan.outputs.values():
                for reference in find_references(source):
                    self._uses.pop(reference, None)

    def find_output_states(self, plan: Plan) -> list[NodeState]:
        """Return the nodes that the outputs of a plan come from."""
        return [self.states[r.node] for source, _ in plan.outputs.values() for r in find_references(source)]

    # -- who needs what --------------------------------------------------------------------------------

    def ask(self, states: Iterable[NodeState]) -> list[NodeState]:
        """Ask for nodes and for what they need; return those that need nothing more."""
        ready: list[NodeState] = []
        stack = list(states)
        with self.lock:
            while stack:
                state = stack.pop()
                if state.demanded:
                    continue
                state.demanded = True
                self._await_sources(state, _find_needed(state), stack)
                if state.pending == 0:
                    ready.append(state)
        return ready

    def enter(self, state: NodeState, stage: Stage) -> list[NodeState] | None:
        """Go to a stage and ask for what it needs; return ready nodes, or None if nothing is missing."""
        stack: list[NodeState] = []
        with self.lock:
            state.stage = stage
            self._await_sources(state, _find_needed(state), stack)
            if state.pending == 0:
                return None
        return self.ask(stack)

    def await_states(self, state: NodeState, others: Iterable[NodeState]) -> bool:
        """Have a node wait for others, none of which is settled; return whether there are none."""
        with self.lock:
            for other in dict.fromkeys(others):
                other.waiters.append(state)
                state.pending += 1
            return state.pending == 0

    def _await_sources(self, state: NodeState, sources: Iterable[Source], stack: list[NodeState]) -> None:
        needed = {reference.node for source in sources for reference in find_references(source)}
        for node_id in needed:
            source = self.states[node_id]
            if not source.settled:
                source.waiters.append(state)
                state.pending += 1
                if not source.demanded:
                    stack.append(source)

    # -- sources to results ----------------------------------------------------------------------------

    def find_args(self, state: NodeState) -> dict[str, Result] | Unavailable:
        """Return the inputs of a node, or why it is skipped."""
        node = state.node
        declared = node.node_type.inputs if node.node_type is not None else {}
        args: dict[str, Result] = {}
        for name, bound in node.inputs.items():
            end = declared.get(name)
            if end is not None and end.lazy and not state.needs_lazy(name):
                continue
            result = self.find_result(bound.source)
            if isinstance(result, Result):
                args[name] = result
            elif result.failed or not bound.spec.optional:
                return result
            elif _is_required(end):  # skipped, and this input may be empty
                args[name] = self._values.create_empty()
        return args

    def find_result(self, source: Source) -> Result | Unavailable:
        """Return the result of a source, or why there is none."""
        if isinstance(source, Reference):
            return self._find_output(source)
        if isinstance(source, Collected):
            found = select_results([self.find_result(entry) for entry in source.entries])
            return found if isinstance(found, Unavailable) else Result.gather(found)
        if isinstance(source, Given):
            assert isinstance(source.result, Result)  # the run itself put it there
            return source.result
        assert isinstance(source, Constant | NamedPath)  # the plan made nodes of all others
        return self._values.find_constant(source)

    def find_outputs(self, plan: Plan) -> dict[str, Result | Unavailable]:
        """Return the results of a plan's outputs, or why there are none."""
        return {name: self.find_result(source) for name, (source, _) in plan.outputs.items()}

    def _find_output(self, reference: Reference) -> Result | Unavailable:
        state = self.states[reference.node]
        if state.status is DONE:
            return state.outputs[reference.output]
        name = repr(state.node.id)
        if state.status is SKIPPED:
            reason = state.skipped_for
            return reason if reason is not None and reason.failed else Unavailable(f"{name} was skipped")
        return Unavailable(f"{name} {'failed' if state.status is FAILED else 'did not run'}", failed=True)

    # -- settling and freeing --------------------------------------------------------------------------

    def settle(
        self,
        state: NodeState,
        status: NodeStatus,
        *,
        skipped_for: Unavailable | None = None,
        error: NodeError | None = None,
    ) -> list[NodeState] | None:
        """Settle a node; return the nodes that waited for nothing else, or None if it was settled before."""
        ready = []
        with self.lock:
            if state.settled:
                return None
            state.status, state.skipped_for, state.error = status, skipped_for, error
            for name in state.outputs:
                if self._uses.get(Reference(state.node.id, name), 0) <= 0:
                    self._free(state, name)
            for waiter in state.waiters:
                waiter.pending -= 1
                if waiter.pending == 0:
                    ready.append(waiter)
            state.waiters = []
            for reference in state.sources:
                self.release_use(reference)
        return ready

    def release_use(self, reference: Reference) -> None:
        """Count one use of an output less; free its value after the last."""
        with self.lock:
            left = self._uses[reference] = self._uses[reference] - 1
            if left == 0:
                self._free(self.states[reference.node], reference.output)

    def release_copies(self, state: NodeState, name: str) -> None:
        """Count one use less of an output of every copy of a mapped graph."""
        for copy in state.copies:
            for reference in find_references(copy.outputs[name][0]):
                self.release_use(reference)

    def free_args(self, call: Call, remade: bool) -> None:
        """Free the inputs of a call that is done, where no other node shares them."""
        for result in call.args.values():
            if result.parent is not None or result.gathered or (remade and self._is_spent(result)):
                result.forget_value()

    def _is_spent(self, result: Result) -> bool:
        """Return whether all nodes that use a call's result are done, so that only values made again need it."""
        call = result.call
        if call is None:
            return False
        return all(self._uses.get(Reference(call.state.node.id, name), 0) <= 0 for name in call.results)

    def _free(self, state: NodeState, name: str) -> None:
        """Free the value of an output that no node needs any more."""
        if name not in state.outputs or is_verdict(name, state.node.outputs[name]):  # read when all is done
            return
        state.outputs[name].forget_value()
        if state.copies:
            self.release_copies(state, name)
        elif state.mapped:
            for call in state.calls:
                call.results[name].forget_value()

    def is_read_once(self, call: Call, name: str) -> bool:
        """Return whether an output is read once: by one call, or to write it as the plan's output."""
        reference = Reference(call.state.node.id, name)
        if self._uses.get(reference, 0) != 1:
            return False
        if any(reference in find_references(source) for source, _ in self._plan.outputs.values()):
            return self._videos_are_written
        readers = [state.node for state in self.states.values() if reference in state.sources]
        return len(readers) == 1 and readers[0].depth == 0


def _is_required(end: Input | None) -> bool:
    return end is not None and end.required


def select_results(found: Sequence[Result | Unavailable]) -> list[Result] | Unavailable:
    """Return these results, or why one of them is not available."""
    results: list[Result] = []
    for one in found:
        if isinstance(one, Unavailable):
            return one
        results.append(one)
    return results


def _find_needed(state: NodeState) -> Iterable[Source]:
    """Return the sources that a node needs at its present stage."""
    node = state.node
    if state.stage is CONDITIONS:
        return node.conditions
    declared = node.node_type.inputs if node.node_type is not None else {}
    lazy = state.stage is LAZY_INPUTS
    return [
        bound.source
        for name, bound in node.inputs.items()
        if (name in declared and declared[name].lazy) == lazy and (not lazy or state.needs_lazy(name))
    ]
