"""`Settler`: a node ends once, and the event says how."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from fakes import Recorder

from studio.api.events import NodeFailed, NodeSkipped
from studio.app import Studio
from studio.errors import NodeError
from studio.execution.call import Call, NodeState, NodeStatus, Result, Unavailable
from studio.execution.demand import Demand
from studio.execution.plan import Plan
from studio.execution.reporter import Reporter
from studio.execution.settling import Settler
from studio.execution.values import Values

Make = Callable[..., Call]


@pytest.fixture
def recorder() -> Recorder:
    """What happened."""
    return Recorder()


@pytest.fixture
def settler(memory_studio: Studio, recorder: Recorder) -> Settler:
    """A settler of an empty run."""
    demand = Demand(Values(memory_studio.executor.services, None), Plan(), False)
    return Settler(demand, Reporter("run", recorder, threading.Condition()))


def make_done(make_call: Make, **changes: bool) -> NodeState:
    """Return a node whose call has a result."""
    call = make_call("fake.add")
    call.fingerprint = "f" * 64
    (output,) = call.node_type.outputs
    call.results = {output: Result("1" * 64, 1, call=call)}
    for name, value in changes.items():
        setattr(call.state, name, value)
    return call.state


@pytest.mark.parametrize(("started", "kind"), [(True, "NodeFinished"), (False, "NodeCached")])
def test_a_node_that_ran_is_finished_and_one_that_did_not_was_cached(
    settler: Settler, recorder: Recorder, make_call: Make, started: bool, kind: str
) -> None:
    state = make_done(make_call, started=started)
    settler.settle_calls(state)

    assert recorder.names("n") == [kind]
    assert recorder.events[0].fingerprint == "f" * 64  # type: ignore[attr-defined]
    assert [result.digest for result in state.outputs.values()] == ["1" * 64]


def test_what_is_ready_is_returned_and_a_second_end_changes_nothing(
    settler: Settler, recorder: Recorder, make_call: Make
) -> None:
    state, waiter = make_done(make_call), make_call("fake.add").state
    state.waiters, waiter.pending = [waiter], 1

    assert settler.settle_calls(state) == [waiter]
    error = NodeError("E301", "too late", node="n")
    assert (
        settler.fail(state, error) == settler.skip(state, Unavailable("too late")) == settler.settle_done(state) == []
    )
    assert (state.status, state.error, recorder.names("n")) == (NodeStatus.DONE, None, ["NodeCached"])


def test_a_failure_and_a_skip_say_why(settler: Settler, recorder: Recorder, make_call: Make) -> None:
    error = NodeError("E301", "it broke", node="n")
    settler.fail(make_done(make_call), error)
    settler.skip(make_done(make_call), Unavailable("'x' failed", failed=True))

    failed, skipped = recorder.events
    assert isinstance(failed, NodeFailed)
    assert failed.error is error
    assert isinstance(skipped, NodeSkipped)
    assert skipped.reason == "'x' failed"


def test_a_mapped_node_has_lists_and_no_single_fingerprint(
    settler: Settler, recorder: Recorder, make_call: Make, memory_studio: Studio
) -> None:
    call = make_call("fake.add", depth=1)
    state, (output,) = call.state, call.node_type.outputs
    state.calls = [Call(state, call.node_type, {}, index) for index in range(3)]
    state.shape = [0, 1, 2]
    for index, one in enumerate(state.calls):
        one.fingerprint, one.results = "f" * 64, {output: Result(memory_studio.cache.digest(index), index, call=one)}
    settler.settle_calls(state)

    assert state.outputs[output].digest == memory_studio.cache.digest([0, 1, 2])
    assert recorder.events[0].fingerprint == ""  # type: ignore[attr-defined]
