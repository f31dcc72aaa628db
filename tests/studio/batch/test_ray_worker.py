"""`RayWorker` with an actor in memory: what becomes of results, deaths and refusals, and who writes the files."""

from __future__ import annotations

import json
import queue
import sys
import types
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest

from studio.batch.item import Item, ItemResult, ItemState
from studio.batch.ray_worker import RayWorker
from studio.batch.worker import Report, WorkerLost

pytestmark = pytest.mark.xdist_group("processes")

PATIENCE_SECONDS = 30.0


class RayError(Exception):
    """As Ray's."""


class RayActorError(RayError):
    """As Ray's: the actor is gone."""


class Method:
    """A remote method: a call gives what `get` resolves; one that nobody waits for runs at once."""

    def __init__(self, function: Callable[..., Any], *, at_once: bool = False) -> None:
        self.remote = function if at_once else lambda *given: (function, given)


class FakeActor:
    """An actor in memory. Results and errors that a test puts into its inbox are what it takes."""

    def __init__(self, *, refused: Any = None, sees_folder: bool = True) -> None:
        self.inbox: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self.started: queue.SimpleQueue[str] = queue.SimpleQueue()
        self.finished = self.killed = False
        described = json.dumps({"refused": refused, "sees_folder": sees_folder})
        self.describe = Method(lambda: described)
        self.start = Method(lambda items: [self.started.put(row["name"]) for row in json.loads(items)], at_once=True)
        self.take = Method(self._take)
        self.finish = Method(self._finish)

    def _take(self) -> list[str]:
        found = self.inbox.get(timeout=PATIENCE_SECONDS)
        if isinstance(found, Exception):
            raise found
        return [json.dumps(result.to_json()) for result in found]

    def _finish(self) -> None:
        self.finished = True


@pytest.fixture(autouse=True)
def ray(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the worker uses of Ray: `get`, `wait`, `kill` and two errors."""
    module: Any = types.ModuleType("ray")
    module.exceptions = types.SimpleNamespace(RayError=RayError, RayActorError=RayActorError)
    module.get = lambda call, timeout=None: call[0](*call[1])
    module.wait = lambda calls, timeout: (calls, [])
    module.kill = lambda actor: setattr(actor, "killed", True)
    monkeypatch.setitem(sys.modules, "ray", module)


class Writer:
    """A worker in this process that writes the files of an actor that cannot."""

    window, name, ready, refused = 4, "writer", True, None

    def __init__(self, report: Report) -> None:
        self.report = report
        self.started: list[str] = []
        self.closed = False

    def start(self, items: Sequence[Item]) -> None:
        """Report each item as written."""
        for item in items:
            self.started.append(item.name)
            self.report(self, ItemResult(item.index, ItemState.DONE, seconds=9.0))

    def close(self) -> None:
        """Note it."""
        self.closed = True


class Desk:
    """A worker on a fake actor, and what it reports."""

    def __init__(self, actor: FakeActor) -> None:
        self.actor = actor
        self.reports: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self.writers: list[Writer] = []
        self.worker = RayWorker(lambda: actor, lambda worker, report: self.reports.put(report), "r", 4, self._open)

    def _open(self, report: Report) -> Writer:
        self.writers.append(Writer(report))
        return self.writers[-1]

    def start(self, *names: str) -> None:
        """Start items, and wait until the actor has them."""
        self.worker.start([Item(index, name) for index, name in enumerate(names)])
        for _ in names:
            self.actor.started.get(timeout=PATIENCE_SECONDS)

    def send(self, *results: ItemResult) -> None:
        """Let the actor give these results."""
        self.actor.inbox.put(results)

    def wait(self) -> Any:
        """Return the next report."""
        return self.reports.get(timeout=PATIENCE_SECONDS)


@pytest.fixture
def desk() -> Iterator[Desk]:
    """A desk whose actor sees the folder."""
    made = Desk(FakeActor())
    yield made
    made.worker.close()
    made.actor.inbox.put(RayActorError("closed"))


def test_each_result_is_reported_once(desk: Desk) -> None:
    desk.start("a", "b")
    first, second = ItemResult(0, ItemState.DONE), ItemResult(1, ItemState.FAILED, error={"code": "E301"})

    desk.send(first, first)
    desk.send(second)

    assert [desk.wait(), desk.wait()] == [first, second]
    assert desk.reports.empty()
    assert desk.worker.window == 4
    assert desk.worker.ready


def test_a_dead_actor_is_reported_with_the_items_it_had(desk: Desk) -> None:
    desk.start("a", "b")
    desk.send(ItemResult(0, ItemState.DONE))
    desk.wait()

    desk.actor.inbox.put(RayActorError("the node went away\nand more"))

    lost = desk.wait()
    assert isinstance(lost, WorkerLost)
    assert ([item.name for item in lost.items], lost.killed) == (["b"], True)
    assert lost.cause == "its actor or its node died: the node went away"


def test_a_cluster_that_is_gone_is_a_lost_worker(desk: Desk) -> None:
    desk.start("a")

    desk.actor.inbox.put(ConnectionError("no cluster"))

    lost = desk.wait()
    assert (lost.cause, lost.killed) == ("Ray lost it: ConnectionError: no cluster", True)


def test_an_actor_that_refuses_is_reported_as_such_and_never_ready() -> None:
    desk = Desk(FakeActor(refused={"code": "E760", "message": "cannot see the folder"}))

    lost = desk.wait()

    assert (lost.cause, lost.killed, lost.items) == ("cannot see the folder", False, ())
    assert not desk.worker.ready
    assert desk.worker.refused is not None


def test_files_of_an_actor_that_cannot_see_the_folder_are_written_in_this_process() -> None:
    desk = Desk(FakeActor(sees_folder=False))
    desk.start("a", "b")
    failed = ItemResult(1, ItemState.FAILED, error={"code": "E301"})

    desk.send(ItemResult(0, ItemState.DONE, seconds=1.0), failed)

    assert [desk.wait(), desk.wait()] == [ItemResult(0, ItemState.DONE, seconds=9.0), failed]
    assert desk.writers[0].started == ["a"]
    desk.worker.close()
    assert desk.writers[0].closed
    desk.actor.inbox.put(RayActorError("closed"))


@pytest.mark.parametrize("busy", [False, True])
def test_an_actor_flushes_its_cache_before_it_ends_unless_it_has_items(busy: bool) -> None:
    desk = Desk(FakeActor())
    desk.start("a")
    if not busy:
        desk.send(ItemResult(0, ItemState.DONE))
        desk.wait()

    desk.worker.close()

    assert (desk.actor.finished, desk.actor.killed) == (not busy, True)
    desk.send(ItemResult(0, ItemState.DONE))
    desk.actor.inbox.put(RayActorError("closed"))
    assert desk.reports.empty()


def test_an_item_that_was_lost_is_not_reported_again_when_its_files_are_written() -> None:
    desk = Desk(FakeActor(sees_folder=False))
    desk.start("a", "b")
    failed = ItemResult(1, ItemState.FAILED, error={"code": "E301"})
    desk.send(failed)
    assert desk.wait() == failed
    desk.actor.inbox.put(RayActorError("the node went away"))
    lost = desk.wait()
    assert isinstance(lost, WorkerLost)
    assert [item.name for item in lost.items] == ["a"]

    desk.writers[0].start([Item(0, "a")])

    assert desk.reports.empty()
