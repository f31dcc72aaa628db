"""`ProcessWorker`: a crash costs the process that had the item, and says what is known of it."""

from __future__ import annotations

import os
import queue
import signal
import time
from pathlib import Path
from typing import Any

import pytest

from studio.app import Studio
from studio.batch.item import Item, ItemResult
from studio.batch.process_worker import ProcessWorker
from studio.batch.spec import create_spec
from studio.batch.worker import WorkerLost
from studio.batch.worker_settings import describe_settings
from studio.errors import RunError
from tests.studio.batch.conftest import TROUBLED

pytestmark = pytest.mark.xdist_group("processes")

PATIENCE_SECONDS = 90.0


class Desk:
    """A worker process for a graph of trouble, and what it reports."""

    def __init__(self, studio: Studio, folder: Path, **spec: Any) -> None:
        self.inbox: queue.SimpleQueue[ItemResult | WorkerLost] = queue.SimpleQueue()
        self.logs = folder / "records/logs"
        settings = describe_settings(studio.settings)
        made = create_spec(studio.load(TROUBLED), folder / "out", settings=settings, **spec)
        self.worker = ProcessWorker(made, lambda worker, report: self.inbox.put(report), "mine", self.logs)

    def start(self, *kinds: str) -> None:
        """Start items that make this trouble."""
        items = [Item(index, f"n{index}", {"a": index, "kind": kind}) for index, kind in enumerate(kinds)]
        self.worker.start(items)

    def wait(self) -> ItemResult | WorkerLost:
        """Return the next report."""
        return self.inbox.get(timeout=PATIENCE_SECONDS)


def wait_for_loss(desk: Desk) -> WorkerLost:
    """Return the death of the worker, after what it reported before."""
    while not isinstance(report := desk.wait(), WorkerLost):
        pass
    return report


@pytest.mark.parametrize(
    ("kind", "cause", "killed"),
    [
        ("exit", "it ended with exit code 7", False),
        ("killed", "it was ended by SIGKILL", True),
    ],
)
def test_a_process_that_dies_is_reported_with_its_cause_and_the_items_it_had(
    working: Studio, tmp_path: Path, kind: str, cause: str, killed: bool
) -> None:
    desk = Desk(working, tmp_path)
    desk.start(kind)

    lost = wait_for_loss(desk)
    desk.worker.close()

    assert (lost.cause, lost.killed) == (cause, killed)
    assert [item.name for item in lost.items] == ["n0"]
    assert desk.inbox.empty()


def test_the_details_of_a_crash_begin_where_python_reports_it(working: Studio, tmp_path: Path) -> None:
    desk = Desk(working, tmp_path)
    desk.start("segfault")

    lost = wait_for_loss(desk)
    desk.worker.close()

    assert (lost.cause, lost.killed) == ("it was ended by SIGSEGV", False)
    assert lost.details.startswith("Fatal Python error: Segmentation fault")
    assert len(lost.details) <= 4100


def test_a_graph_that_is_invalid_for_the_worker_is_refused_before_any_item(tmp_path: Path, working: Studio) -> None:
    settings = describe_settings(working.settings) | {"plugins_dir": None}
    inbox: queue.SimpleQueue[Any] = queue.SimpleQueue()
    spec = create_spec(working.load(TROUBLED), tmp_path / "out", settings=settings)

    worker = ProcessWorker(spec, lambda worker, report: inbox.put(report), "mine", tmp_path / "logs")
    lost = inbox.get(timeout=PATIENCE_SECONDS)
    worker.close()

    assert isinstance(lost, WorkerLost)
    assert not worker.ready
    assert worker.refused is not None
    assert "work.trouble" in worker.refused["message"]


def test_a_process_whose_batch_closes_it_ends_by_itself_and_leaves_no_empty_log(
    working: Studio, tmp_path: Path
) -> None:
    desk = Desk(working, tmp_path)
    desk.start("")
    desk.wait()

    desk.worker.close()

    assert desk.worker._process.returncode == 0
    assert list(desk.logs.iterdir()) == []


def test_a_process_with_items_is_killed_when_it_is_closed(working: Studio, tmp_path: Path) -> None:
    desk = Desk(working, tmp_path)
    desk.start("", "hang")
    desk.wait()

    desk.worker.close()

    assert desk.worker._process.returncode == -signal.SIGKILL
    assert desk.inbox.empty()


def test_a_process_that_ends_without_an_error_before_its_items_did_is_lost(working: Studio, tmp_path: Path) -> None:
    desk = Desk(working, tmp_path)
    desk.start("leave")

    lost = wait_for_loss(desk)
    desk.worker.close()

    assert (lost.cause, lost.killed) == ("it ended with exit code 0", False)
    assert [item.name for item in lost.items] == ["n0"]


def stop_and_age(desk: Desk) -> None:
    """Stop the process as if something blocked it, and let its last line be of long ago."""
    os.kill(desk.worker.pid, signal.SIGSTOP)
    desk.worker._process.last_line = time.monotonic() - 1000


def test_a_process_that_is_silent_with_items_for_longer_than_the_limit_is_ended(
    working: Studio, tmp_path: Path
) -> None:
    desk = Desk(working, tmp_path, node_timeout_seconds=900.0)
    desk.start("", "hang")
    desk.wait()

    stop_and_age(desk)
    lost = wait_for_loss(desk)
    desk.worker.close()

    assert (lost.cause, lost.killed) == ("it was silent for more than 900 seconds and was ended", False)
    assert [item.name for item in lost.items] == ["n1"]


def test_a_silent_process_without_items_or_within_the_limit_is_left_alone(working: Studio, tmp_path: Path) -> None:
    idle = Desk(working, tmp_path, node_timeout_seconds=900.0)
    patient = Desk(working, tmp_path, node_timeout_seconds=1100.0)
    late = Desk(working, tmp_path, node_timeout_seconds=900.0)
    for desk in (idle, patient, late):
        desk.start("")
        desk.wait()
    for desk in (patient, late):
        desk.start("hang")

    for desk in (idle, patient, late):
        stop_and_age(desk)
    wait_for_loss(late)

    assert idle.inbox.empty()
    assert patient.inbox.empty()
    os.kill(idle.worker.pid, signal.SIGCONT)
    for desk in (idle, patient, late):
        desk.worker.close()


def test_a_program_that_cannot_be_started_is_an_error_of_the_batch(
    working: Studio, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.executable", str(tmp_path / "no-python"))

    with pytest.raises(RunError, match=r"E746 .*no-python: no worker can be started"):
        Desk(working, tmp_path)
