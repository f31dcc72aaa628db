"""`Remaker`: has values made again that the cache no longer has, and resumes whatever waits for them."""

from __future__ import annotations

import threading
from collections.abc import Callable

from studio.execution.call import Call, LostValue
from studio.execution.pending_work import PendingWork


class Remaker:
    """Has lost values made again.

    Args:
        lock: The lock of the run.
        work: Counts whatever waits.
        restart: Starts a call again, counted as pending work.
    """

    def __init__(self, lock: threading.RLock, work: PendingWork, restart: Callable[[Call], None]) -> None:
        self._lock = lock
        self._work = work
        self._restart = restart

    def remake(self, lost: LostValue, resume: Callable[[bool], object]) -> None:
        """Run the calls again that made lost values, then call `resume` with whether all values are available."""
        left, succeeded = len(lost.calls), True

        def finish_one(made: bool) -> None:
            nonlocal left, succeeded
            with self._lock:
                left -= 1
                succeeded = succeeded and made
                last = left == 0
            if last:
                try:
                    resume(succeeded)
                finally:
                    self._work.finish()

        with self._lock:
            fresh = [call for call in lost.calls if call.is_done and not call.remaking]
            gone = [call for call in lost.calls if not call.is_done]
            for call in lost.calls:
                if call.is_done:
                    call.remaking = True
                    call.waiting.append(finish_one)
            self._work.add(1 + len(fresh))
        for _ in gone:
            finish_one(False)
        for call in fresh:
            self._restart(call)
