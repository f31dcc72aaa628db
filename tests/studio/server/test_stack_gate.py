"""Jobs that start together meet for a moment; a single one does not wait."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

from studio.server.stack_gate import GATE_SECONDS, StackGate
from tests.studio.server.conftest import PATIENCE_SECONDS


def wait_patiently(gate: StackGate, key: str) -> None:
    """Arrive at a gate; fail where the job is not let through long before its time is over."""
    gate._deadline += 2 * PATIENCE_SECONDS
    with ThreadPoolExecutor(1) as pool:
        pool.submit(gate.wait, key).result(timeout=PATIENCE_SECONDS)


def test_a_single_job_does_not_wait() -> None:
    wait_patiently(StackGate(["a"]), "a")


def test_a_job_waits_until_the_limit_for_those_that_do_not_come() -> None:
    begin = time.monotonic()
    gate = StackGate(["a", "b"])

    gate.wait("a")

    assert time.monotonic() - begin >= GATE_SECONDS * 0.9
    wait_patiently(gate, "b")


def test_jobs_meet_and_one_that_leaves_is_not_waited_for() -> None:
    gate = StackGate(["a", "b", "c"])
    gate._deadline += 2 * PATIENCE_SECONDS

    with ThreadPoolExecutor(2) as pool:
        waits = [pool.submit(gate.wait, key) for key in "ab"]
        gate.leave("c")
        for one in waits:
            one.result(timeout=PATIENCE_SECONDS)
