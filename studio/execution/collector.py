"""Python's collector of reference cycles, while graphs are planned and run."""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_FEWEST_OBJECTS = 50_000


class _Relaxed:
    """How many blocks of code want the collector relaxed, and what its thresholds were before the first."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._count = 0
        self._before = gc.get_threshold()

    def enter(self) -> None:
        with self._lock:
            if self._count == 0:
                self._before = gc.get_threshold()
                gc.set_threshold(max(self._before[0], _FEWEST_OBJECTS), 20, 100)
            self._count += 1

    def leave(self) -> None:
        with self._lock:
            self._count -= 1
            if self._count == 0:
                gc.set_threshold(*self._before)


_RELAXED = _Relaxed()  # like the thresholds, there is one in a process


@contextmanager
def relax_collector() -> Iterator[None]:
    """Have Python collect reference cycles less often: with many nodes each collection costs more than the last."""
    _RELAXED.enter()
    try:
        yield
    finally:
        _RELAXED.leave()
