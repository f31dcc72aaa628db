"""What every `Worker` does, whether its items run in this process or in one of their own."""

from __future__ import annotations

import json
import queue
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from studio.app import Studio
from studio.batch.item import Item, ItemResult, ItemState
from studio.batch.item_executor import ItemExecutor
from studio.batch.process_worker import ProcessWorker
from studio.batch.spec import BatchSpec, create_spec
from studio.batch.worker import Report, Worker, WorkerLost
from studio.batch.worker_settings import describe_settings
from tests.studio.batch.conftest import TROUBLED

PATIENCE_SECONDS = 60.0


class Desk:
    """A worker, and what it reports."""

    def __init__(self, create: Callable[[Report], Worker]) -> None:
        self._inbox: queue.SimpleQueue[tuple[Worker, ItemResult | WorkerLost]] = queue.SimpleQueue()
        self.worker = create(lambda worker, report: self._inbox.put((worker, report)))

    def wait(self, count: int) -> list[ItemResult]:
        """Return so many results, in the order of the items."""
        found: list[ItemResult] = []
        for _ in range(count):
            worker, report = self._inbox.get(timeout=PATIENCE_SECONDS)
            assert worker is self.worker
            assert isinstance(report, ItemResult), report
            found.append(report)
        return sorted(found, key=lambda result: result.index)

    def is_silent(self) -> bool:
        """Return whether nothing more was reported."""
        return self._inbox.empty()


@pytest.fixture(params=["in this process", "in a process of its own"])
def desk(request: pytest.FixtureRequest, working: Studio, tmp_path: Path) -> Iterator[Desk]:
    """A desk with a worker of each kind."""
    settings = describe_settings(working.settings)
    spec: BatchSpec = create_spec(working.load(TROUBLED), tmp_path / "out", window=3, settings=settings)

    def create(report: Report) -> Worker:
        if request.param == "in this process":
            return ItemExecutor(working, spec, report, "mine")
        return ProcessWorker(spec, report, "mine", tmp_path / "logs")

    made = Desk(create)
    yield made
    made.worker.close()


def create_item(index: int, **values: Any) -> Item:
    return Item(index, f"n{index}", {"a": index, **values}, f"items.csv:{index + 2}")


def test_every_item_is_reported_once_with_its_files(desk: Desk, tmp_path: Path) -> None:
    desk.worker.start([create_item(0), create_item(1)])
    desk.worker.start([create_item(2)])

    results = desk.wait(3)

    assert [(result.index, result.state) for result in results] == [(n, ItemState.DONE) for n in range(3)]
    assert [output.path for result in results for output in result.outputs] == ["n0.json", "n1.json", "n2.json"]
    assert [json.loads((tmp_path / f"out/n{n}.json").read_text(encoding="utf-8")) for n in range(3)] == [1, 2, 3]
    assert desk.is_silent()
    assert (desk.worker.name, desk.worker.window) == ("mine", 3)
    assert (desk.worker.ready, desk.worker.refused) == (True, None)


def test_items_that_fail_are_reported_with_their_error_beside_the_others(desk: Desk) -> None:
    desk.worker.start([create_item(0, kind="raise"), create_item(1, a="no number"), create_item(2)])

    raised, invalid, good = desk.wait(3)

    assert [result.state for result in (raised, invalid, good)] == ["failed", "failed", "done"]
    assert raised.error is not None
    assert (raised.error["code"], raised.error["node"], raised.outputs) == ("E301", "work", ())
    assert invalid.error is not None
    assert invalid.error["code"].startswith("E1")


def test_what_was_not_reported_is_dropped_when_the_worker_closes(desk: Desk) -> None:
    desk.worker.start([create_item(0)])
    desk.wait(1)
    desk.worker.start([create_item(1, kind="hang")])

    desk.worker.close()

    assert desk.is_silent()
