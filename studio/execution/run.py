"""`Run`: one execution of a plan. Demand flows from the outputs back, results flow forward, nothing recurses."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from studio.api import Image, TypeSpec
from studio.api.events import (
    Event,
    NodeCached,
    NodeFailed,
    NodeFinished,
    NodeProgressed,
    NodeSkipped,
    NodeStarted,
    NodeWarned,
    RunFinished,
    RunStarted,
)
from studio.api.node_type import call_node_type
from studio.api.type_spec import ValueProblem, check_value, describe_value
from studio.cache import MISSING, Action
from studio.errors import Cancelled, NodeError, StudioError
from studio.execution.call import (
    CONDITIONS,
    DONE,
    EAGER,
    FAILED,
    GATHER,
    LAZY,
    RUNNING,
    SKIPPED,
    WAITING,
    Call,
    LostValue,
    NodeRecord,
    NodeState,
    Outcome,
    Result,
    RunOptions,
)
from studio.execution.context import Control, RunContext
from studio.execution.failure import explain_failure
from studio.execution.film import map_film
from studio.execution.fingerprint import UNDIGESTED
from studio.execution.plan import Collected, Constant, Given, NamedPath, Plan, PlanNode, Reference, Source, create_plan

if TYPE_CHECKING:
    from studio.execution.executor import Executor

_POLL_SECONDS = 0.02
_CANCEL_GRACE_SECONDS = 5.0


class Run:
    """One execution of a plan."""

    def __init__(
        self,
        executor: Executor,
        plan: Plan,
        on_event: Callable[[Event], None] | None,
        control: Control,
        options: RunOptions,
        run_id: str,
    ) -> None:
        self.executor = executor
        self.services = executor.services
        self.cache = executor.services.cache
        self.plan = plan
        self.control = control
        self.options = options
        self.id = run_id
        self.warnings: list[str] = []
        self._emit = on_event
        self._states: dict[str, NodeState] = {}
        self._uses: dict[tuple[str, str], int] = {}
        self._constants: dict[int, Result] = {}
        self._changed = threading.Condition()
        self._active = 0
        self._running: set[Call] = set()
        self._foreign: list[Call] = []
        self._records: dict[str, NodeRecord] = {}
        self._add_nodes(plan)

    # -- the whole -------------------------------------------------------------------------------------

    def execute(self) -> Outcome:
        """Run to the end."""
        begin = time.perf_counter()
        self.emit(RunStarted, len(self.plan.nodes))
        self._route(self._resolve(self._demand(self._find_output_nodes())))
        try:
            self._wait()
            while self._load_outputs():
                self._wait()
        except BaseException:
            self.control.cancel()
            self._stop()
            raise
        self.cache.flush()
        self.warnings += [str(error) for error in self.cache.take_errors()]
        outcome = self._summarize()
        outcome.seconds = time.perf_counter() - begin
        self.emit(RunFinished, outcome.status, outcome.seconds)
        return outcome

    def survey(self) -> dict[str, NodeState]:
        """Take every node as far as the cache alone allows, and return where each stands; for dry runs."""
        self._resolve(self._demand(self._find_output_nodes()))
        return self._states

    def emit(self, kind: type[Event], *values: Any) -> None:
        """Tell what happened."""
        if self._emit is not None:
            self._emit(kind(self.id, *values))

    def _add_nodes(self, plan: Plan) -> None:
        for node in plan.nodes.values():
            self._states[node.id] = NodeState(node, self)
            for reference in set(node.find_sources()):
                key = (reference.node, reference.output)
                self._uses[key] = self._uses.get(key, 0) + 1
        for source, _ in plan.outputs.values():
            for reference in _list_references(source):
                key = (reference.node, reference.output)
                self._uses[key] = self._uses.get(key, 0) + 1

    def _find_output_nodes(self) -> list[NodeState]:
        return [self._states[r.node] for source, _ in self.plan.outputs.values() for r in _list_references(source)]

    def _wait(self) -> None:
        """Wait until nothing runs; watch over time limits, other processes and cancellation meanwhile."""
        while True:
            with self._changed:
                if self._active <= 0:
                    return
                busy = self._foreign or self.options.node_timeout_seconds is not None
                self._changed.wait(_POLL_SECONDS if busy else 0.25)
            if self.control.cancelled:
                self._stop()
                return
            if self._foreign:
                self._retry_foreign()
            if self.options.node_timeout_seconds is not None:
                self._fail_overdue(self.options.node_timeout_seconds)

    def _stop(self) -> None:
        """Forget what is queued, and give what runs a moment to reach its next step."""
        for lane in self.executor.lanes.values():
            lane.drop_if(lambda call: call.state.run is self)
        deadline = time.monotonic() + _CANCEL_GRACE_SECONDS
        with self._changed:
            while self._running and time.monotonic() < deadline:
                self._changed.wait(0.05)
            stuck = list(self._running)
            self._running.clear()
            self._active = 0
        for call in stuck:
            self._abandon(call)
        for state in self._states.values():
            for call in state.calls:
                if call.fingerprint is not None and not call.results:
                    self.cache.release(call.fingerprint)

    def _abandon(self, call: Call) -> None:
        if call.context is not None:
            call.context.abandoned = True
        self.executor.lanes[call.lane].replace_thread(call.thread)

    def _load_outputs(self) -> bool:
        """Load the values of the outputs; True if one was lost and is being made again."""
        for source, _ in self.plan.outputs.values():
            result = self._find_result(source)
            if isinstance(result, Result):
                try:
                    self.load(result)
                except LostValue as lost:
                    self._redo(lost.call, None)
                    return True
        return False

    def _summarize(self) -> Outcome:
        results = {name: self._find_result(source) for name, (source, _) in self.plan.outputs.items()}
        made = {name: result for name, result in results.items() if isinstance(result, Result)}
        failed = any(state.status == FAILED for state in self._states.values())
        if self.control.cancelled and len(made) < len(results):
            status = "cancelled"
        elif failed:
            status = "partly done" if made else "failed"
        else:
            status = "done"
        for state in self._states.values():
            if state.demanded:
                self._record(state)
        types = {name: spec for name, (_, spec) in self.plan.outputs.items()}
        return Outcome(status, made, types, self._records, self.warnings, self.load)

    def _record(self, state: NodeState) -> NodeRecord:
        record = self._records.get(state.node.id)
        if record is None:
            node_type = state.node.node_type
            record = self._records[state.node.id] = NodeRecord(state.node.id, state.node.type_name, "waiting")
            if node_type is not None:
                record.version, record.code = node_type.version, node_type.code
                record.plugin = f"{node_type.distribution} {node_type.distribution_version}".strip()
        record.status = ("waiting", "running", "done", "skipped", "failed")[state.status]
        record.fingerprints = [call.fingerprint for call in state.calls if call.fingerprint]
        record.outputs = {name: result.digest for name, result in state.outputs.items()}
        record.calls = len(state.calls)
        record.cached = sum(not call.started for call in state.calls) if state.status == DONE else 0
        record.seconds = state.seconds
        record.error = state.error
        return record

    # -- demand and resolution -------------------------------------------------------------------------

    def _demand(self, states: Iterable[NodeState]) -> list[NodeState]:
        """Ask for nodes and for what they need; return those that need nothing more."""
        ready: list[NodeState] = []
        stack = list(states)
        with self._changed:
            while stack:
                state = stack.pop()
                if state.demanded:
                    continue
                state.demanded = True
                self._await(state, self._find_wanted(state), stack)
                if state.pending == 0:
                    ready.append(state)
        return ready

    def _await(self, state: NodeState, sources: Iterable[Source], stack: list[NodeState]) -> None:
        needed = {reference.node for source in sources for reference in _list_references(source)}
        for node_id in needed:
            source = self._states[node_id]
            if source.status in (WAITING, RUNNING):
                source.waiters.append(state)
                state.pending += 1
                if not source.demanded:
                    stack.append(source)

    def _find_wanted(self, state: NodeState) -> Iterable[Source]:
        """Return the sources that a node needs at its present stage."""
        node = state.node
        if state.stage == CONDITIONS:
            return node.conditions
        declared = node.node_type.inputs if node.node_type is not None else {}
        lazy = state.stage == LAZY
        return [
            bound.source
            for name, bound in node.inputs.items()
            if (name in declared and declared[name].lazy) == lazy and (not lazy or name in (state.wanted or ()))
        ]

    def _resolve(self, ready: Iterable[NodeState]) -> list[Call]:
        """Take nodes as far as they go without running anything; return the calls that must run."""
        missed: list[Call] = []
        queue = deque(ready)
        while queue:
            state = queue.popleft()
            try:
                queue.extend(self._advance(state, missed))
            except LostValue as lost:  # a value that a condition or a choice looks at
                self._redo(lost.call, lambda state=state: self._route(self._resolve([state])))  # type: ignore[misc]
            except StudioError as error:
                queue.extend(self._fail(state, explain_failure(error, state.node.id, state.node.type_name, {})))
        return missed

    def _advance(self, state: NodeState, missed: list[Call]) -> list[NodeState]:
        """Take one node to its next stage; return the nodes that are ready because of it."""
        if state.stage == GATHER:
            return self._gather(state)
        if state.stage == CONDITIONS:
            reason = self._check_conditions(state.node)
            if reason:
                return self._settle(state, SKIPPED, reason)
            newly = self._enter(state, EAGER)
            if newly is not None:
                return newly
        node_type = state.node.node_type
        if state.stage == EAGER and node_type is not None and node_type.needs is not None:
            args = self._find_args(state)
            if isinstance(args, str):
                return self._settle(state, SKIPPED, args)
            eager = {n: self.load(r) for n, r in args.items() if not node_type.inputs[n].lazy}
            state.wanted = frozenset(node_type.needs(**eager)) & set(state.node.inputs)
            newly = self._enter(state, LAZY)
            if newly is not None:
                return newly
        return self._begin(state, missed)

    def _enter(self, state: NodeState, stage: int) -> list[NodeState] | None:
        """Go to a stage and ask for what it needs: None if all is there, else the nodes that are ready to go first."""
        stack: list[NodeState] = []
        with self._changed:
            state.stage = stage
            self._await(state, self._find_wanted(state), stack)
            if state.pending == 0:
                return None
        return self._demand(stack)

    def _check_conditions(self, node: PlanNode) -> str:
        for source in node.conditions:
            result = self._find_result(source)
            if isinstance(result, str):
                return result
            value = self.load(result)
            if not isinstance(value, bool):
                raise StudioError("E303", f"'when' takes a bool, not {describe_value(value)}")
            if not value:
                return "its 'when' is false"
        return ""

    def _begin(self, state: NodeState, missed: list[Call]) -> list[NodeState]:
        args = self._find_args(state)
        if isinstance(args, str):
            return self._settle(state, SKIPPED, args)
        state.status = RUNNING
        if state.node.subgraph is not None:
            return self._expand(state, args, missed)
        assert state.node.node_type is not None
        if state.mapped:
            positions: list[dict[str, Result]] = []
            state.shape = self._spread(state.node, args, state.node.depth, positions)
            state.calls = [Call(state, state.node.node_type, one, i) for i, one in enumerate(positions)]
            if not state.calls:
                return self._complete(state)
        else:
            state.calls = [Call(state, state.node.node_type, args, 0)]
        ready: list[NodeState] = []
        for call in state.calls:
            ready += self._start_call(call, missed)
        return ready

    # -- sources to results ----------------------------------------------------------------------------

    def _find_args(self, state: NodeState) -> dict[str, Result] | str:
        """Return the results that a node takes, or the reason why it is skipped."""
        node = state.node
        declared = node.node_type.inputs if node.node_type is not None else {}
        args: dict[str, Result] = {}
        for name, bound in node.inputs.items():
            end = declared.get(name)
            if end is not None and end.lazy and name not in (state.wanted or ()):
                continue
            result = self._find_result(bound.source)
            if isinstance(result, Result):
                args[name] = result
            elif bound.spec.optional and not result.startswith("!"):
                continue  # skipped, and this input may be empty
            else:
                return result.lstrip("!")
        return args

    def _find_result(self, source: Source) -> Result | str:
        """Return the result of a source, or why there is none (with "!" in front after a failure)."""
        if isinstance(source, Reference):
            state = self._states[source.node]
            if state.status == DONE:
                return state.outputs[source.output]
            if state.status == SKIPPED and not state.reason.startswith("!"):
                return f"{state.node.id!r} was skipped"
            return f"!{state.node.id!r} failed" if state.status == FAILED else state.reason or f"!{state.node.id!r} did not run"
        if isinstance(source, Collected):
            entries = [self._find_result(entry) for entry in source.entries]
            missing = next((entry for entry in entries if isinstance(entry, str)), None)
            return missing if missing is not None else Result.gather([e for e in entries if isinstance(e, Result)])
        if isinstance(source, Given):
            return source.result  # type: ignore[no-any-return]  # what the executor itself put there
        return self._find_constant(source)

    def _find_constant(self, source: Constant | NamedPath) -> Result:
        found = self._constants.get(id(source))
        if found is None:
            value = source.value if isinstance(source, Constant) else self._resolve_path(source.name)
            found = self._constants[id(source)] = Result(self.executor.digest(value), value)
        return found

    def _resolve_path(self, name: str) -> Any:
        if self.options.resolve_path is None:
            raise StudioError("E307", f"the run has no output folder for {name!r}", hint="name one with -o DIR")
        return self.options.resolve_path(name)

    def _spread(self, node: PlanNode, args: dict[str, Result], depth: int, positions: list[dict[str, Result]]) -> Any:
        """Zip the lists that a node is mapped over; return the shape of the result, with positions at its leaves."""
        if depth == 0:
            positions.append(args)
            return len(positions) - 1
        lists = {name: self.split(result) for name, result in args.items() if node.inputs[name].depth >= depth}
        lengths = {name: len(entries) for name, entries in lists.items()}
        longest = max((n for n in lengths.values() if n != 1), default=1)
        if any(length not in (1, longest) for length in lengths.values()):
            told = ", ".join(f"{name}: {length}" for name, length in lengths.items())
            raise StudioError("E308", f"lists of unequal length ({told})",
                              hint="lists zip, and a list of one stretches; logic.product makes every combination")
        shape = []
        for index in range(longest):
            one = {name: entries[index if len(entries) > 1 else 0] for name, entries in lists.items()}
            shape.append(self._spread(node, args | one, depth - 1, positions))
        return shape

    def split(self, result: Result) -> list[Result]:
        """Return the entries of a list."""
        if result.entries is None:
            digests = self.cache.find_entries(result.digest) if result.value is MISSING else None
            if digests is not None:
                result.entries = [Result(d, parent=result, index=i) for i, d in enumerate(digests)]
            else:
                values = self.load(result)
                if not isinstance(values, list):
                    raise StudioError("E303", f"a list was promised, and {describe_value(values)} came")
                result.entries = [
                    Result(self.executor.digest(value), value, parent=result, index=i) for i, value in enumerate(values)
                ]
        return result.entries

    def load(self, result: Result) -> Any:
        """Return the value of a result.

        Raises:
            LostValue: The cache had it and has it no longer.
        """
        if result.value is not MISSING:
            return result.value
        if result.entries is not None:
            result.value = [self.load(entry) for entry in result.entries]
            return result.value
        value = self.cache.load(result.digest)
        if value is MISSING and result.parent is not None:
            value = self.load_whole(result.parent)[result.index]
        if value is MISSING:
            assert result.call is not None
            raise LostValue(result.call)
        result.value = value
        return value

    def load_whole(self, result: Result) -> Any:
        """Return the value of a list that was split, from where the list itself came from."""
        if result.value is not MISSING:
            return result.value
        value = self.cache.load(result.digest)
        if value is MISSING:
            assert result.call is not None
            raise LostValue(result.call)
        result.value = value
        return value

    # -- mapped graphs ---------------------------------------------------------------------------------

    def _expand(self, state: NodeState, args: dict[str, Result], missed: list[Call]) -> list[NodeState]:
        """Put a copy of the graph into the run for each entry of the lists that it is mapped over."""
        node = state.node
        assert node.subgraph is not None
        positions: list[dict[str, Result]] = []
        shape = self._spread(node, args, node.depth, positions)
        copies: list[dict[str, tuple[Source, TypeSpec]]] = []
        children: list[NodeState] = []
        for index, one in enumerate(positions):
            plan = create_plan(node.subgraph, {n: Given(r) for n, r in one.items()}, self.services.reader)
            renamed = _rename(plan, f"{node.id}[{index}]/")
            self._add_nodes(renamed)
            copies.append(renamed.outputs)
            children += [self._states[r.node] for source, _ in renamed.outputs.values() for r in _list_references(source)]
        state.shape = (shape, copies)
        stack: list[NodeState] = []
        with self._changed:
            state.stage = GATHER
            for child in dict.fromkeys(children):
                child.waiters.append(state)
                state.pending += 1
                stack.append(child)
            done = state.pending == 0
        ready = self._demand(stack)
        return [*ready, state] if done else ready

    def _gather(self, state: NodeState) -> list[NodeState]:
        shape, copies = state.shape
        outputs: dict[str, Result] = {}
        for name in state.node.outputs:
            results = [self._find_result(copy[name][0]) for copy in copies]
            broken = next((result for result in results if isinstance(result, str)), None)
            if broken is not None:
                return self._settle(state, SKIPPED, broken)
            outputs[name] = _nest(shape, [result for result in results if isinstance(result, Result)])
        state.outputs = outputs
        return self._settle(state, DONE)

    # -- calls -----------------------------------------------------------------------------------------

    def _start_call(self, call: Call, missed: list[Call]) -> list[NodeState]:
        """Find the result of a call in the cache, or see to it that it runs; return nodes that are ready."""
        self._name(call)
        fingerprint = call.fingerprint
        if fingerprint is not None and self.options.cache == "use" and call.node_type.cache == "pure":
            action = None if call.forced else self.cache.find(fingerprint)
            if action is None and not self.options.dry:
                if not call.claimed and not self._claim(call, fingerprint):
                    return []
                if not self.cache.try_lock(fingerprint):
                    with self._changed:
                        self._active += 1
                        self._foreign.append(call)
                    return []
                if self.cache.disk is not None and not call.forced:
                    action = self.cache.find(fingerprint)  # somebody may have been faster
            if action is not None:
                self._release(call)
                return self._finish_cached(call, action)
        if self.options.dry:
            return []
        with self._changed:
            self._active += 1
        missed.append(call)
        return []

    def _claim(self, call: Call, fingerprint: str) -> bool:
        with self._changed:
            self._active += 1
        call.claimed = self.cache.claim(fingerprint, lambda: self._resume(call))
        if call.claimed:
            self._rest()
        return call.claimed

    def _resume(self, call: Call) -> None:
        """Go on with a call that waited for somebody else who computes the same."""
        if self.control.cancelled:
            self._rest()
            return
        missed: list[Call] = []
        ready = self._start_call(call, missed)
        self._route([*missed, *self._resolve(ready)])
        self._rest()

    def _rest(self) -> None:
        """One piece of work less that the run waits for."""
        with self._changed:
            self._active -= 1
            if self._active <= 0:
                self._changed.notify_all()

    def _release(self, call: Call) -> None:
        if call.claimed and call.fingerprint is not None:
            call.claimed = False
            self.cache.release(call.fingerprint)

    def _retry_foreign(self) -> None:
        with self._changed:
            waiting, self._foreign = self._foreign, []
        for call in waiting:
            self._resume(call)

    def _name(self, call: Call) -> None:
        """Compute a call's fingerprint."""
        node_type = call.node_type
        digests = []
        for name, (digest, _) in self.executor.find_defaults(node_type).items():
            if name not in call.args and not node_type.inputs[name].unkeyed:
                digests.append((name, digest))
        for name, result in call.args.items():
            if not node_type.inputs[name].unkeyed:
                digests.append((name, result.digest))
        call.fingerprint = self.executor.fingerprints.find(node_type, digests)

    def _route(self, calls: Iterable[Call], own: str = "") -> list[Call]:
        """Queue calls on their lanes; return those of the lane `own` instead."""
        kept: list[Call] = []
        for call in calls:
            if call.lane == own:
                kept.append(call)
            else:
                self.executor.lanes[call.lane].push([call])
        return kept

    def serve(self, call: Call) -> list[Call]:
        """Run one call on a lane's thread, with what can be stacked onto it; return what is ready for this lane."""
        calls = [call, *self._find_stack(call)]
        if self.control.cancelled:
            self._forget(calls)
            return []
        with self._changed:
            self._running.update(calls)
        missed: list[Call] = []
        try:
            ready = self._execute(calls)
            missed = self._resolve(ready)
        except Cancelled:
            pass
        finally:
            with self._changed:
                overdue = [one for one in calls if one not in self._running]
                self._running.difference_update(calls)
        kept = self._route(missed, call.lane)
        for one in calls:
            if one not in overdue:
                self._rest()
        return kept

    def _forget(self, calls: Iterable[Call]) -> None:
        for call in calls:
            self._release(call)
            self._rest()

    def _find_stack(self, call: Call) -> list[Call]:
        batch = call.node_type.batch
        if batch is None or batch.limit <= 1:
            return []
        key = [call.args[name].digest if name in call.args else "" for name in batch.same]

        def fits(other: Call) -> bool:
            return (
                other.node_type is call.node_type
                and other.state.run is self
                and [other.args[name].digest if name in other.args else "" for name in batch.same] == key
            )

        return self.executor.lanes[call.lane].take_if(fits, batch.limit - 1)

    def _execute(self, calls: list[Call]) -> list[NodeState]:
        """Run calls of one node type; return nodes that are ready because of it."""
        loaded: list[Call] = []
        inputs: list[dict[str, Any]] = []
        ready: list[NodeState] = []
        for call in calls:
            if call.state.status != RUNNING:  # another entry of the same map failed
                self._release(call)
                continue
            try:
                inputs.append(self._load_inputs(call))
                loaded.append(call)
            except LostValue as lost:
                self._release(call)
                self._redo(lost.call, lambda call=call: self._resume_counted(call))  # type: ignore[misc]
            except Exception as error:  # a value that does not fit is the node's error, whatever raised
                ready += self._fail_call(call, error, {})
        if not loaded:
            return ready
        for call in loaded:
            self._begin_call(call)
        node_type = loaded[0].node_type
        try:
            if len(loaded) > 1:
                assert node_type.batch is not None
                results = list(node_type.batch.function(loaded[0].context, inputs))
                if len(results) != len(loaded):
                    raise ValueProblem(f"{len(loaded)} results", f"{len(results)}")
            elif loaded[0].state.node.stream:
                results = [map_film(self, loaded[0], inputs[0])]
            else:
                results = [call_node_type(node_type, loaded[0].context, inputs[0])]
        except Cancelled:
            if self.control.cancelled or all(c.context is not None and c.context.abandoned for c in loaded):
                for call in loaded:
                    self._end_call(call)
                    self._release(call)
                raise
            results = []
            error: BaseException = StudioError("E301", "it raised Cancelled, and nobody cancelled the run")
        except (Exception, SystemExit, KeyboardInterrupt) as caught:
            results, error = [], caught
        for index, call in enumerate(loaded):
            self._end_call(call)
            if call.context is not None and call.context.abandoned:
                continue
            if results:
                ready += self._finish_run(call, results[index], inputs[index])
            else:
                ready += self._fail_call(call, error, inputs[index])
        return ready

    def _resume_counted(self, call: Call) -> None:
        with self._changed:
            self._active += 1
        self._resume(call)

    def _load_inputs(self, call: Call) -> dict[str, Any]:
        values = {name: self.load(result) for name, result in call.args.items()}
        for name, value in values.items():
            bound = call.state.node.inputs[name]
            if bound.stream:
                continue
            try:
                values[name] = check_value(call.node_type.inputs[name].spec, value, self.services.classes)
            except ValueProblem as problem:
                raise StudioError("E303", f"input {name!r}: {problem}") from None
        for name, (_, default) in self.executor.find_defaults(call.node_type).items():
            if name not in values:
                values[name] = list(default) if isinstance(default, list) else default
        return values

    def _begin_call(self, call: Call) -> None:
        state = call.state
        node_id, type_name = state.node.id, state.node.type_name
        call.started = time.perf_counter()
        call.thread = threading.get_ident()
        with self._changed:
            first, state.started = not state.started, True
        if first:
            self.emit(NodeStarted, node_id, type_name)
        device = self.services.device if call.lane == "device" else self.executor.cpu

        def on_step(done: int, total: int, preview: Image | None) -> None:
            if not state.mapped:
                self.emit(NodeProgressed, node_id, type_name, done, total, preview)
            elif preview is not None:
                self.emit(NodeProgressed, node_id, type_name, state.done_calls, len(state.calls), preview)

        def on_log(message: str) -> None:
            with self._changed:
                self._record(state).warnings.append(message)
            self.emit(NodeWarned, node_id, type_name, message)

        call.context = RunContext(device, self.control, lambda m: self.services.open_model(m, device), on_step, on_log)

    def _end_call(self, call: Call) -> None:
        call.state.seconds += time.perf_counter() - call.started
        if call.context is not None:
            call.context.close()

    def _finish_run(self, call: Call, result: Any, inputs: Mapping[str, Any]) -> list[NodeState]:
        """Check, digest and keep what a call returned."""
        node_type = call.node_type
        try:
            values = call.node_type.unpack_result(result)
            results: dict[str, Result] = {}
            for name, value in values.items():
                spec = call.state.node.outputs[name] if call.state.node.stream else node_type.outputs[name].spec
                try:
                    value = check_value(spec, value, self.services.classes)
                except ValueProblem as problem:
                    raise StudioError("E302", f"output {name!r}: {problem}", hint="this is a mistake of the node type") from None
                value = self.cache.settle(value)
                results[name] = Result(self.executor.digest(value), value, call=call, output=name)
        except Exception as error:  # checks and codecs of plugins may raise anything
            return self._fail_call(call, error, inputs)
        self._keep(call, results)
        return self._finish_call(call, results)

    def _keep(self, call: Call, results: Mapping[str, Result]) -> None:
        digestible = not any(result.digest.startswith(UNDIGESTED) for result in results.values())
        if call.fingerprint is None or self.options.cache == "off" or call.node_type.cache == "never" or not digestible:
            self._release(call)
            return
        parts = self.executor.fingerprints.find_parts(call.node_type, self.find_digests(call))
        action = Action(
            call.fingerprint,
            call.node_type.id,
            {name: result.digest for name, result in results.items()},
            parts if self.cache.disk is not None else {},
            time.perf_counter() - call.started,
        )
        call.claimed = False
        self.cache.record(action, {result.digest: result.value for result in results.values()})

    def find_digests(self, call: Call) -> dict[str, str]:
        """Return the digests of a call's inputs that count."""
        inputs = call.node_type.inputs
        defaults = {name: digest for name, (digest, _) in self.executor.find_defaults(call.node_type).items()}
        found = defaults | {name: result.digest for name, result in call.args.items()}
        return {name: digest for name, digest in found.items() if not inputs[name].unkeyed}

    def _finish_cached(self, call: Call, action: Action) -> list[NodeState]:
        outputs = action.outputs
        if set(outputs) != set(call.node_type.outputs):
            self.cache.forget(action.fingerprint)
            raise StudioError("E309", f"an entry of the cache for {call.node_type.id!r} has other outputs",
                              hint="its author changed the outputs without raising version; run with --refresh")
        return self._finish_call(call, {n: Result(digest, call=call, output=n) for n, digest in outputs.items()})

    def _finish_call(self, call: Call, results: dict[str, Result]) -> list[NodeState]:
        state = call.state
        waiting: list[Callable[[], None]] = []
        with self._changed:
            if call.results:  # it was made again: those who hold the old results see the new ones
                for name, result in results.items():
                    call.results[name].digest, call.results[name].value = result.digest, result.value
                waiting, call.waiting = call.waiting, []
                call.forced = False
            else:
                call.results = results
                state.done_calls += 1
            done = not waiting and state.done_calls == len(state.calls) and state.status == RUNNING
        for resume in waiting:
            resume()
        for result in call.args.values():
            if result.parent is not None:
                result.forget_value()
        if state.mapped and not done:
            self.emit(NodeProgressed, state.node.id, state.node.type_name, state.done_calls, len(state.calls), None)
        return self._complete(state) if done else []

    def _complete(self, state: NodeState) -> list[NodeState]:
        node_type = state.node.node_type
        assert node_type is not None
        if state.mapped:
            state.outputs = {n: _nest(state.shape, [c.results[n] for c in state.calls]) for n in node_type.outputs}
        else:
            state.outputs = state.calls[0].results
        ran = any(call.started for call in state.calls)
        fingerprint = state.calls[0].fingerprint or "" if len(state.calls) == 1 else ""
        ready = self._settle(state, DONE)
        if ran:
            self.emit(NodeFinished, state.node.id, state.node.type_name, fingerprint, state.seconds)
        else:
            self.emit(NodeCached, state.node.id, state.node.type_name, fingerprint)
        return ready

    def _settle(self, state: NodeState, status: int, reason: str = "") -> list[NodeState]:
        """Close a node; return the nodes that waited for nothing else."""
        ready = []
        with self._changed:
            if state.status not in (WAITING, RUNNING):
                return []
            state.status = status
            state.reason = reason
            for name, result in state.outputs.items():
                result.uses = self._uses.get((state.node.id, name), 0)
                if result.uses == 0:
                    result.forget_value()
            for waiter in state.waiters:
                waiter.pending -= 1
                if waiter.pending == 0:
                    ready.append(waiter)
            state.waiters = []
            for reference in set(state.node.find_sources()):
                self._release_use(reference)
        if status == SKIPPED:
            self.emit(NodeSkipped, state.node.id, state.node.type_name, reason.lstrip("!"))
        return ready

    def _release_use(self, reference: Reference) -> None:
        result = self._states[reference.node].outputs.get(reference.output)
        if result is not None:
            result.uses -= 1
            if result.uses <= 0:
                result.forget_value()
                for entry in result.entries or ():
                    entry.forget_value()

    # -- what goes wrong -------------------------------------------------------------------------------

    def _fail_call(self, call: Call, error: BaseException, inputs: Mapping[str, Any]) -> list[NodeState]:
        self._release(call)
        waiting, call.waiting = call.waiting, []
        explained = explain_failure(error, call.label, call.node_type.id, inputs)
        for resume in waiting:  # they wanted its result again; let them find that it failed
            call.state.status = FAILED
            resume()
        return self._fail(call.state, explained)

    def _fail(self, state: NodeState, error: NodeError) -> list[NodeState]:
        with self._changed:
            if state.status in (FAILED, SKIPPED):
                return []
            state.error = error
        ready = self._settle(state, FAILED, error.message)
        self.emit(NodeFailed, state.node.id, state.node.type_name, error)
        return ready

    def _fail_overdue(self, limit_seconds: float) -> None:
        now = time.perf_counter()
        with self._changed:
            overdue = [call for call in self._running if call.started and now - call.started > limit_seconds]
            self._running.difference_update(overdue)
        for call in overdue:
            self._abandon(call)
            error = StudioError("E305", f"it did not finish within {limit_seconds:g} seconds",
                                hint="raise --timeout, or make its input smaller")
            self._route(self._resolve(self._fail_call(call, error, {})))
            self._rest()

    def _redo(self, call: Call, resume: Callable[[], None] | None) -> None:
        """Make a call again whose result the cache lost; then go on with whoever wanted it."""
        if self.options.dry:
            return
        with self._changed:
            call.waiting.append(resume or (lambda: None))
            if call.forced:
                return
            call.forced = True
            call.retries += 1
        if call.fingerprint is not None:
            self.cache.forget(call.fingerprint)
        call.state.status = RUNNING if call.state.status == DONE else call.state.status
        missed: list[Call] = []
        self._route([*missed, *self._resolve(self._start_call(call, missed))])
        self._route(missed)


def _list_references(source: Source) -> Iterator[Reference]:
    if isinstance(source, Reference):
        yield source
    elif isinstance(source, Collected):
        for entry in source.entries:
            yield from _list_references(entry)


def _nest(shape: Any, results: list[Result]) -> Result:
    """Put results into lists of the shape that the inputs had."""
    if isinstance(shape, int):
        return results[shape]
    return Result.gather([_nest(part, results) for part in shape])


def _rename(plan: Plan, prefix: str) -> Plan:
    """Return a plan whose node ids begin with a prefix."""

    def rename(source: Source) -> Source:
        if isinstance(source, Reference):
            return Reference(prefix + source.node, source.output)
        if isinstance(source, Collected):
            return Collected(tuple(rename(entry) for entry in source.entries))
        return source

    nodes = {
        prefix + node.id: replace(
            node,
            id=prefix + node.id,
            inputs={name: replace(bound, source=rename(bound.source)) for name, bound in node.inputs.items()},
            conditions=tuple(rename(source) for source in node.conditions),
        )
        for node in plan.nodes.values()
    }
    return Plan(nodes, {name: (rename(source), spec) for name, (source, spec) in plan.outputs.items()})
