"""`Lane` and `Lanes`: queued work is done, what hangs is replaced, and only calls of one run stack."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from studio.execution.call import Call, Result
from studio.execution.lanes import Lane, Lanes

Make = Callable[..., Call]
PATIENCE_SECONDS = 30.0


class Bench:
    """Works on numbers: each may have a gate, and bring further numbers."""

    def __init__(self) -> None:
        self.gates: dict[int, threading.Event] = {}
        self.more: dict[int, list[int]] = {}
        self.done: list[int] = []
        self.threads: dict[int, int] = {}
        self.begun = threading.Semaphore(0)
        self.ended = threading.Semaphore(0)

    def run(self, work: int) -> list[int]:
        """Do one piece."""
        self.threads[work] = threading.get_ident()
        self.begun.release()
        if work in self.gates:
            assert self.gates[work].wait(PATIENCE_SECONDS)
        self.done.append(work)
        self.ended.release()
        return self.more.get(work, [])

    def wait(self, count: int) -> None:
        """Wait until so many pieces have ended."""
        for _ in range(count):
            assert self.ended.acquire(timeout=PATIENCE_SECONDS)


@contextmanager
def open_lane(threads: int) -> Iterator[tuple[Lane[int], Bench]]:
    """Open a lane of numbers."""
    bench = Bench()
    lane = Lane("test", threads, bench.run)
    yield lane, bench
    for gate in bench.gates.values():
        gate.set()
    lane.close()


def test_work_is_done_in_the_order_in_which_it_was_queued() -> None:
    with open_lane(1) as (lane, bench):
        lane.push([1, 2])
        lane.push([3])
        bench.wait(3)

    assert bench.done == [1, 2, 3]


def test_what_becomes_ready_on_the_way_stays_on_its_thread_before_what_waits() -> None:
    with open_lane(1) as (lane, bench):
        bench.more = {1: [10, 11]}
        lane.push([1, 2])
        bench.wait(4)

    assert bench.done == [1, 10, 2, 11]
    assert len(set(bench.threads.values())) == 1


def test_no_more_threads_work_than_the_lane_has() -> None:
    with open_lane(2) as (lane, bench):
        bench.gates = {1: threading.Event(), 2: threading.Event()}
        lane.push([1, 2, 3])
        for _ in range(2):
            assert bench.begun.acquire(timeout=PATIENCE_SECONDS)
        assert not bench.begun.acquire(timeout=0.05)
        bench.gates[1].set()
        bench.wait(2)

    assert 3 in bench.done


def test_a_thread_that_hangs_is_replaced_and_takes_nothing_when_it_returns() -> None:
    with open_lane(1) as (lane, bench):
        bench.gates = {1: threading.Event()}
        bench.more = {1: [4]}
        lane.push([1, 2])
        assert bench.begun.acquire(timeout=PATIENCE_SECONDS)
        lane.replace_thread(bench.threads[1])
        bench.wait(1)
        assert bench.done == [2]
        bench.gates[1].set()
        bench.wait(2)

    assert set(bench.done) == {1, 2, 4}
    assert bench.threads[2] == bench.threads[4] != bench.threads[1]


def test_a_thread_that_hangs_is_replaced_by_one_however_often_that_is_asked_for() -> None:
    with open_lane(1) as (lane, bench):
        bench.gates = {number: threading.Event() for number in (1, 2, 3)}
        lane.push([1])
        assert bench.begun.acquire(timeout=PATIENCE_SECONDS)
        for _ in range(2):
            lane.replace_thread(bench.threads[1])
        lane.push([2])
        assert bench.begun.acquire(timeout=PATIENCE_SECONDS)
        lane.push([3])
        assert not bench.begun.acquire(timeout=0.05)


def test_queued_work_is_taken_or_dropped_if_it_fits() -> None:
    with open_lane(1) as (lane, bench):
        bench.gates = {0: threading.Event()}
        lane.push([0, 1, 2, 3, 4, 5])
        assert bench.begun.acquire(timeout=PATIENCE_SECONDS)
        taken = lane.take_if(lambda work: work % 2 == 1, 2)
        dropped = lane.drop_if(lambda work: work > 4)
        bench.gates[0].set()
        bench.wait(3)

    assert (taken, dropped) == ([1, 3], 1)
    assert bench.done == [0, 2, 4]


def test_a_closed_lane_ends_its_threads_after_the_queue_is_empty() -> None:
    with open_lane(1) as (lane, bench):
        bench.gates = {1: threading.Event()}
        lane.push([1, 2])
        lane.close()
        bench.gates[1].set()
        bench.wait(2)

    assert bench.done == [1, 2]


def test_a_thread_without_work_waits_for_the_next_and_ends_when_the_lane_is_closed() -> None:
    threads: list[threading.Thread] = []
    done = threading.Semaphore(0)

    def run(work: int) -> list[int]:
        threads.append(threading.current_thread())
        done.release()
        return []

    lane = Lane("test", 1, run)
    lane.push([1])
    assert done.acquire(timeout=PATIENCE_SECONDS)
    threads[0].join(0.2)
    assert threads[0].is_alive()
    lane.push([2])
    assert done.acquire(timeout=PATIENCE_SECONDS)
    assert threads[1] is threads[0]

    lane.close()
    threads[0].join(PATIENCE_SECONDS)

    assert not threads[0].is_alive()


# -- calls -------------------------------------------------------------------------------------------------


class Runner:
    """A run: it keeps the calls that it runs, and holds the first one at a gate."""

    stack_group = ""

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.begun = threading.Event()
        self.gate = threading.Event()

    def run_call(self, call: Call) -> list[Call]:
        """Keep a call."""
        call.thread = threading.get_ident()
        self.calls.append(call)
        self.begun.set()
        assert self.gate.wait(PATIENCE_SECONDS)
        return []


@contextmanager
def hold_lane(make_call: Make, queued: list[Call], holder: str = "fake.on_device") -> Iterator[Lanes]:
    """Yield lanes of which one is busy while these calls are queued: that of the node type `holder`."""
    lanes, busy = Lanes(1), Runner()
    lanes.push([make_call(holder, runner=busy)])
    assert busy.begun.wait(PATIENCE_SECONDS)
    lanes.push(queued)
    yield lanes
    for call in queued:
        lanes.drop(call.state.runner)
    busy.gate.set()
    lanes.close()


def stack(make_call: Make, runner: Runner, scale: str = "1") -> Call:
    """Return a call that can be stacked."""
    return make_call("fake.stacked", runner=runner, a=Result("2" * 64), scale=Result(scale * 64))


def test_calls_of_one_run_are_taken_for_a_stack_up_to_a_limit(make_call: Make) -> None:
    run = Runner()
    queued = [stack(make_call, run) for _ in range(5)]
    with hold_lane(make_call, queued) as lanes:
        assert lanes.take_like(stack(make_call, run), 3) == queued[:3]
        assert lanes.take_like(stack(make_call, run), 3) == queued[3:]


def test_calls_of_another_run_are_never_stacked(make_call: Make) -> None:
    mine, other = Runner(), Runner()
    queued = [stack(make_call, other), stack(make_call, mine), stack(make_call, other)]
    with hold_lane(make_call, queued) as lanes:
        assert lanes.take_like(stack(make_call, mine), 7) == [queued[1]]


def test_calls_that_differ_in_node_type_or_in_what_must_be_equal_are_not_stacked(make_call: Make) -> None:
    run = Runner()
    other_type = make_call("fake.short_stack", runner=run, a=Result("2" * 64))
    queued = [stack(make_call, run, "3"), other_type, stack(make_call, run)]
    with hold_lane(make_call, queued) as lanes:
        assert lanes.take_like(stack(make_call, run), 7) == [queued[2]]


def test_a_call_that_is_mapped_over_a_video_stacks_its_own_frames_and_no_other_call(make_call: Make) -> None:
    run = Runner()
    plain = make_call("fake.stacked_invert", runner=run, image=Result("2" * 64))
    mapped = make_call("fake.stacked_invert", runner=run, stream=True, image=Result("2" * 64))
    for queued, call in ((mapped, plain), (plain, mapped)):
        with hold_lane(make_call, [queued], "fake.add") as lanes:
            assert lanes.take_like(call, 7) == []


def test_a_call_of_a_node_type_that_does_not_stack_stays_alone(make_call: Make) -> None:
    run = Runner()
    queued = [make_call("fake.on_device", runner=run) for _ in range(2)]
    with hold_lane(make_call, queued) as lanes:
        assert lanes.take_like(make_call("fake.on_device", runner=run), 7) == []


def test_the_calls_of_one_run_are_dropped_alone(make_call: Make) -> None:
    mine, other = Runner(), Runner()
    other.gate.set()
    queued = [make_call("fake.on_device", runner=runner) for runner in (mine, other)]
    with hold_lane(make_call, []) as lanes:
        lanes.push(queued)
        lanes.drop(mine)
    assert other.begun.wait(PATIENCE_SECONDS)

    assert (mine.calls, other.calls) == ([], [queued[1]])


def test_another_thread_takes_the_place_of_one_whose_calls_were_all_abandoned(make_call: Make) -> None:
    lanes, busy, behind = Lanes(1), Runner(), Runner()
    behind.gate.set()
    first, second = (make_call("fake.on_device", runner=busy) for _ in range(2))
    lanes.push([first])
    assert busy.begun.wait(PATIENCE_SECONDS)
    first.together = second.together = {first, second}
    second.thread = first.thread
    lanes.push([make_call("fake.on_device", runner=behind)])

    lanes.abandon([second])
    lanes.abandon([second])  # it is not counted twice
    assert not behind.begun.wait(0.05)
    lanes.abandon([first])
    assert behind.begun.wait(PATIENCE_SECONDS)
    busy.gate.set()
    lanes.close()


def test_the_thread_of_a_call_that_has_ended_keeps_its_place(make_call: Make) -> None:
    lanes, busy, behind = Lanes(1), Runner(), Runner()
    behind.gate.set()
    call = make_call("fake.on_device", runner=busy)
    lanes.push([call])
    assert busy.begun.wait(PATIENCE_SECONDS)
    lanes.push([make_call("fake.on_device", runner=behind)])

    lanes.abandon([call])
    assert not behind.begun.wait(0.05)
    busy.gate.set()
    assert behind.begun.wait(PATIENCE_SECONDS)
    lanes.close()


def test_calls_go_to_the_lanes_of_their_node_types_and_one_lane_may_be_kept(make_call: Make) -> None:
    lanes, run = Lanes(1), Runner()
    run.gate.set()
    kept, queued = make_call("fake.add", runner=run), make_call("fake.on_device", runner=run)

    assert lanes.push([kept, queued], "cpu") == [kept]
    assert run.begun.wait(PATIENCE_SECONDS)
    lanes.close()
    assert run.calls == [queued]
