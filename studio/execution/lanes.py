"""Lanes: queues of calls with threads: one lane for CPU work, one for the device, one for reading and writing."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from itertools import islice
from typing import Generic, TypeVar

from studio.execution.call import Call, CallRunner

T = TypeVar("T")

_WATCH_SECONDS = 0.002
_QUICK_CALLS = 4  # in that time: calls so short that two threads would take longer than one
_TRIVIAL_SECONDS = 0.0005  # calls that take longer on average are not trivial
_IO_THREADS = 2
_LOOP_THREADS = 200  # as many `async def` calls wait at once; each has a thread that waits for its result


class Lane(Generic[T]):
    """A queue and the threads that work on it. Threads begin when there is work and live as long as the lane.

    Args:
        name: Name of its threads.
        threads: How many.
        run: Runs one piece of work and returns more that was found ready on the way.
        waits: Whether the work is waiting, which threads do beside each other however short it is.
    """

    def __init__(self, name: str, threads: int, run: Callable[[T], Iterable[T]], *, waits: bool = False) -> None:
        self._waits = waits
        self.name = name
        self._limit = threads
        self._run = run
        self._queue: deque[T] = deque()
        self._wake = threading.Condition()
        self._idle = 0
        self._count = 0
        self._abandoned: set[int] = set()
        self._busy = 0
        self._finished = 0
        self._average_seconds = 0.0
        self._closed = False

    def push(self, work: Iterable[T]) -> None:
        """Queue work."""
        with self._wake:
            self._queue.extend(work)
            self._wake_thread()

    def _wake_thread(self) -> None:
        """Have an idle or a new thread take from the queue; called with the lock held."""
        if not self._queue:
            return
        if self._idle:
            self._wake.notify()
        elif self._count < self._limit:
            self._count += 1
            threading.Thread(target=self._loop, name=f"studio-{self.name}", daemon=True).start()

    def take_if(self, fits: Callable[[T], bool], limit: int) -> list[T]:
        """Take up to `limit` queued pieces that fit, to run together with one that was taken already."""
        with self._wake:
            taken = list(islice((work for work in self._queue if fits(work)), limit))
            for work in taken:
                self._queue.remove(work)
        return taken

    def drop_if(self, fits: Callable[[T], bool]) -> int:
        """Drop queued work that fits; return how much."""
        with self._wake:
            left = [work for work in self._queue if not fits(work)]
            dropped = len(self._queue) - len(left)
            self._queue = deque(left)
        return dropped

    def replace_thread(self, ident: int) -> None:
        """Stop counting a thread that hangs, so that another may take its place; it ends when its call returns."""
        with self._wake:
            if ident in self._abandoned:
                return
            self._abandoned.add(ident)
            self._count -= 1
            self._busy -= 1
            self._wake_thread()

    def close(self) -> None:
        """Let the threads end once the queue is empty."""
        with self._wake:
            self._closed = True
            self._wake.notify_all()

    def _loop(self) -> None:
        work = self._take()
        while work is not None:
            begin = time.perf_counter()
            ready = self._run(work)
            seconds = time.perf_counter() - begin
            with self._wake:
                self._finished += 1
                self._average_seconds += (seconds - self._average_seconds) / 8
                if self._abandoned and threading.get_ident() in self._abandoned:
                    self._abandoned.discard(threading.get_ident())
                    self._queue.extend(ready)
                    self._wake_thread()
                    return
            work = self._continue(ready)
            if work is None:
                with self._wake:
                    self._busy -= 1
                work = self._take()

    def _take(self) -> T | None:
        """Wait for work; return None when the thread should end.

        While another thread does trivial work at a high rate, a second one would only compete for the interpreter.
        So it waits until the rate drops.
        """
        with self._wake:
            self._idle += 1
            while not (self._queue and self._is_my_turn()):
                if self._closed and not self._queue:
                    break
                if not self._queue:
                    self._wake.wait()
            self._idle -= 1
            if not self._queue:
                self._count -= 1
                return None
            work = self._queue.popleft()
            self._busy += 1
            self._wake_thread()
            return work

    def _is_my_turn(self) -> bool:
        return (
            self._waits
            or not self._busy
            or self._average_seconds > _TRIVIAL_SECONDS
            or (not self._is_quick() and bool(self._queue))
        )

    def _is_quick(self) -> bool:
        """Watch the busy threads for a moment; return whether they are fast enough alone."""
        seen, deadline = self._finished, time.monotonic() + _WATCH_SECONDS
        while (left := deadline - time.monotonic()) > 0:
            self._wake.wait(left)
        return self._finished - seen >= _QUICK_CALLS

    def _continue(self, ready: Iterable[T]) -> T | None:
        """Take one of the pieces that became ready for this thread: a chain then never changes threads."""
        first: T | None = None
        rest = []
        for work in ready:
            if first is None:
                first = work
            else:
                rest.append(work)
        if rest:
            self.push(rest)
        return first


class Lanes:
    """The lanes of an executor. They live from run to run, and runs share them.

    Args:
        cpu_workers: Threads for CPU work.

    Attributes:
        abandoned: How many calls were abandoned so far; their threads may still run.
    """

    def __init__(self, cpu_workers: int) -> None:
        self.abandoned = 0
        threads = {"cpu": cpu_workers, "device": 1, "io": _IO_THREADS, "loop": _LOOP_THREADS}
        self._lanes: dict[str, Lane[Call]] = {
            name: Lane(name, count, _run_call, waits=name == "loop") for name, count in threads.items()
        }

    def push(self, calls: Iterable[Call], own_lane: str = "") -> list[Call]:
        """Queue calls, those of one lane at once; return those of `own_lane` instead."""
        by_lane: dict[str, list[Call]] = {}
        for call in calls:
            by_lane.setdefault(call.lane, []).append(call)
        own = by_lane.pop(own_lane, [])
        for lane, queued in by_lane.items():
            self._lanes[lane].push(queued)
        return own

    def take_like(self, call: Call, limit: int) -> list[Call]:
        """Take up to `limit` queued calls that stack with one: of its node type, with equal inputs `same`.

        They are of its run, or of one of the same group.
        """
        batch, runner = call.node_type.batch, call.state.runner
        if batch is None or call.state.node.stream or limit <= 0:
            return []
        shared, group = _find_shared(call, batch.same), runner.stack_group

        def fits(other: Call) -> bool:
            return bool(
                other.node_type is call.node_type
                and (other.state.runner is runner or (group and other.state.runner.stack_group == group))
                and not other.state.node.stream
                and _find_shared(other, batch.same) == shared
            )

        return self._lanes[call.lane].take_if(fits, limit)

    def drop(self, runner: CallRunner) -> None:
        """Drop the queued calls of a run."""
        for lane in self._lanes.values():
            lane.drop_if(lambda call: call.state.runner is runner)

    def abandon(self, calls: Iterable[Call]) -> None:
        """Stop waiting for calls that run.

        Another thread takes the place of theirs once all calls that it runs together were abandoned. Until then, it
        runs those of other runs, and a second thread might use the same model at the same time.
        """
        for call in calls:
            self.abandoned += 1
            if call.context is not None:
                call.context.abandoned = True
            thread, together = call.thread, call.together
            if call in together:  # if not, its thread is done with it
                together.discard(call)
                if not together:
                    self._lanes[call.lane].replace_thread(thread)

    def close(self) -> None:
        """Let all threads end once their queues are empty."""
        for lane in self._lanes.values():
            lane.close()


def _run_call(call: Call) -> list[Call]:
    return call.state.runner.run_call(call)


def _find_shared(call: Call, names: Iterable[str]) -> list[str]:
    """Return the digests of inputs that must be equal in a stack."""
    return [call.args[name].digest if name in call.args else "" for name in names]
