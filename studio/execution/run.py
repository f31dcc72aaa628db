"""`Run`: one execution of a plan. Demand flows from the outputs back, results flow forward, nothing recurses."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from studio.api import Image, Model, NodeType
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
from studio.api.type_spec import describe_value
from studio.cache import Action, shorten_notes
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
from studio.execution.fingerprint import UNDIGESTED
from studio.execution.perform import perform_calls
from studio.execution.plan import Plan, PlanNode, create_plan, rename_nodes
from studio.execution.relief import describe_residents
from studio.execution.values import Values, nest
from studio.graph.source import Collected, Constant, Given, NamedPath, Reference, Source, find_references
from studio.runtime.models import Lease, Resident

if TYPE_CHECKING:
    from studio.execution.executor import Executor

_POLL_SECONDS = 0.02
_CANCEL_GRACE_SECONDS = 5.0
_LOAD_GRACE_SECONDS = 1.0
_MOST_WARNINGS = 100  # of one node


class Run:
    """One execution of a plan.

    `_active` counts what the run waits for: calls that are queued or run, calls that wait for somebody else who
    computes the same, and whoever waits for a lost value to be made again. At zero the run is over.
    """

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
        self.values = Values(executor, options.resolve_path)
        self.warnings: list[str] = []
        self._emit = on_event
        self._states: dict[str, NodeState] = {}
        self._uses: dict[Reference, int] = {}
        self._changed = threading.Condition()
        self._active = 0
        self._running: set[Call] = set()
        self._foreign: list[Call] = []
        self._records: dict[str, NodeRecord] = {}
        self._loads = 0
        self._stack_limits: dict[NodeType, int] = {}
        self._crash: BaseException | None = None
        self._add_nodes(plan)

    # -- the whole -------------------------------------------------------------------------------------

    def execute(self) -> Outcome:
        """Run to the end."""
        begin = time.perf_counter()
        try:
            self.emit(RunStarted, len(self.plan.nodes))
            self._route(self._resolve(self._demand(self._find_output_nodes())))
            self._wait()
            while not self.control.cancelled and self._load_outputs():
                self._wait()
        except BaseException:
            self.control.cancel()
            self._stop()
            raise
        finally:
            self.services.models.undo_measures()
        self.cache.flush()
        self.warnings += [str(error) for error in self.cache.take_errors()]
        outcome = self._summarize()
        outcome.seconds = time.perf_counter() - begin
        self.emit(RunFinished, outcome.status, outcome.seconds)
        if not self.options.films_are_written:  # films that are promised tell of their frames while they are written
            self._emit = None
        return outcome

    def survey(self) -> dict[str, NodeState]:
        """Take every node as far as the cache alone allows, and return where each stands; for dry runs."""
        self._resolve(self._demand(self._find_output_nodes()))
        return self._states

    def emit(self, kind: type[Event], *values: Any) -> None:
        """Tell what happened; a listener that raises is not asked again, and the run goes on."""
        listener = self._emit
        if listener is None:
            return
        try:
            listener(kind(self.id, *values))
        except Exception as error:  # the listener is the caller's, and may raise anything
            self._emit = None
            self.warnings.append(f"on_event raised {type(error).__name__}: {error}; it was not called again")

    def _add_nodes(self, plan: Plan) -> None:
        uses = self._uses
        for node in plan.nodes.values():
            state = self._states[node.id] = NodeState(node, self)
            for reference in state.sources:
                uses[reference] = uses.get(reference, 0) + 1
        for source, _ in plan.outputs.values():
            for reference in find_references(source):
                uses[reference] = uses.get(reference, 0) + 1

    def is_read_once(self, reference: Reference) -> bool:
        """Say whether an output is read by one call alone, or by nobody but who writes the run's outputs to files."""
        if self._uses.get(reference, 0) != 1:
            return False
        if any(reference in find_references(source) for source, _ in self.plan.outputs.values()):
            return self.options.films_are_written
        readers = [state.node for state in self._states.values() if reference in state.sources]
        return len(readers) == 1 and readers[0].depth == 0

    def _find_output_nodes(self) -> list[NodeState]:
        return [self._states[r.node] for source, _ in self.plan.outputs.values() for r in find_references(source)]

    def _wait(self) -> None:
        """Wait until nothing runs; watch over time limits, other processes and cancellation meanwhile."""
        limit = self.options.node_timeout_seconds
        before = time.perf_counter()
        while True:
            with self._changed:
                if self._crash is None and self._active > 0 and not self.control.cancelled:
                    self._changed.wait(_POLL_SECONDS if self._foreign or limit is not None else 0.25)
                if self._crash is not None:
                    raise self._crash
                if self._active <= 0:
                    return
            if self.control.cancelled:
                self._stop()
                return
            if self._foreign:
                self._retry_foreign()
            now = time.perf_counter()
            if limit is not None:
                if self.control.paused:
                    self._shift_clocks(now - before)
                self._fail_overdue(limit)
            before = now

    def _stop(self) -> None:
        """Forget what is queued, and give what runs a moment to reach its next step."""
        for lane in self.executor.lanes.values():
            lane.drop_if(lambda call: call.state.run is self)
        begin = time.monotonic()
        with self._changed:
            while self._running and time.monotonic() < begin + self._find_grace():
                self._changed.wait(0.05)
            stuck = list(self._running)
            self._running.clear()
            self._active = 0
        self._abandon(stuck)
        for state in list(self._states.values()):
            for call in state.calls:
                self._release(call)

    def _find_grace(self) -> float:
        """Return how long to wait for what runs: briefly for calls before their first step, as in a load."""
        stepped = any(call.context is not None and call.context.stepped for call in self._running)
        return _CANCEL_GRACE_SECONDS if stepped else _LOAD_GRACE_SECONDS

    def _abandon(self, calls: Iterable[Call]) -> None:
        for call in calls:
            if call.context is not None:
                call.context.abandoned = True
            self.executor.lanes[call.lane].replace_thread(call.thread)

    def _fail_crash(self, error: BaseException) -> None:
        """Keep a mistake of our own on a thread that nobody looks at, for `execute` to raise."""
        with self._changed:
            self._crash = self._crash or error
            self._changed.notify_all()

    def _load_outputs(self) -> bool:
        """Load the values of the outputs; True if some were lost and are being made again."""
        lost: list[Call] = []
        for source, _ in self.plan.outputs.values():
            result = self._find_result(source)
            if isinstance(result, Result):
                try:
                    self.load(result)
                except LostValue as missing:
                    lost += missing.calls
        if lost:
            self._remake(LostValue(lost), lambda made: None)
        return bool(lost)

    def _summarize(self) -> Outcome:
        results = {name: self._find_result(source) for name, (source, _) in self.plan.outputs.items()}
        made = {name: result for name, result in results.items() if isinstance(result, Result)}
        states = list(self._states.values())
        if self.control.cancelled and len(made) < len(results):
            status = "cancelled"
        elif any(state.status == FAILED for state in states):
            status = "partly done" if made else "failed"
        else:
            status = "done"
        for state in states:
            if state.demanded:
                self._record(state)
        types = {name: spec for name, (_, spec) in self.plan.outputs.items()}
        return Outcome(status, made, types, self._records, self.warnings, self.load, models=self._summarize_models())

    def _summarize_models(self) -> dict[str, Any]:
        residents = self.services.models.residents()
        return {
            "opened": self._loads,
            "resident_bytes": sum(resident.bytes for resident in residents),
            "resident": [asdict(resident) for resident in residents],
        }

    def load(self, result: Result) -> Any:
        """Return the value of a result; LostValue if the cache lost it."""
        return self.values.load(result)

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
        record.cached = sum(not call.ran for call in state.calls) if state.status == DONE else 0
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
        needed = {reference.node for source in sources for reference in find_references(source)}
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
            except LostValue as lost:  # a value that a condition, a choice or a list looks at
                self._remake(lost, lambda made, state=state: self._route(self._resolve([state])))  # type: ignore[misc]
            except Exception as error:  # digests, checks and `needs` of plugins may raise anything
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
            state.wanted = self._find_needs(state, args)
            newly = self._enter(state, LAZY)
            if newly is not None:
                return newly
        return self._begin(state, missed)

    def _find_needs(self, state: NodeState, args: dict[str, Result]) -> frozenset[str]:
        """Return the lazy inputs that a node wants; a mapped one wants what any of its entries wants."""
        node_type = state.node.node_type
        assert node_type is not None
        assert node_type.needs is not None
        positions: list[dict[str, Result]] = []
        self.values.spread(state.node, args, state.node.depth, positions)
        wanted: set[str] = set()
        for one in positions:
            given = self.values.load_inputs(state.node, one)
            wanted.update(node_type.needs(**{n: v for n, v in given.items() if not node_type.inputs[n].lazy}))
        return frozenset(wanted & set(state.node.inputs))

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
        if state.node.subgraph is not None:
            return self._expand(state, args)
        node_type = state.node.node_type
        assert node_type is not None
        positions = [args]
        if state.mapped:
            positions = []
            state.shape = self.values.spread(state.node, args, state.node.depth, positions)
        state.calls = [Call(state, node_type, one, index) for index, one in enumerate(positions)]
        state.status = RUNNING
        if not state.calls:
            return self._complete(state)
        ready: list[NodeState] = []
        for call in state.calls:
            ready += self._start_call(call, missed)
        return ready

    # -- sources to results ----------------------------------------------------------------------------

    def _find_args(self, state: NodeState) -> dict[str, Result] | str:
        """Return the results that a node takes, or why it is skipped (with "!" in front after a failure)."""
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
            elif not bound.spec.optional or result.startswith("!"):
                return result
            elif end is not None and end.required:  # skipped, and this input may be empty
                args[name] = Result(self.executor.digest(None), None)
        return args

    def _find_result(self, source: Source) -> Result | str:
        """Return the result of a source, or why there is none (with "!" in front after a failure)."""
        if isinstance(source, Reference):
            state = self._states[source.node]
            if state.status == DONE:
                return state.outputs[source.output]
            if state.status == SKIPPED:
                return state.reason if state.reason.startswith("!") else f"{state.node.id!r} was skipped"
            return f"!{state.node.id!r} failed" if state.status == FAILED else f"!{state.node.id!r} did not run"
        if isinstance(source, Collected):
            entries = [self._find_result(entry) for entry in source.entries]
            missing = next((entry for entry in entries if isinstance(entry, str)), None)
            return missing if missing is not None else Result.gather([e for e in entries if isinstance(e, Result)])
        if isinstance(source, Given):
            return source.result  # type: ignore[no-any-return]  # what the executor itself put there
        assert isinstance(source, Constant | NamedPath)  # the plan made nodes of all others
        return self.values.find_constant(source)

    # -- mapped graphs ---------------------------------------------------------------------------------

    def _expand(self, state: NodeState, args: dict[str, Result]) -> list[NodeState]:
        """Put a copy of the graph into the run for each entry of the lists that it is mapped over."""
        node = state.node
        assert node.subgraph is not None
        positions: list[dict[str, Result]] = []
        shape = self.values.spread(node, args, node.depth, positions)
        copies: list[Plan] = []
        for index, one in enumerate(positions):
            plan = create_plan(node.subgraph, {n: Given(r) for n, r in one.items()}, self.services.reader)
            copies.append(rename_nodes(plan, f"{node.id}[{index}]/"))
        for copy in copies:
            self._add_nodes(copy)
        outputs = [source for copy in copies for source, _ in copy.outputs.values()]
        children = [self._states[r.node] for source in outputs for r in find_references(source)]
        state.status, state.shape, state.copies = RUNNING, shape, copies
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
        """Put the outputs of a mapped graph together."""
        outputs: dict[str, Result] = {}
        for name in state.node.outputs:
            results = [self._find_result(copy.outputs[name][0]) for copy in state.copies]
            broken = next((result for result in results if isinstance(result, str)), None)
            if broken is not None:
                for other in state.node.outputs:
                    self._release_copies(state, other)
                return self._settle(state, SKIPPED, broken)
            outputs[name] = nest(state.shape, [result for result in results if isinstance(result, Result)])
        state.outputs = outputs
        inner = [self._states[node_id] for copy in state.copies for node_id in copy.nodes]
        state.seconds = sum(child.seconds for child in inner)
        if any(call.ran for child in inner for call in child.calls):
            state.started = True
            self.emit(NodeStarted, state.node.id, state.node.type_name)
        return self._close(state, "")

    def _release_copies(self, state: NodeState, name: str) -> None:
        for copy in state.copies:
            for reference in find_references(copy.outputs[name][0]):
                self._release_use(reference)

    # -- calls -----------------------------------------------------------------------------------------

    def _start_call(self, call: Call, missed: list[Call]) -> list[NodeState]:
        """Find the results of a call in the cache, or see to it that it runs; return nodes that are ready."""
        call.fingerprint = self._find_fingerprint(call)
        if call.fingerprint is not None and self.options.cache == "use" and call.node_type.cache == "pure":
            found = self._find_cached(call, call.fingerprint)
            if found is None and not self.options.dry:
                if not self._claim(call, call.fingerprint):
                    return []
                found = self._find_cached(call, call.fingerprint)  # somebody may have been faster
            if found is not None:
                self._release(call)
                for note in self._find_notes(call.fingerprint):
                    self._warn(call.state, note)
                return self._finish_call(call, found)
        if not self.options.dry:
            with self._changed:
                self._active += 1
            missed.append(call)
        return []

    def _find_cached(self, call: Call, fingerprint: str) -> dict[str, Result] | None:
        """Return what the cache knows of a call's results; for one that is made again only if it has the values."""
        action = self.cache.find(fingerprint)
        if action is None or action.outputs.keys() != call.node_type.outputs.keys():
            return None  # an author who changes outputs without raising `version` gets them made again
        found = {name: Result(digest, call=call) for name, digest in action.outputs.items()}
        if call.remaking:
            try:
                for result in found.values():
                    self.load(result)
            except LostValue:
                return None
        return found

    def _find_notes(self, fingerprint: str) -> tuple[str, ...]:
        """Return what a call had to say when it ran."""
        action = self.cache.find(fingerprint) if not self.options.dry else None
        return action.notes if action is not None else ()

    def _warn(self, state: NodeState, message: str) -> None:
        """Note what a node says, once however many of its calls say it."""
        with self._changed:
            warnings = self._record(state).warnings
            if message in warnings or len(warnings) > _MOST_WARNINGS:
                return
            if len(warnings) == _MOST_WARNINGS:
                message = "there are more warnings, which are left out"
            warnings.append(message)
        self.emit(NodeWarned, state.node.id, state.node.type_name, message)

    def _claim(self, call: Call, fingerprint: str) -> bool:
        """Become the one who computes a fingerprint; False if another run or process is, and the call waits for it."""
        with self._changed:
            self._active += 1
        if not call.claimed:
            if not self.cache.claim(fingerprint, lambda: self._resume(call)):
                return False
            call.claimed = True
        if not self.cache.try_lock(fingerprint):
            with self._changed:
                self._foreign.append(call)
            return False
        self._rest()
        return True

    def _resume(self, call: Call) -> None:
        """Go on with a call that waited. Another run's thread may come by here: nothing may be raised in it."""
        try:
            if not self.control.cancelled:
                missed: list[Call] = []
                try:
                    ready = self._start_call(call, missed)
                except Exception as error:
                    ready = self._fail_call(call, error, {})
                self._route([*missed, *self._resolve(ready)])
        except BaseException as error:
            self._fail_crash(error)
        finally:
            self._rest()

    def _rest(self) -> None:
        """One piece of work less that the run waits for."""
        with self._changed:
            self._active -= 1
            if self._active <= 0:
                self._changed.notify_all()

    def _release(self, call: Call) -> None:
        if self._take_claim(call) and call.fingerprint is not None:
            self.cache.release(call.fingerprint)

    def _take_claim(self, call: Call) -> bool:
        with self._changed:
            claimed, call.claimed = call.claimed, False
        return claimed

    def _retry_foreign(self) -> None:
        with self._changed:
            waiting, self._foreign = self._foreign, []
        for call in waiting:
            self._resume(call)

    def _find_fingerprint(self, call: Call) -> str | None:
        if self.values.drifted:
            for result in call.args.values():
                result.refresh_digest()
        return self.executor.fingerprints.find(call.node_type, self.find_digests(call).items())

    def find_digests(self, call: Call) -> dict[str, str]:
        """Return the digests of a call's inputs that count."""
        inputs = call.node_type.inputs
        defaults = self.executor.find_defaults(call.node_type, call.args)
        digests = {name: digest for name, (digest, _) in defaults.items() if not inputs[name].unkeyed}
        for name, result in call.args.items():
            if not inputs[name].unkeyed:
                digests[name] = result.digest
        return digests

    def _route(self, calls: Iterable[Call], own: str = "") -> list[Call]:
        """Queue calls on their lanes, those of one lane at once; return those of the lane `own` instead."""
        by_lane: dict[str, list[Call]] = {}
        for call in calls:
            by_lane.setdefault(call.lane, []).append(call)
        kept = by_lane.pop(own, [])
        for lane, queued in by_lane.items():
            self.executor.lanes[lane].push(queued)
        return kept

    def serve(self, call: Call) -> list[Call]:
        """Run one call on a lane's thread, with what can be stacked onto it; return what is ready for this lane."""
        calls = [call, *self._find_stack(call)]
        if self.control.cancelled:
            for one in calls:
                self._release(one)
                self._rest()
            return []
        with self._changed:
            self._running.update(calls)
        kept: list[Call] = []
        try:
            kept = self._route(self._resolve(self._execute(calls)), call.lane)
        except BaseException as error:
            self._fail_crash(error)
        finally:
            with self._changed:
                mine = [one for one in calls if one in self._running]  # the rest was given up, and is not waited for
                self._running.difference_update(mine)
            for _ in mine:
                self._rest()
        return kept

    def _find_stack(self, call: Call) -> list[Call]:
        batch = call.node_type.batch
        if batch is None or batch.limit <= 1 or call.state.node.stream:
            return []
        key = [call.args[name].digest if name in call.args else "" for name in batch.same]

        def fits(other: Call) -> bool:
            return (
                other.node_type is call.node_type
                and other.state.run is self
                and not other.state.node.stream
                and [other.args[name].digest if name in other.args else "" for name in batch.same] == key
            )

        limit = self._stack_limits.get(call.node_type, batch.limit)
        return self.executor.lanes[call.lane].take_if(fits, limit - 1) if limit > 1 else []

    def find_stack_limit(self, node_type: NodeType) -> int:
        """Return how many calls of a node type are stacked at most."""
        if node_type.batch is None:
            return 1
        return self._stack_limits.get(node_type, node_type.batch.limit)

    def limit_stacks(self, node_type: NodeType, limit: int) -> None:
        """Stack no more calls of a node type than this in what is left of the run."""
        with self._changed:
            self._stack_limits[node_type] = max(1, limit)

    def _execute(self, calls: list[Call]) -> list[NodeState]:
        """Run calls of one node type; return nodes that are ready because of it."""
        ready: list[NodeState] = []
        loaded = self._load_calls(calls, ready)
        if not loaded:
            return ready
        for call, _ in loaded:
            self._begin_call(call)
        outcomes = perform_calls(self, [call for call, _ in loaded], [inputs for _, inputs in loaded])
        for (call, inputs), outcome in zip(loaded, outcomes, strict=True):
            if not self._end_call(call) or isinstance(outcome, Cancelled):
                self._release(call)
            elif isinstance(outcome, BaseException):
                ready += self._fail_call(call, outcome, inputs)
            else:
                self._keep(call, outcome)
                ready += self._finish_call(call, outcome)
        return ready

    def _load_calls(self, calls: list[Call], ready: list[NodeState]) -> list[tuple[Call, dict[str, Any]]]:
        """Load what calls take; return those that can run with it."""
        loaded: list[tuple[Call, dict[str, Any]]] = []
        for call in calls:
            if not call.wanted:
                self._release(call)
                continue
            try:
                inputs = self.values.load_inputs(call.state.node, call.args)
            except LostValue as lost:
                self._release(call)
                self._remake(lost, lambda made, call=call: self._go_on(call, made))  # type: ignore[misc]
                continue
            except Exception as error:  # a value that does not fit is the node's error, whatever raised
                ready += self._fail_call(call, error, {})
                continue
            if self.values.drifted and call.fingerprint != self._find_fingerprint(call):
                self._release(call)  # an input came out different since it was named
                self._go_on(call, True)
            else:
                loaded.append((call, inputs))
        return loaded

    def _go_on(self, call: Call, made: bool) -> None:
        """Start a call anew whose inputs were made again, or give it up if they could not be."""
        if made:
            with self._changed:
                self._active += 1
            self._resume(call)
        else:
            self._route(self._resolve(self._give_up(call, SKIPPED, "!an input could not be made again")))

    def _begin_call(self, call: Call) -> None:
        state = call.state
        node_id, type_name = state.node.id, state.node.type_name
        device = self.services.device if call.lane == "device" else self.executor.cpu

        def on_step(done: int, total: int, preview: Image | None) -> None:
            if not state.mapped:
                self.emit(NodeProgressed, node_id, type_name, done, total, preview)
            elif preview is not None and state.announced:
                self.emit(NodeProgressed, node_id, type_name, state.done_calls, len(state.calls), preview)

        def on_log(message: str) -> None:
            self._warn(state, message)

        def open_model(model: Model) -> Lease:
            return self.services.models.open(model, device, on_load)

        def on_load(resident: Resident, evicted: list[Resident]) -> None:
            with self._changed:
                self._loads += 1
            if evicted:
                on_log(f"to open {resident.reference}, evicted {describe_residents(evicted)}")

        call.context = RunContext(device, self.control, open_model, on_step, on_log)
        with self._changed:
            call.ran = True
            call.thread = threading.get_ident()
            call.started = time.perf_counter()
            first, state.started = not state.started, True
        if first:
            self.emit(NodeStarted, node_id, type_name)
            state.announced = True

    def _end_call(self, call: Call) -> bool:
        """Take a call off the clock; False if it was given up meanwhile."""
        with self._changed:
            call.seconds = time.perf_counter() - call.started
            call.started = 0.0
            call.state.seconds += call.seconds
            kept = call in self._running
        if call.context is not None:
            call.context.close()
        return kept

    def _keep(self, call: Call, results: Mapping[str, Result]) -> None:
        """Give the cache what a call made."""
        digestible = not any(result.digest.startswith(UNDIGESTED) for result in results.values())
        if call.fingerprint is None or self.options.cache == "off" or call.node_type.cache == "never" or not digestible:
            self._release(call)
            return
        parts: dict[str, str] = {}
        if self.cache.disk is not None:
            parts = self.executor.fingerprints.find_parts(call.node_type, self.find_digests(call))
        outputs = {name: result.digest for name, result in results.items()}
        notes = shorten_notes(call.context.notes) if call.context is not None else ()
        action = Action(call.fingerprint, call.node_type.id, outputs, parts, call.seconds, notes=notes)
        values = {result.digest: result.value for result in results.values() if not result.promised}
        local = len(values) < len(outputs)  # a film that is promised is no use to other machines
        self.cache.record(action, values, claimed=self._take_claim(call), local=local)

    def _finish_call(self, call: Call, results: dict[str, Result]) -> list[NodeState]:
        """Take in what a call made or what the cache had of it."""
        state = call.state
        with self._changed:
            waiting, call.waiting = call.waiting, []
            remade, call.remaking = call.remaking, False
            if remade:
                for name, result in results.items():
                    call.results[name].take_over(result)
                    self.values.drifted |= call.results[name].drifted
            else:
                call.results = results
                state.done_calls += 1
            going = not remade and state.status == RUNNING
            done = going and state.done_calls == len(state.calls)
        for tell in waiting:
            tell(True)
        self._free_args(call, remade)
        if going and not done and state.announced:
            self.emit(NodeProgressed, state.node.id, state.node.type_name, state.done_calls, len(state.calls), None)
        return self._complete(state) if done else []

    def _free_args(self, call: Call, remade: bool) -> None:
        for result in call.args.values():
            if result.parent is not None or result.gathered or (remade and self._is_spent(result)):
                result.forget_value()

    def _is_spent(self, result: Result) -> bool:
        """Say whether all nodes that take a call's result are through, so that only values made again want it."""
        call = result.call
        if call is None:
            return False
        return all(self._uses.get(Reference(call.state.node.id, name), 0) <= 0 for name in call.results)

    def _complete(self, state: NodeState) -> list[NodeState]:
        node_type = state.node.node_type
        assert node_type is not None
        if state.mapped:
            state.outputs = {n: nest(state.shape, [c.results[n] for c in state.calls]) for n in node_type.outputs}
        else:
            state.outputs = state.calls[0].results
        return self._close(state, (state.calls[0].fingerprint or "") if len(state.calls) == 1 else "")

    def _close(self, state: NodeState, fingerprint: str) -> list[NodeState]:
        """Close a node whose outputs are there."""
        ready = self._settle(state, DONE)
        if state.status != DONE:
            return ready  # it was given up meanwhile
        if state.started:
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
            for name in state.outputs:
                if self._uses.get(Reference(state.node.id, name), 0) <= 0:
                    self._free(state, name)
            for waiter in state.waiters:
                waiter.pending -= 1
                if waiter.pending == 0:
                    ready.append(waiter)
            state.waiters = []
            for reference in state.sources:
                self._release_use(reference)
        if status == SKIPPED:
            self.emit(NodeSkipped, state.node.id, state.node.type_name, reason.lstrip("!"))
        return ready

    def _release_use(self, reference: Reference) -> None:
        with self._changed:
            left = self._uses[reference] = self._uses[reference] - 1
            if left == 0:
                self._free(self._states[reference.node], reference.output)

    def _free(self, state: NodeState, name: str) -> None:
        """Free the value of an output that nobody wants any more."""
        if name not in state.outputs:
            return
        state.outputs[name].forget_value()
        if state.copies:
            self._release_copies(state, name)
        elif state.mapped:
            for call in state.calls:
                call.results[name].forget_value()

    # -- what goes wrong -------------------------------------------------------------------------------

    def _fail_call(self, call: Call, error: BaseException, inputs: Mapping[str, Any]) -> list[NodeState]:
        self._release(call)
        explained = explain_failure(error, call.label, call.node_type.id, inputs)
        if call.remaking:
            return self._give_up(call, FAILED, explained.message, explained)
        return self._fail(call.state, explained)

    def _give_up(self, call: Call, status: int, reason: str, error: NodeError | None = None) -> list[NodeState]:
        """End a call that has no results; for one that was made again, also tell those who wanted it."""
        state = call.state
        if not call.remaking:
            return self._settle(state, status, reason)
        with self._changed:
            waiting, call.waiting = call.waiting, []
            call.remaking = False
            state.status, state.reason, state.error = status, reason, error
        if error is not None:
            self.emit(NodeFailed, state.node.id, state.node.type_name, error)
        for tell in waiting:
            tell(False)
        return []

    def _fail(self, state: NodeState, error: NodeError) -> list[NodeState]:
        with self._changed:
            if state.status not in (WAITING, RUNNING):
                return []
            state.error = error
            ready = self._settle(state, FAILED, error.message)
        self.emit(NodeFailed, state.node.id, state.node.type_name, error)
        return ready

    def _shift_clocks(self, seconds: float) -> None:
        """Let the time of a pause not count."""
        with self._changed:
            for call in self._running:
                if call.started:
                    call.started += seconds

    def _fail_overdue(self, limit_seconds: float) -> None:
        now = time.perf_counter()
        with self._changed:
            threads = {call.thread for call in self._running if call.started and now - call.started > limit_seconds}
            overdue = [call for call in self._running if call.started and call.thread in threads]  # whole stacks
            self._running.difference_update(overdue)
        self._abandon(overdue)
        for call in overdue:
            error = StudioError(
                "E305",
                f"it did not finish within {limit_seconds:g} seconds",
                hint="raise --timeout, or make its input smaller",
            )
            self._route(self._resolve(self._fail_call(call, error, {})))
            self._rest()

    def _remake(self, lost: LostValue, resume: Callable[[bool], object]) -> None:
        """Make calls again whose values the cache lost, then tell whoever wanted them whether all are there."""
        if self.options.dry:
            return
        left, well = len(lost.calls), True

        def tell(made: bool) -> None:
            nonlocal left, well
            with self._changed:
                left -= 1
                well = well and made
                last = left == 0
            if last:
                try:
                    resume(well)
                finally:
                    self._rest()

        with self._changed:
            self._active += 1
            fresh = [call for call in lost.calls if call.state.status == DONE and not call.remaking]
            gone = [call for call in lost.calls if call.state.status != DONE]
            for call in lost.calls:
                if call not in gone:
                    call.remaking = True
                    call.waiting.append(tell)
            self._active += len(fresh)
        for _ in gone:
            tell(False)
        for call in fresh:
            self._resume(call)
