"""Lanes: threads that run calls, one set for CPU work, one for the device, one for reading and writing."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from itertools import islice
from typing import Generic, TypeVar

T = TypeVar("T")

_PATIENCE_SECONDS = 0.002
_QUICK_CALLS = 4  # in that time: calls so short that two threads would take longer than one
_TRIVIAL_SECONDS = 0.0005  # longer calls on the average are no trivial work


class Lane(Generic[T]):
    """A queue and the threads that serve it. Threads begin when there is work and live as long as the lane.

    Args:
        name: Name of its threads.
        threads: How many.
        serve: Runs one piece of work and returns more that was found ready on the way.
    """

    def __init__(self, name: str, threads: int, serve: Callable[[T], Iterable[T]]) -> None:
        self.name = name
        self._limit = threads
        self._serve = serve
        self._queue: deque[T] = deque()
        self._wake = threading.Condition()
        self._idle = 0
        self._count = 0
        self._lost: set[int] = set()
        self._busy = 0
        self._served = 0
        self._pace = 0.0
        self._closed = False

    def push(self, work: Iterable[T]) -> None:
        """Queue work."""
        with self._wake:
            self._queue.extend(work)
            self._rouse()

    def _rouse(self) -> None:
        """See to it that somebody looks at the queue; called with the lock held."""
        if not self._queue:
            return
        if self._idle:
            self._wake.notify()
        elif self._count < self._limit:
            self._count += 1
            threading.Thread(target=self._loop, name=f"studio-{self.name}", daemon=True).start()

    def take_if(self, fits: Callable[[T], bool], limit: int) -> list[T]:
        """Take up to `limit` queued pieces that fit, to run them together with one that was taken already."""
        with self._wake:
            taken = list(islice((work for work in self._queue if fits(work)), limit))
            for work in taken:
                self._queue.remove(work)
        return taken

    def drop_if(self, fits: Callable[[T], bool]) -> int:
        """Forget queued work; return how much."""
        with self._wake:
            kept = [work for work in self._queue if not fits(work)]
            dropped = len(self._queue) - len(kept)
            self._queue = deque(kept)
        return dropped

    def replace_thread(self, ident: int) -> None:
        """Stop counting a thread that hangs, so that another may take its place; it ends when it comes back."""
        with self._wake:
            if ident in self._lost:
                return
            self._lost.add(ident)
            self._count -= 1
            self._busy -= 1
            self._rouse()

    def close(self) -> None:
        """Let the threads end once the queue is empty."""
        with self._wake:
            self._closed = True
            self._wake.notify_all()

    def _loop(self) -> None:
        work = self._take()
        while work is not None:
            begin = time.perf_counter()
            ready = self._serve(work)
            seconds = time.perf_counter() - begin
            with self._wake:
                self._served += 1
                self._pace += (seconds - self._pace) / 8
                if self._lost and threading.get_ident() in self._lost:
                    self._lost.discard(threading.get_ident())
                    self._queue.extend(ready)
                    self._rouse()
                    return
            work = self._continue(ready)
            if work is None:
                with self._wake:
                    self._busy -= 1
                work = self._take()

    def _take(self) -> T | None:
        """Wait for work; None when the thread is to end.

        While another thread gets through trivial work at a high rate, a second one would only fight it for
        the interpreter: it waits until the rate drops.
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
            self._rouse()
            return work

    def _is_my_turn(self) -> bool:
        return not self._busy or self._pace > _TRIVIAL_SECONDS or (not self._is_quick() and bool(self._queue))

    def _is_quick(self) -> bool:
        """Watch the busy threads for a moment; say whether they need no help."""
        seen, deadline = self._served, time.monotonic() + _PATIENCE_SECONDS
        while (left := deadline - time.monotonic()) > 0:
            self._wake.wait(left)
        return self._served - seen >= _QUICK_CALLS

    def _continue(self, ready: Iterable[T]) -> T | None:
        """Keep one of the pieces that became ready for this thread: a chain then never changes threads."""
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
