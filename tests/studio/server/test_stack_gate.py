"""Jobs that start together meet for a moment; a single one does not wait."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

from studio.server.stack_gate import GATE_SECONDS, StackGate


def measure(wait: object) -> float:
    """Return how long a call takes."""
    begin = time.monotonic()
    wait()  # type: ignore[operator]
    return time.monotonic() - begin


def test_a_single_job_does_not_wait() -> None:
    assert measure(lambda: StackGate(["a"]).wait("a")) < GATE_SECONDS / 2


def test_a_job_waits_no_longer_than_the_limit_for_those_that_do_not_come() -> None:
    gate = StackGate(["a", "b"])

    assert GATE_SECONDS * 0.9 < measure(lambda: gate.wait("a")) < 10 * GATE_SECONDS
    assert measure(lambda: gate.wait("b")) < GATE_SECONDS / 2


def test_jobs_meet_and_one_that_leaves_is_not_waited_for() -> None:
    gate = StackGate(["a", "b", "c"])
    gate._deadline += 30.0

    with ThreadPoolExecutor(2) as pool:
        waits = [pool.submit(gate.wait, key) for key in "ab"]
        gate.leave("c")
        for one in waits:
            one.result(timeout=20)
