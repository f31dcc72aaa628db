"""Changes of jobs are told in the order in which they are stored, and a job that cannot run does not run forever."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest
from fakes import graph

from studio.server.job import Job, JobEnd, JobState
from studio.server.job_store import MOST_CRASHES
from studio.server.job_worker import WorkerDied
from studio.server.stack_gate import StackGate
from tests.studio.server.conftest import PATIENCE_SECONDS, Desk

WAIT = graph({"a": ("fake.wait", {"gate": "gate", "cautious": True})}, number="a")
ADD = graph({"a": ("fake.add", {"a": 1})}, number="a")
STEPS = graph({"a": ("fake.steps", {"n": 10**9})}, number="a")


def list_states(desk: Desk, job: dict[str, Any]) -> list[str]:
    """Return the states that watchers of all jobs were told of one."""
    with desk.parts.queue._guard:  # the last change was stored, and is told before this is free
        entries = desk.parts.logs.all_jobs.read_after(0) or []
    rows = [json.loads(entry.text.partition(b"data: ")[2]) for entry in entries]
    return [row["state"] for row in rows if row["id"] == job["id"]]


@contextmanager
def hold_device(desk: Desk, until: int) -> Iterator[None]:
    """Keep the device busy; after the block, until so many calls wait for it. Calls of a stack meet there."""
    studio = desk._studio
    lane = studio.local_executor.lanes._lanes["device"]
    with ThreadPoolExecutor(1) as pool:
        holder = pool.submit(studio.run, graph({"a": ("fake.hang_on_device", {"gate": "lane"})}, o="a"))
        desk.probe.wait_for("lane")
        try:
            yield
            deadline = time.monotonic() + PATIENCE_SECONDS
            while len(lane._queue) < until:
                assert time.monotonic() < deadline, len(lane._queue)
                time.sleep(0.005)
        finally:
            desk.probe.open("lane")
        holder.result(PATIENCE_SECONDS)


def test_each_change_of_a_job_is_told_once_and_in_order(desk: Desk) -> None:
    running, queued = desk.submit(WAIT), desk.submit(ADD)
    desk.probe.wait_for("gate")
    for _ in range(2):
        desk.client.post(f"/api/v1/jobs/{queued['id']}/cancel")
    desk.client.post(f"/api/v1/jobs/{queued['id']}/retry")
    desk.probe.open("gate")
    desk.wait(running)
    desk.wait(queued)

    assert list_states(desk, running) == ["queued", "running", "succeeded"]
    assert list_states(desk, queued) == ["queued", "cancelled", "queued", "running", "succeeded"]


def test_a_job_that_the_server_cannot_run_is_tried_some_times_and_fails(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def break_down(*_: object) -> JobEnd:
        raise ValueError("a bug")

    monkeypatch.setattr("studio.server.job_executor._SECONDS_AFTER_ERRORS", 0.01)
    with monkeypatch.context() as patch:
        patch.setattr(desk.parts.executor._runner, "run", break_down)
        failed = desk.run(ADD)

    assert (failed["state"], failed["error"]["code"]) == ("failed", "E822")
    assert list_states(desk, failed).count("running") == MOST_CRASHES
    assert desk.run(ADD)["state"] == "succeeded"


def test_a_job_whose_worker_died_is_queued_again_after_its_old_run_has_left(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    states: list[JobState] = []
    leave, run = StackGate.leave, desk.parts.executor._runner.run

    def die(job: Job, *_: Any) -> JobEnd:
        monkeypatch.setattr(desk.parts.executor._runner, "run", run)
        raise WorkerDied("a crash", killed=True, alone=False)

    def note(gate: StackGate, key: str) -> None:
        states.append(desk.parts.store.find(key).state)
        leave(gate, key)

    monkeypatch.setattr(desk.parts.executor._runner, "run", die)
    monkeypatch.setattr(StackGate, "leave", note)
    job = desk.run(ADD)

    assert states[0] is JobState.RUNNING  # else it could be claimed again before the old claim is forgotten
    assert job["state"] == "succeeded"
    assert list_states(desk, job) == ["queued", "running", "queued", "running", "succeeded"]


@pytest.mark.parametrize("alone", [False, True])
def test_a_job_that_is_cancelled_while_its_worker_dies_is_cancelled(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, alone: bool
) -> None:
    def die(job: Job, *_: Any) -> JobEnd:
        desk.parts.queue.cancel(job.id)
        raise WorkerDied("a crash", killed=True, alone=alone)

    monkeypatch.setattr(desk.parts.executor._runner, "run", die)
    job = desk.run(ADD)

    assert job["state"] == "cancelled"
    assert list_states(desk, job)[-1] == "cancelled"


def test_a_job_that_is_to_be_cancelled_and_cannot_run_is_cancelled(desk: Desk) -> None:
    job = desk.parts.store.find(desk.submit(WAIT)["id"])
    desk.probe.wait_for("gate")
    desk.parts.queue.cancel(job.id)
    running = desk.parts.store.find(job.id)

    now = desk.parts.queue.give_back(running, is_failed=True)

    assert now.state is JobState.CANCELLED
    assert list_states(desk, {"id": job.id})[-1] == "cancelled"


def test_a_job_that_takes_too_long_fails(start: Callable[..., Desk]) -> None:
    desk = start(most_seconds=0.1)

    failed = desk.run(STEPS)

    assert (failed["state"], failed["error"]["code"]) == ("failed", "E823")
    assert failed["error"]["message"] == "the job took longer than 0.1 seconds"
    assert desk.run(ADD)["state"] == "succeeded"


def test_jobs_of_one_stack_run_as_a_stack_and_others_do_not_run_beside_them(desk: Desk) -> None:
    first = desk.submit(WAIT)
    desk.probe.wait_for("gate")
    jobs = [desk.submit(graph({"a": ("fake.stacked", {"a": n})}, number="a")) for n in range(4)]
    other = desk.submit(ADD)
    with hold_device(desk, until=4):
        desk.probe.open("gate")

    numbers = [desk.client.get(desk.wait(job)["outputs"][0]["url"]).json() for job in jobs]

    assert numbers == [0, 10, 20, 30]
    assert desk.probe.stacks == [4]
    assert desk.wait(first)["ended"] <= min(desk.wait(job)["started"] for job in jobs)
    assert desk.wait(other)["started"] >= max(desk.wait(job)["ended"] for job in jobs)


def test_equal_jobs_of_a_stack_run_once_and_the_others_are_reused(desk: Desk) -> None:
    first = desk.submit(WAIT)
    desk.probe.wait_for("gate")
    jobs = [desk.submit(graph({"a": ("fake.stacked", {"a": 7})}, number="a")) for _ in range(6)]
    desk.probe.open("gate")

    done = [desk.wait(job) for job in jobs]

    assert desk.wait(first)["state"] == "succeeded"
    assert sorted(job["reused"] for job in done) == [False, True, True, True, True, True]
    assert len({job["outputs"][0]["digest"] for job in done}) == 1
    assert sum(desk.probe.stacks) == 1
