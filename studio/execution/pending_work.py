"""`PendingWork`: what a run waits for, and when it is over."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable

from studio.execution.call import Call

_CANCEL_GRACE_SECONDS = 5.0
_LOAD_GRACE_SECONDS = 1.0


class PendingWork:
    """What a run waits for. At zero the run is over.

    It counts calls that are queued or run, and calls whose results another run or process computes.
    It also counts what waits for a lost value to be made again.

    Args:
        lock: The lock of the run; notified when nothing is left, and when a thread crashed.

    Attributes:
        running: Calls that run now.
        elsewhere: Calls that another process computes.
    """

    def __init__(self, lock: threading.RLock) -> None:
        self.running: set[Call] = set()
        self.elsewhere: list[Call] = []
        self._lock = lock
        self._changed = threading.Condition(lock)  # entering it takes five times as long as entering the lock
        self._count = 0
        self._crash: BaseException | None = None

    def add(self, count: int = 1) -> None:
        """Count more work."""
        with self._lock:
            self._count += count

    def finish(self, count: int = 1) -> None:
        """Count work that is done or dropped."""
        with self._lock:
            self._count -= count
            if self._count <= 0:
                self._changed.notify_all()

    def crash(self, error: BaseException) -> None:
        """Keep a bug of our own that was raised on a lane's thread, for the thread that waits to raise."""
        with self._lock:
            self._crash = self._crash or error
            self._changed.notify_all()

    def check(self) -> None:
        """Raise the bug of our own that was raised on a lane's thread, if there was one."""
        with self._lock:
            if self._crash is not None:
                raise self._crash

    def wait(self, seconds: float) -> bool:
        """Wait for a while; return whether nothing is left."""
        with self._lock:
            if self._crash is None and self._count > 0 and seconds > 0:
                self._changed.wait(seconds)
            self.check()
            return self._count <= 0

    def start(self, calls: Iterable[Call]) -> None:
        """Note that calls run now."""
        with self._lock:
            self.running.update(calls)

    def finish_calls(self, calls: Iterable[Call]) -> None:
        """Note that calls no longer run; those that were abandoned meanwhile are not counted twice."""
        with self._lock:
            ended = [call for call in calls if call in self.running]
            self.running.difference_update(ended)
            self.finish(len(ended))

    def drain(self) -> list[Call]:
        """Give running calls a moment to reach their next step; count nothing more, and return calls that still run."""
        begin = time.monotonic()
        with self._lock:
            while self.running and time.monotonic() < begin + self._find_grace():
                self._changed.wait(0.05)
            stuck = list(self.running)
            self.running.clear()
            self._count = 0
        return stuck

    def _find_grace(self) -> float:
        """Return how long to wait for running calls: briefly if none has made a step, as while a model loads."""
        stepped = any(call.context is not None and call.context.stepped for call in self.running)
        return _CANCEL_GRACE_SECONDS if stepped else _LOAD_GRACE_SECONDS

    def take_overdue(self, limit_seconds: float) -> list[Call]:
        """Return the calls that have run for too long, with all that are stacked with them; they count as ended."""
        now = time.perf_counter()
        with self._lock:
            timed = [call for call in self.running if call.started]
            threads = {call.thread for call in timed if now - call.started > limit_seconds}
            overdue = [call for call in timed if call.thread in threads]
            self.running.difference_update(overdue)
        return overdue

    def shift_clocks(self, seconds: float) -> None:
        """Exclude the time of a pause from the time that calls have run."""
        with self._lock:
            for call in self.running:
                if call.started:
                    call.started += seconds

    def add_elsewhere(self, call: Call) -> None:
        """Note that another process computes a call; it is tried again later."""
        with self._lock:
            self.elsewhere.append(call)

    def take_elsewhere(self) -> list[Call]:
        """Return the calls that another process computed when they were last tried, to try them again."""
        with self._lock:
            waiting, self.elsewhere = self.elsewhere, []
        return waiting
