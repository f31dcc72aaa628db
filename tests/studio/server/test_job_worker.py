"""Jobs in worker processes: crashes, cancelling, stacks, events, and the end of the server."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from fakes import graph

from studio.server.job_worker import JobWorker
from tests.studio.server.conftest import PATIENCE_SECONDS, Desk
from tests.studio.server.routes.test_events import follow
from tests.studio.server.test_job_queue import list_states

pytestmark = pytest.mark.xdist_group("processes")

PLUGIN = '''"""Node types that say where they run, wait for files, and crash."""

import ctypes
import os
import signal
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np

from studio.api import Batch, Context, Image, hookimpl, node
from studio.execution.lanes import Lane

arrived = []


def count_arrivals():
    push = Lane.push

    def push_and_count(lane, work):
        calls = list(work)
        push(lane, calls)
        arrived.extend(calls if lane.name == "device" else [])

    Lane.push = push_and_count


def wait_for(ctx, path):
    Path(path + ".here").touch()
    while not Path(path).exists():
        ctx.step(1, 2, preview=Image(np.zeros((8, 8, 3), np.uint8)))
        time.sleep(0.01)


@node("desk.work", cache="never")
def work(ctx: Context, a: int = 0, kind: str = "", gate: str = "") -> int:
    """Return the id of the process."""
    if gate:
        wait_for(ctx, gate)
    if kind == "exit":
        os._exit(7)
    if kind == "count":
        count_arrivals()
    if kind == "device":
        cuda = {"is_available": True, "is_initialized": True, "device_count": 1}
        cuda |= {"mem_get_info": (30, 100), "memory_allocated": 40}
        answers = {name: lambda *_, found=found: found for name, found in cuda.items()}
        sys.modules["torch"] = SimpleNamespace(cuda=SimpleNamespace(**answers))
    if kind == "segfault":
        ctypes.string_at(0)
    if kind == "killed":
        os.kill(os.getpid(), signal.SIGKILL)
    if kind == "raise":
        raise ValueError("bad")
    return os.getpid()


def run_stack(ctx, calls):
    deadline = time.monotonic() + 60.0
    while len(arrived) < max(call["arrivals"] for call in calls) and time.monotonic() < deadline:
        time.sleep(0.01)
    for call in calls:
        if call["gate"]:
            wait_for(ctx, call["gate"])
    for call in calls:
        if call["kind"] == "exit":
            os._exit(7)
    for call in calls:
        while call["kind"] == "hang":
            Path(call["mark"]).touch()
            time.sleep(0.05)
    return [f"{os.getpid()} {len(calls)}" for _ in calls]


@node("desk.stack", lane="device", device_free=True, cache="never", batch=Batch(run_stack, limit=8))
def stack(ctx: Context, a: int = 0, kind: str = "", gate: str = "", mark: str = "", arrivals: int = 0) -> str:
    """Return the id of the process, and how many calls ran together."""
    return run_stack(ctx, [{"a": a, "kind": kind, "gate": gate, "mark": mark, "arrivals": arrivals}])[0]


@hookimpl
def studio_node_types():
    return [work, stack]
'''
StartWorkers = Callable[..., Desk]


def make_graph(type: str = "desk.work", **values: Any) -> dict[str, Any]:
    """Return a graph of one node."""
    return graph({"n": (type, values)}, found="n")


@pytest.fixture
def begin(start: Callable[..., Desk], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> StartWorkers:
    """Start servers with workers; jobs of a stack wait for each other, however slow the machine is."""
    monkeypatch.setattr("studio.server.stack_gate.GATE_SECONDS", 30.0)
    (tmp_path / "plugins").mkdir()
    (tmp_path / "plugins" / "studio_desk.py").write_text(PLUGIN, encoding="utf-8")

    def run(workers: int = 1, **options: Any) -> Desk:
        return start(workers=workers, plugins_dir=tmp_path / "plugins", **options)

    return run


def read_output(desk: Desk, job: Mapping[str, Any]) -> Any:
    """Return what a job made."""
    assert job["state"] == "succeeded", job
    return desk.client.get(job["outputs"][0]["url"]).text


def wait_for_file(path: Path) -> None:
    """Wait until a file is there."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not path.exists():
        assert time.monotonic() < deadline, path
        time.sleep(0.01)


def test_a_job_runs_in_a_worker_and_its_events_and_previews_come_through(begin: StartWorkers, tmp_path: Path) -> None:
    desk, gate = begin(), tmp_path / "gate"
    job = desk.submit(make_graph(gate=str(gate)))
    wait_for_file(tmp_path / "gate.here")
    deadline = time.monotonic() + PATIENCE_SECONDS
    while desk.show(job)["preview"] is None:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    running = desk.show(job)
    gate.touch()

    done = desk.wait(job)
    followed = follow(desk, f"/api/v1/jobs/{job['id']}/events")
    states = [data["state"] for _, _, data in followed if "state" in data]

    assert int(read_output(desk, done)) not in (0, os.getpid())
    assert running["preview"]["image"].startswith("data:image/webp;base64,")
    assert running["nodes"]["n"]["state"] == "running"
    assert (done["nodes"]["n"]["state"], done["progress"]) == ("done", 1.0)
    assert states[-1] == "succeeded"
    assert 'studio_nodes_total{outcome="ran",type="desk.work"} 1.0' in desk.client.get("/metrics").text


def test_a_job_that_crashes_its_worker_fails_alone_and_the_next_one_gets_a_new_process(begin: StartWorkers) -> None:
    desk = begin()
    before = read_output(desk, desk.run(make_graph()))

    crashed = desk.run(make_graph(kind="exit"))
    after = read_output(desk, desk.run(make_graph(a=2)))

    assert (crashed["state"], crashed["error"]["code"], crashed["error"]["retry"]) == ("failed", "E745", False)
    assert crashed["error"]["message"] == "the worker that ran it died: it ended with exit code 7"
    assert str(desk.folder) not in str(crashed)
    assert before != after


def test_the_device_memory_of_a_worker_is_counted_until_it_ends(begin: StartWorkers) -> None:
    desk = begin()

    desk.run(make_graph(kind="device"))
    used = desk.client.get("/metrics").text
    desk.run(make_graph(kind="exit"))
    after = desk.client.get("/metrics").text

    sizes = {"total": 100, "used": 70, "allocated": 40}
    for kind, size in sizes.items():
        line = f'studio_device_memory_bytes{{device="cuda:0",kind="{kind}",worker="worker-0"}} {size}.0'
        assert line in used
    assert "worker-0" not in after


@pytest.mark.slow
def test_a_job_whose_worker_is_killed_is_tried_again_some_times(
    begin: StartWorkers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("studio.server.job_store.MOST_CRASHES", 2)
    desk = begin()

    job = desk.run(make_graph(kind="killed"))

    assert (job["state"], job["error"]["code"]) == ("failed", "E822")
    assert read_output(desk, desk.run(make_graph()))


def test_of_a_stack_that_crashes_only_the_job_that_did_it_fails(begin: StartWorkers, tmp_path: Path) -> None:
    desk, gate = begin(), str(tmp_path / "gate")
    holder = desk.submit(make_graph(gate=gate))
    wait_for_file(tmp_path / "gate.here")
    jobs = [desk.submit(make_graph("desk.stack", a=n, kind="exit" if n == 1 else "")) for n in range(3)]
    (tmp_path / "gate").touch()

    ended = [desk.wait(job) for job in (holder, *jobs)]

    assert [job["state"] for job in ended] == ["succeeded", "succeeded", "failed", "succeeded"]
    assert ended[2]["error"]["code"] == "E745"
    sizes = {read_output(desk, ended[n]).split()[1].strip('"') for n in (1, 3)}
    assert sizes <= {"1", "2"}  # alone after the crash, or the two of them before it


def test_the_jobs_of_a_stack_run_in_one_worker(begin: StartWorkers, tmp_path: Path) -> None:
    desk = begin(2)
    gates = [tmp_path / f"gate{n}" for n in range(2)]
    holders = [desk.submit(make_graph(kind="count", a=n, gate=str(gate))) for n, gate in enumerate(gates)]
    for gate in gates:
        wait_for_file(Path(f"{gate}.here"))
    jobs = [desk.submit(make_graph("desk.stack", a=n, arrivals=6)) for n in range(6)]
    gates[0].touch()  # the other worker stays busy

    found = [read_output(desk, desk.wait(job)).strip('"').split() for job in jobs]
    gates[1].touch()
    pids = [read_output(desk, desk.wait(job)).strip() for job in holders]

    assert len(set(pids)) == 2
    assert {pid for pid, _ in found} == {pids[0]}
    sizes = [int(size) for _, size in found]
    assert all(sizes.count(size) % size == 0 for size in sizes), sizes  # none ran in a part of a stack
    assert sum(1 / size for size in sizes) < 2.5, sizes  # those that came while the first stack waited run as one


def test_cancelling_reaches_the_worker(begin: StartWorkers, tmp_path: Path) -> None:
    desk = begin()
    job = desk.submit(make_graph(gate=str(tmp_path / "gate")))
    wait_for_file(tmp_path / "gate.here")

    desk.client.post(f"/api/v1/jobs/{job['id']}/cancel")

    assert desk.wait(job)["state"] == "cancelled"
    assert read_output(desk, desk.run(make_graph()))


def test_a_stack_that_hangs_and_is_cancelled_in_part_frees_the_worker(
    begin: StartWorkers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("studio.server.job_worker.CANCEL_SECONDS", 1.0)
    desk, mark = begin(), tmp_path / "mark"
    holder = desk.submit(make_graph(gate=str(tmp_path / "gate")))
    wait_for_file(tmp_path / "gate.here")
    hangs = desk.submit(make_graph("desk.stack", kind="hang", mark=str(mark)))
    other = desk.submit(make_graph("desk.stack", a=1))
    (tmp_path / "gate").touch()
    desk.wait(holder)
    wait_for_file(mark)

    desk.client.post(f"/api/v1/jobs/{hangs['id']}/cancel")

    assert desk.wait(hangs)["state"] == "cancelled"
    assert read_output(desk, desk.wait(other)).split()[1].strip('"') == "1"


def find_worker(desk: Desk) -> JobWorker:
    """Return the only worker of a server."""
    workers = desk.parts.executor._runner._run_graph.__self__  # type: ignore[attr-defined]
    worker: JobWorker = workers.workers[0]
    return worker


def test_a_job_whose_process_is_ended_for_another_one_is_tried_again_uncounted(
    begin: StartWorkers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("studio.server.job_worker.CANCEL_SECONDS", 0.0)
    desk = begin()
    job = desk.submit(make_graph(gate=str(tmp_path / "gate")))
    wait_for_file(tmp_path / "gate.here")
    (tmp_path / "gate.here").unlink()
    worker = find_worker(desk)
    process = worker._process
    assert process is not None

    worker._replace(process)
    wait_for_file(tmp_path / "gate.here")
    (tmp_path / "gate").touch()

    assert desk.wait(job)["state"] == "succeeded"
    assert desk.parts.store.find(job["id"]).crashes == 0


def test_a_job_that_comes_while_the_process_ends_runs_once_in_the_next_one(
    begin: StartWorkers, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk, go_on = begin(), threading.Event()
    before = read_output(desk, desk.run(make_graph()))
    worker = find_worker(desk)
    process = worker._process
    assert process is not None
    on_end = process._on_end
    monkeypatch.setattr(process, "_on_end", lambda code: (go_on.wait(PATIENCE_SECONDS), on_end(code)))

    worker._replace(process)
    job = desk.submit(make_graph(a=2))
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not (worker._ended._waiters or worker._inboxes):  # type: ignore[attr-defined]
        assert time.monotonic() < deadline
        time.sleep(0.01)
    go_on.set()

    assert read_output(desk, desk.wait(job)) != before
    assert list_states(desk, job) == ["queued", "running", "succeeded"]


@pytest.mark.slow
def test_a_server_that_stops_queues_the_jobs_of_its_workers_again(begin: StartWorkers, tmp_path: Path) -> None:
    desk = begin(grace_seconds=0.0)
    job = desk.submit(make_graph(gate=str(tmp_path / "gate")))
    wait_for_file(tmp_path / "gate.here")

    desk.restart()
    (tmp_path / "gate").touch()

    assert desk.wait(job)["state"] == "succeeded"


@pytest.mark.slow
def test_a_worker_that_cannot_start_fails_its_job_and_says_why(
    begin: StartWorkers, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = begin()
    monkeypatch.setattr("sys.executable", str(desk.folder / "no-python"))

    failed = desk.run(make_graph())
    monkeypatch.undo()

    assert (failed["state"], failed["error"]["code"]) == ("failed", "E746")
    assert desk.run(make_graph())["state"] == "succeeded"
