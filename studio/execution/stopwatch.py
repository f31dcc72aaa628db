"""`Stopwatch`: measures the work on nodes, also while a lazy video of one is made for another."""

from __future__ import annotations

import threading
import time

from studio.execution.call import NodeState

Mark = tuple[float, float]
"""When a measurement began, and what was measured on its thread before."""


class Stopwatch:
    """Measures work on the threads of a run: what is measured inside another measurement counts there only.

    Args:
        lock: The lock of the run.
    """

    def __init__(self, lock: threading.RLock) -> None:
        self._measured = threading.local()
        self._lock = lock

    def start(self) -> Mark:
        """Begin a measurement on this thread."""
        return time.perf_counter(), getattr(self._measured, "seconds", 0.0)

    def stop(self, mark: Mark) -> float:
        """End a measurement; return its seconds without those of measurements inside it."""
        begin, before = mark
        elapsed = time.perf_counter() - begin
        inner = getattr(self._measured, "seconds", 0.0) - before
        self._measured.seconds = before + elapsed
        return max(0.0, elapsed - inner)

    def add(self, state: NodeState, seconds: float) -> None:
        """Count work on a node."""
        with self._lock:
            state.seconds += seconds
