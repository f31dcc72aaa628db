"""`PendingWork`: a run is over when nothing is left, and what hangs is counted once."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from studio.execution.call import Call
from studio.execution.pending_work import PendingWork

Make = Callable[..., Call]
PATIENCE_SECONDS = 30.0


@pytest.fixture
def work() -> PendingWork:
    """Nothing yet."""
    return PendingWork(threading.Condition())


def start(work: PendingWork, calls: list[Call], thread: int, started: float) -> None:
    """Have calls run on a thread since then."""
    work.add(len(calls))
    work.start(calls)
    for call in calls:
        call.thread, call.started = thread, started


def test_waiting_ends_when_the_last_piece_is_finished(work: PendingWork) -> None:
    work.add(2)
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(work.wait, PATIENCE_SECONDS)
        work.finish()
        assert not work.wait(0)
        work.finish()

        assert waiting.result(PATIENCE_SECONDS) is True


def test_a_bug_on_a_thread_is_raised_where_the_run_waits(work: PendingWork) -> None:
    work.add()
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(work.wait, PATIENCE_SECONDS)
        work.crash(KeyError("first"))
        work.crash(KeyError("second"))
        with pytest.raises(KeyError, match="first"):
            waiting.result(PATIENCE_SECONDS)


def test_a_whole_stack_is_overdue_with_its_first_call(work: PendingWork, make_call: Make) -> None:
    stack, other = [make_call("fake.stacked") for _ in range(2)], make_call("fake.add")
    start(work, stack, thread=1, started=-1000.0)
    stack[1].started = float("inf")  # began later, on the same thread
    start(work, [other], thread=2, started=float("inf"))

    assert set(work.take_overdue(10)) == set(stack)
    assert work.running == {other}


def test_a_call_that_was_given_up_is_not_counted_twice(work: PendingWork, make_call: Make) -> None:
    call, other = make_call("fake.add"), make_call("fake.add")
    start(work, [call], thread=1, started=-1000.0)
    work.add()
    for overdue in work.take_overdue(10):
        assert overdue is call
        work.finish()
    work.finish_calls([call])  # it comes back after all
    assert not work.wait(0)  # the other piece is still there
    start(work, [other], thread=2, started=0.0)
    work.finish_calls([other])
    work.finish()

    assert work.wait(0)


def test_a_pause_counts_for_no_call(work: PendingWork, make_call: Make) -> None:
    running, queued = make_call("fake.add"), make_call("fake.add")
    start(work, [running, queued], thread=1, started=100.0)
    queued.started = 0.0
    work.shift_clocks(7.0)

    assert (running.started, queued.started) == (107.0, 0.0)


def test_calls_of_other_processes_are_tried_again_once(work: PendingWork, make_call: Make) -> None:
    call = make_call("fake.add")
    work.add_elsewhere(call)

    assert work.take_elsewhere() == [call]
    assert work.take_elsewhere() == []


def test_a_run_that_is_stopped_waits_for_what_ends_soon_and_for_nothing_after_that(
    work: PendingWork, make_call: Make
) -> None:
    call = make_call("fake.add")
    start(work, [call], thread=1, started=1.0)
    with ThreadPoolExecutor(1) as pool:
        draining = pool.submit(work.drain)
        work.finish_calls([call])

        assert draining.result(PATIENCE_SECONDS) == []
    assert work.wait(0)
