"""`Stopwatch`: work inside other work counts once, and on each thread by itself."""

from __future__ import annotations

import threading
import time

import pytest

from studio.execution.stopwatch import Stopwatch


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time, which a test sets."""
    now = [0.0]
    monkeypatch.setattr(time, "perf_counter", lambda: now[0])
    return now


def test_work_inside_other_work_counts_there_only(clock: list[float]) -> None:
    watch = Stopwatch(threading.Condition())
    outer = watch.start()
    clock[0] = 1.0
    inner = watch.start()
    clock[0] = 4.0
    found = watch.stop(inner)
    clock[0] = 4.5

    assert (found, watch.stop(outer)) == (3.0, 1.5)


def test_a_later_measurement_counts_nothing_of_an_earlier_one(clock: list[float]) -> None:
    watch = Stopwatch(threading.Condition())
    first = watch.start()
    clock[0] = 2.0
    watch.stop(first)
    second = watch.start()
    clock[0] = 3.0

    assert watch.stop(second) == 1.0


def test_threads_measure_apart(clock: list[float]) -> None:
    watch, found = Stopwatch(threading.Condition()), []
    outer = watch.start()

    def measure() -> None:
        mark = watch.start()
        clock[0] += 1.0
        found.append(watch.stop(mark))

    thread = threading.Thread(target=measure)
    thread.start()
    thread.join()

    assert (found, watch.stop(outer)) == ([1.0], 1.0)
