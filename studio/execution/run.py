"""`Run`: one execution of a plan, and its loop."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from studio.api.events import (
    Event,
    NodeFailed,
    NodeProgressed,
    RunFinished,
    RunStarted,
)
from studio.errors import Cancelled, NodeError, StudioError
from studio.execution.call import FAILED, RUNNING, SKIPPED, Call, LostValue, NodeState, Result, Unavailable
from studio.execution.call_opening import CallOpener
from studio.execution.content import ContentTrace
from studio.execution.control import Control
from studio.execution.demand import Demand
from studio.execution.expansion import Expansions
from studio.execution.failure import explain_failure
from studio.execution.lanes import Lanes
from studio.execution.lazy_video import LazyVideos
from studio.execution.lookup import ELSEWHERE, OURS, Lookup
from studio.execution.options import RunOptions
from studio.execution.outcome import Outcome
from studio.execution.pending_work import PendingWork
from studio.execution.perform import Performed, Performer
from studio.execution.plan import Plan
from studio.execution.remaking import Remaker
from studio.execution.reporter import Reporter
from studio.execution.run_outputs import RunOutputs
from studio.execution.services import Services, StackLimits
from studio.execution.settling import Settler
from studio.execution.stages import Stages
from studio.execution.stopwatch import Stopwatch
from studio.execution.values import Values

_POLL_SECONDS = 0.02
_IDLE_SECONDS = 0.25


_Share = tuple["Run", list[Call]]
"""A run, and those of its calls that are in a stack."""


class Run:
    """One execution of a plan. Demand flows from the outputs back, results flow forward, nothing recurses.

    Args:
        services: Cache, digests, models and device.
        lanes: Where calls run.
        plan: What to run.
        control: To pause or cancel from another thread.
        options: What the run asks for.
        run_id: Name of the run.
        on_event: Called with each event.
        adapt_copy: Changes each copy of a mapped graph before it joins the run.

    Attributes:
        values: Values of results.
        demand: The nodes, and who needs them.
        work: What the run waits for.
        reporter: Events and records.
        lookup: The cache, as this run uses it.
        content: What its outputs are made of.
        stack_group: Names the runs whose calls are stacked with those of this one; "" for none.
    """

    def __init__(
        self,
        services: Services,
        lanes: Lanes,
        plan: Plan,
        *,
        control: Control,
        options: RunOptions,
        run_id: str,
        on_event: Callable[[Event], None] | None = None,
        adapt_copy: Callable[[Plan], None] | None = None,
    ) -> None:
        self.services = services
        self.control = control
        self.options = options
        self.values = Values(services, options.reserve_path)
        self.demand = Demand(self.values, plan, options.videos_are_written)
        self.work = PendingWork(self.demand.lock)
        self.reporter = Reporter(run_id, on_event, self.demand.lock)
        self.lookup = Lookup(services, self.values, options)
        self._settler = Settler(self.demand, self.reporter)
        expansions = Expansions(services, self.demand, self.values)
        self._stages = Stages(
            self.demand, self.values, self._settler, self.reporter, services.reader, self._add_copy, expansions
        )
        self.content = ContentTrace(self.values.load, self.values.split)
        self._lock = self.demand.lock
        self.stack_group = options.stack_group
        self._lanes = lanes
        self._plan = plan
        self._adapt_copy = adapt_copy
        self._limits = StackLimits()
        self._remaker = Remaker(self._lock, self.work, self._resume)
        lazy_videos = LazyVideos(services, self.demand.is_read_once)
        self._stopwatch = Stopwatch(self._lock)
        self._opener = CallOpener(services, options.cache, control, self.reporter, self.work, self._lock)
        self._outputs = RunOutputs(plan, services, options, self.demand, self.values, self.reporter, self.content)
        self._performer = Performer(services, self.lookup, self._limits, lazy_videos, control, self._stopwatch)
        self.demand.add_plan(plan, self)
        self.lookup.records.add(plan)

    # -- the whole -------------------------------------------------------------------------------------

    def execute(self) -> Outcome:
        """Run to the end."""
        begin = time.perf_counter()
        try:
            self.reporter.emit(RunStarted, len(self._plan.nodes))
            self.advance(self.demand.ask(self.demand.find_output_states(self._plan)))
            self._wait()
            while not self.control.cancelled and self._load_outputs():
                self._wait()
        except BaseException:
            self.control.cancel()
            self.stop()
            raise
        finally:
            self.services.models.undo_measures()
        outputs = self.demand.find_outputs(self._plan).values()
        self.lookup.records.keep(self._plan, self.demand.states.values(), outputs)
        self.services.cache.flush()
        self.reporter.warnings += [str(error) for error in self.services.cache.take_errors()]
        outcome = self._outputs.summarize(self.control.cancelled)
        outcome.seconds = time.perf_counter() - begin
        self.reporter.emit(RunFinished, outcome.status, outcome.seconds)
        if not self.options.videos_are_written:  # lazy videos report their frames while they are written
            self.reporter.close()
        return outcome

    def survey(self) -> None:
        """Take every node as far as the cache alone allows; for dry runs."""
        self._resolve(self.demand.ask(self.demand.find_output_states(self._plan)))

    def advance(self, ready: Iterable[NodeState]) -> None:
        """Take nodes as far as they go, and queue the calls that must run."""
        self._lanes.push(self._resolve(ready))

    def watch(self, paused_seconds: float = 0.0) -> None:
        """Try calls again that another process computed, and fail calls over the time limit."""
        if self.work.elsewhere:
            for call in self.work.take_elsewhere():
                self._resume(call)
        limit = self.options.node_timeout_seconds
        if limit is not None:
            if paused_seconds:
                self.work.shift_clocks(paused_seconds)
            self._fail_overdue(limit)

    def remake(self, lost: LostValue, resume: Callable[[bool], object]) -> None:
        """Make lost values again, then call `resume` with whether all are available."""
        if not self.options.dry:
            self._remaker.remake(lost, resume)

    def stop(self) -> None:
        """Drop what is queued, and give running calls a moment to reach their next step."""
        self._lanes.drop(self)
        self._lanes.abandon(self.work.drain())
        for state in list(self.demand.states.values()):
            for call in state.calls:
                self.lookup.release(call)

    def _wait(self) -> None:
        """Wait until nothing runs, or the run is cancelled."""
        before = time.perf_counter()
        while True:
            busy = self.work.elsewhere or self.options.node_timeout_seconds is not None
            seconds = _POLL_SECONDS if busy else _IDLE_SECONDS
            if self.work.wait(0.0 if self.control.cancelled else seconds):
                return
            if self.control.cancelled:
                self.stop()
                return
            now = time.perf_counter()
            self.watch(now - before if self.control.paused else 0.0)
            before = now

    def _load_outputs(self) -> bool:
        """Load the values of the outputs; return whether some were lost and are being made again."""
        lost = self._outputs.load()
        if lost:
            self.remake(LostValue(lost), lambda made: None)
        return bool(lost)

    # -- from nodes to calls ---------------------------------------------------------------------------

    def _resolve(self, ready: Iterable[NodeState]) -> list[Call]:
        """Take nodes as far as they go without running anything; return the calls that must run."""
        missed: list[Call] = []
        queue = deque(ready)
        while queue:
            state = queue.popleft()
            try:
                newly, calls = self._stages.advance(state)
                queue.extend(newly)
                for call in calls:
                    queue.extend(self._start(call, missed))
            except LostValue as lost:  # a value that a condition, a choice or a list reads
                self.remake(lost, lambda made, state=state: self.advance([state]))  # type: ignore[misc]
            except Exception as error:  # digests, checks and `needs` of plugins may raise anything
                queue.extend(self._settler.fail(state, explain_failure(error, state.node.id, state.node.type_name, {})))
        return missed

    def _add_copy(self, copy: Plan) -> None:
        if self._adapt_copy is not None:
            self._adapt_copy(copy)
        self.demand.add_plan(copy, self)

    def _start(self, call: Call, missed: list[Call]) -> list[NodeState]:
        """Find the results of a call in the cache, or have it run; return nodes that are then ready."""
        call.fingerprint = self.lookup.find_fingerprint(call)
        if call.fingerprint is not None and self.lookup.is_looked_up(call.node_type):
            found = None
            if self.options.dry or not self.lookup.is_expected_to_run(call, call.fingerprint):
                found = self.lookup.find_results(call, call.fingerprint)
            if found is None and not self.options.dry:
                if not self._claim(call, call.fingerprint):
                    return []
                found = self.lookup.find_results(call, call.fingerprint)  # another run may have been faster
            if found is not None:
                self.lookup.release(call)
                results, notes = found
                for note in notes:
                    self.reporter.warn(call.state, note)
                return self._finish_call(call, results)
        if not self.options.dry:
            self.work.add()
            missed.append(call)
        return []

    def _claim(self, call: Call, fingerprint: str) -> bool:
        """Return whether a call computes its fingerprint; if not, it waits for the run or process that does."""
        self.work.add()
        claim = self.lookup.claim(call, fingerprint, lambda: self._resume(call))
        if claim is ELSEWHERE:
            self.work.add_elsewhere(call)
        elif claim is OURS:
            self.work.finish()
        return claim is OURS

    def _resume(self, call: Call) -> None:
        """Start a call again that waited. A thread of another run may call this: nothing may be raised in it."""
        try:
            if not self.control.cancelled:
                missed: list[Call] = []
                try:
                    ready = self._start(call, missed)
                except Exception as error:
                    ready = self._fail_call(call, error, {})
                self._lanes.push([*missed, *self._resolve(ready)])
        except BaseException as error:
            self.work.crash(error)
        finally:
            self.work.finish()

    # -- running calls ---------------------------------------------------------------------------------

    def run_call(self, call: Call) -> list[Call]:
        """Run one call on a lane's thread, with those that can be stacked; return what is ready for this lane."""
        calls = [call]
        if call.node_type.batch is not None:
            calls += self._lanes.take_like(call, self._limits.find(call.node_type) - 1)
        together, thread = set(calls), threading.get_ident()
        for one in calls:
            one.together, one.thread = together, thread
        shares = [(run, own) for run, own in self._share(calls) if run._begin(own)]
        following: list[Call] = []
        try:
            for run, ready in self._execute(shares) if shares else ():
                following += run._lanes.push(run._resolve(ready), call.lane)
        except BaseException as error:
            for run, _ in shares:
                run.work.crash(error)
        finally:
            for run, own in shares:
                run.work.finish_calls([one for one in own if one in together])
            together.clear()
        return following

    def _share(self, calls: list[Call]) -> list[_Share]:
        """Return the runs that calls of a stack belong to, each with its own calls."""
        if len(calls) == 1 or not self.stack_group:
            return [(self, calls)]
        shares: dict[Run, list[Call]] = {}
        for call in calls:
            assert isinstance(call.state.runner, Run)
            shares.setdefault(call.state.runner, []).append(call)
        return list(shares.items())

    def _begin(self, calls: list[Call]) -> bool:
        """Note that calls run now; return False after they were dropped because the run is cancelled."""
        if not self.control.cancelled:
            self.work.start(calls)
            return True
        for one in calls:
            one.together.discard(one)
            self.lookup.release(one)
        self.work.finish(len(calls))
        return False

    def _execute(self, shares: list[_Share]) -> list[tuple[Run, list[NodeState]]]:
        """Run calls of one node type, which may be of several runs; return each run's nodes that are then ready."""
        ready: list[tuple[Run, list[NodeState]]] = [(run, []) for run, _ in shares]
        loaded = [
            (run, states, call, inputs)
            for (run, own), (_, states) in zip(shares, ready, strict=True)
            for call, inputs in run._load_calls(own, states)
        ]
        if not loaded:
            return ready
        for run, _, call, _ in loaded:
            run._opener.open(call)
        mark = self._stopwatch.start()
        performer = loaded[0][0]._performer
        outcomes = performer.perform([call for _, _, call, _ in loaded], [inputs for _, _, _, inputs in loaded])
        seconds = self._stopwatch.stop(mark) / len(loaded)
        for (run, states, call, inputs), outcome in zip(loaded, outcomes, strict=True):
            states += run._take_outcome(call, inputs, outcome, seconds)
        return ready

    def _take_outcome(
        self, call: Call, inputs: Mapping[str, Any], outcome: Performed, seconds: float
    ) -> list[NodeState]:
        """Take in what came of a call; return nodes that are ready because of it."""
        if not self._opener.close(call, seconds):
            self.lookup.release(call)
            return []
        if isinstance(outcome, Cancelled):
            self.lookup.release(call)
            if not self.control.cancelled and self.stack_group:  # another run of its stack was cancelled
                self._start_again(call)
            return []
        if isinstance(outcome, BaseException):
            return self._fail_call(call, outcome, inputs)
        return self._keep_call(call, outcome, inputs)

    def _keep_call(self, call: Call, results: dict[str, Result], inputs: Mapping[str, Any]) -> list[NodeState]:
        """Keep and take in the results of a call; return nodes that are ready because of it."""
        try:
            self.lookup.keep(call, results)
            if call.context is not None:
                call.context.finish()
        except StudioError as error:  # the value type of a plugin cannot measure a value
            return self._fail_call(call, error, inputs)
        return self._finish_call(call, results)

    def _load_calls(self, calls: list[Call], ready: list[NodeState]) -> list[tuple[Call, dict[str, Any]]]:
        """Load the inputs of calls; return those that can run with them."""
        loaded: list[tuple[Call, dict[str, Any]]] = []
        for call in calls:
            if not call.is_needed:
                self.lookup.release(call)
                continue
            try:
                inputs = self.values.load_inputs(call.state.node, call.args)
            except LostValue as lost:
                self.lookup.release(call)
                self._start_again(call, lost)
                continue
            except Exception as error:  # a value that does not fit is the node's error, whatever raised
                ready += self._fail_call(call, error, {})
                continue
            if self.values.drifted and call.fingerprint != self.lookup.find_fingerprint(call):
                self.lookup.release(call)  # the digest of an input changed since the fingerprint was computed
                self._start_again(call)
            else:
                loaded.append((call, inputs))
        return loaded

    def _start_again(self, call: Call, lost: LostValue | None = None) -> None:
        """Start a call again that this thread took, once lost inputs are made again.

        Another thread may take it at once, so this one is done with it first.
        """
        self.work.add()  # the run is not over in between
        self.work.finish_calls([call])
        call.together.discard(call)
        try:
            if lost is None:
                self._restart(call, True)
            else:
                self.remake(lost, lambda made: self._restart(call, made))
        finally:
            self.work.finish()

    def _restart(self, call: Call, made: bool) -> None:
        """Start a call again whose inputs were made again, or end it if they could not be."""
        if made:
            self.work.add()
            self._resume(call)
        else:
            missing = Unavailable("an input could not be made again", failed=True)
            if call.remaking:
                self._fail_remaking(call, missing)
            else:
                self.advance(self._settler.skip(call.state, missing))

    # -- from results to nodes -------------------------------------------------------------------------

    def _finish_call(self, call: Call, results: dict[str, Result]) -> list[NodeState]:
        """Accept the results of a call, made or found in the cache; return nodes that are ready because of it."""
        state = call.state
        with self._lock:
            waiting, call.waiting = call.waiting, []
            remade, call.remaking = call.remaking, False
            if remade:
                for name, result in results.items():
                    call.results[name].take_over(result)
                    self.values.drifted |= call.results[name].drifted
            else:
                call.results = results
                state.done_calls += 1
            going = state.status is RUNNING  # the node of a call that is made again is done
            done = going and not remade and state.done_calls == len(state.calls)
        for resume in waiting:
            resume(True)
        self.demand.free_args(call, remade)
        if going and not done and not remade and state.announced:
            self.reporter.emit(
                NodeProgressed, state.node.id, state.node.type_name, state.done_calls, len(state.calls), None
            )
        return self._finish_calls(state) if done else []

    def _finish_calls(self, state: NodeState) -> list[NodeState]:
        try:
            return self._stages.finish_calls(state)
        except Exception as error:  # a subgraph that a node type returned may be anything
            return self._settler.fail(state, explain_failure(error, state.node.id, state.node.type_name, {}))

    def _fail_call(self, call: Call, error: BaseException, inputs: Mapping[str, Any]) -> list[NodeState]:
        self.lookup.release(call)
        node, describe = call.state.node, self.services.describe
        explained = explain_failure(error, call.label, call.node_type.id, inputs, describe, node.read_for)
        if not call.remaking:
            return self._settler.fail(call.state, explained)
        self._fail_remaking(call, explained)
        return []

    def _fail_remaking(self, call: Call, cause: NodeError | Unavailable) -> None:
        """Settle the node of a call that could not be made again, and let those continue that wait for it."""
        state = call.state
        with self._lock:
            waiting, call.waiting = call.waiting, []
            call.remaking = False
            was_done = state.settled
            if was_done:
                state.error = cause if isinstance(cause, NodeError) else None
                state.skipped_for = cause if isinstance(cause, Unavailable) else None
                state.status = SKIPPED if state.error is None else FAILED
        ready: list[NodeState] = []
        if not was_done:  # it waits for its subgraphs
            ready = (
                self._settler.fail(state, cause) if isinstance(cause, NodeError) else self._settler.skip(state, cause)
            )
        elif state.error is not None:
            self.reporter.emit(NodeFailed, state.node.id, state.node.type_name, state.error)
        for resume in waiting:
            resume(False)
        self.advance(ready)

    def _fail_overdue(self, limit_seconds: float) -> None:
        """Fail the calls that have run for too long."""
        overdue = self.work.take_overdue(limit_seconds)
        self._lanes.abandon(overdue)
        for call in overdue:
            self._stopwatch.add(call.state, time.perf_counter() - call.started)
            error = StudioError(
                "E305",
                f"it did not finish within {limit_seconds:g} seconds",
                hint="raise --timeout, or make its input smaller",
            )
            self.advance(self._fail_call(call, error, {}))
            self.work.finish()
