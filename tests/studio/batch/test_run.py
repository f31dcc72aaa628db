"""`BatchRun` with workers in memory: what is assigned, tried again, given up and recorded."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from studio.batch.item import Item, ItemResult, ItemState
from studio.batch.ledger import Ledger
from studio.batch.run import BatchRun, Policy
from studio.batch.worker import Report, WorkerLost
from studio.errors import RunError
from tests.studio.batch.ledgers import ERROR, declare_dead, find_states, import_names

FULL = {"code": "E312", "message": "cannot write 'a.png': No space left on device"}


class FakeWorker:
    """A worker in memory; `act` is called with the worker and each item that starts."""

    def __init__(self, number: int, report: Report, act: Callable[[FakeWorker, Item], object], window: int = 4) -> None:
        self.name = f"fake-{number}"
        self.window = window
        self.ready = True
        self.refused: Mapping[str, Any] | None = None
        self.cache_errors: Sequence[str] = ()
        self.started: list[list[str]] = []
        self.held: dict[str, Item] = {}
        self.closed = False
        self._report = report
        self._act = act

    def start(self, items: Sequence[Item]) -> None:
        """Act on each item."""
        self.started.append([item.name for item in items])
        self.held |= {item.name: item for item in items}
        for item in items:
            if item.name in self.held:
                self._act(self, item)

    def close(self) -> None:
        """Note it."""
        self.closed = True

    def finish(self, item: Item, **more: Any) -> None:
        """Report an item as done."""
        self.held.pop(item.name)
        self._report(self, ItemResult(item.index, ItemState.DONE, **more))

    def fail(self, item: Item, error: Mapping[str, Any] = ERROR, **more: Any) -> None:
        """Report an item as failed."""
        self.held.pop(item.name)
        self._report(self, ItemResult(item.index, ItemState.FAILED, error=error, **more))

    def die(self, *, killed: bool = False) -> None:
        """Report that the worker died with all that it has."""
        items = tuple(self.held.values())
        self.held.clear()
        self._report(self, WorkerLost(items, "it ended with exit code 7", killed, "its last line"))


class Bench:
    """A ledger, and a run on it whose workers are fakes."""

    def __init__(self, folder: Path) -> None:
        self.ledger = Ledger(folder, create=True)
        self.workers: list[FakeWorker] = []

    def create_run(
        self,
        act: Callable[[FakeWorker, Item], object] = FakeWorker.finish,
        *,
        workers: int = 1,
        window: int = 4,
        change: Callable[[FakeWorker], object] = lambda worker: None,
        **policy: Any,
    ) -> BatchRun:
        """Return a run; `change` sees each worker when it is made."""

        def start(number: int, report: Report) -> FakeWorker:
            worker = FakeWorker(number, report, act, window)
            self.workers.append(worker)
            change(worker)
            return worker

        return BatchRun(self.ledger, start, workers=workers, policy=Policy(**{"backoff_seconds": 0.0, **policy}))

    def run(self, *args: Any, **more: Any) -> list[tuple[str, str]]:
        """Run to the end; return names and states in the order in which they came."""
        return [(item.name, str(result.state)) for item, result in self.create_run(*args, **more).run()]


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    """An empty bench."""
    made = Bench(tmp_path)
    yield made
    made.ledger.close()


def find_rows(bench: Bench) -> dict[str, tuple[str, int]]:
    return {row.name: (str(row.state), row.attempts) for row in bench.ledger.items()}


# -- assigning ---------------------------------------------------------------------------------------------


def test_every_item_runs_once_and_is_recorded(bench: Bench) -> None:
    import_names(bench.ledger, *"abcdefghij")

    results = bench.run(workers=2)

    assert sorted(results) == [(name, "done") for name in "abcdefghij"]
    assert find_rows(bench) == dict.fromkeys("abcdefghij", ("done", 1))
    assert all(worker.closed for worker in bench.workers)
    assert len(bench.workers) == 2


def test_a_window_is_filled_again_once_a_quarter_of_it_is_free(bench: Bench) -> None:
    """So that calls of items wait together and can be stacked."""
    import_names(bench.ledger, *(f"n{number:02d}" for number in range(12)))
    waiting: list[Item] = []

    def act(worker: FakeWorker, item: Item) -> None:
        waiting.append(item)
        assert len(worker.held) <= 8
        if len(waiting) == 8 or item.name == "n11":
            for first in waiting[:2]:  # two of eight are a quarter
                worker.finish(first)
            del waiting[:2]
            if item.name == "n11":
                for rest in waiting:
                    worker.finish(rest)

    bench.run(act, window=8)

    assert [len(names) for names in bench.workers[0].started] == [8, 2, 2]


def test_a_worker_without_a_machine_gets_nothing(bench: Bench) -> None:
    import_names(bench.ledger, *"abc")

    def change(worker: FakeWorker) -> None:
        if worker.name == "fake-1":
            worker.window = 0

    bench.run(workers=2, change=change)

    assert [sum(map(len, worker.started)) for worker in bench.workers] == [3, 0]


def test_a_run_that_is_cancelled_gives_back_what_it_has(bench: Bench) -> None:
    import_names(bench.ledger, *"abcdef")
    run = bench.create_run(lambda worker, item: run.cancel() if item.name == "c" else worker.finish(item))

    results = [item.name for item, _ in run.run()]

    assert run.cancelled
    assert results in (["a", "b", "d"], [])  # what was reported before it was noticed
    assert set(find_states(bench.ledger).values()) <= {"done", "pending"}
    assert find_states(bench.ledger)["c"] == "pending"
    assert bench.workers[0].closed


def test_partial_files_of_an_earlier_process_are_removed_first(bench: Bench) -> None:
    partial = bench.ledger.folder / ".0123456789ab-partial.png"
    partial.write_bytes(b"half")

    bench.run()

    assert not partial.exists()


# -- failures ----------------------------------------------------------------------------------------------


def test_a_failed_item_is_tried_again_as_often_as_the_policy_says_and_seen_once(bench: Bench) -> None:
    import_names(bench.ledger, "bad", "good")
    tries: list[str] = []

    def act(worker: FakeWorker, item: Item) -> None:
        tries.append(item.name)
        worker.fail(item) if item.name == "bad" else worker.finish(item)

    results = bench.run(act, retries=2)

    assert tries.count("bad") == 3
    assert sorted(results) == [("bad", "failed"), ("good", "done")]
    assert find_rows(bench) == {"bad": ("failed", 3), "good": ("done", 1)}


def test_an_item_that_succeeds_in_the_end_is_done(bench: Bench) -> None:
    import_names(bench.ledger, "a")
    tries: list[str] = []

    def act(worker: FakeWorker, item: Item) -> None:
        tries.append(item.name)
        worker.finish(item) if len(tries) == 2 else worker.fail(item)

    assert bench.run(act, retries=5) == [("a", "done")]
    assert len(tries) == 2


@pytest.mark.parametrize(("backoff", "attempts", "least", "most"), [(10, 1, 8, 10), (10, 2, 18, 20), (10, 6, 58, 60)])
def test_each_wait_is_twice_as_long_as_the_one_before_and_a_minute_at_most(
    bench: Bench, backoff: int, attempts: int, least: int, most: int
) -> None:
    import_names(bench.ledger, "a")
    bench.ledger.leases.join()
    for _ in range(attempts - 1):
        bench.ledger.leases.give_back(bench.ledger.leases.claim(1), failed=ERROR)
    bench.ledger.leases.leave()

    def act(worker: FakeWorker, item: Item) -> None:
        worker.fail(item)
        worker._report(worker, ItemResult(99, ItemState.DONE))  # of no item that it has

    run = bench.create_run(act, retries=9, backoff_seconds=backoff)
    threading.Thread(target=lambda: wait_for_attempts(bench.ledger.folder, attempts, run.cancel), daemon=True).start()

    assert list(run.run()) == []
    assert least < (bench.ledger.leases.find_wait() or 0) <= most


def wait_for_attempts(folder: Path, attempts: int, then: Callable[[], None]) -> None:
    """Act once the only item of a ledger has so many attempts."""
    with Ledger(folder) as ledger:
        while next(ledger.items()).attempts < attempts:
            threading.Event().wait(0.01)
    then()


def test_after_a_failure_no_more_items_start_if_the_policy_says_stop(bench: Bench) -> None:
    import_names(bench.ledger, *"abcdefgh")

    results = bench.run(lambda worker, item: worker.fail(item) if item.name == "a" else worker.finish(item),
                        window=2, on_error="stop")  # fmt: skip

    assert ("a", "failed") in results
    assert len(results) == 2
    assert list(find_states(bench.ledger).values()).count("pending") == 6


def test_what_runs_beside_the_failure_that_stops_a_batch_finishes_and_nothing_follows(bench: Bench) -> None:
    import_names(bench.ledger, *"abcdefgh")

    def act(worker: FakeWorker, item: Item) -> None:
        if item.name == "a":
            worker.fail(item)
        else:
            threading.Timer(0.2, worker.finish, (item,)).start()

    results = dict(bench.run(act, on_error="stop"))

    assert results == {"a": "failed", "b": "done", "c": "done", "d": "done"}


def test_nothing_is_tried_again_once_a_batch_stops(bench: Bench) -> None:
    import_names(bench.ledger, "a", "b")
    started: list[Item] = []

    def act(worker: FakeWorker, item: Item) -> None:
        started.append(item)
        if item.name == "a":
            worker.fail(item)
        if len(started) == 3:  # "a" for the second time, and "b" has run all the while
            worker.fail(started[1])

    assert bench.run(act, window=2, on_error="stop", retries=1) == [("a", "failed"), ("b", "failed")]


def test_a_full_disk_ends_the_run_and_fails_no_item(bench: Bench) -> None:
    import_names(bench.ledger, *"abc")

    with pytest.raises(RunError) as caught:
        bench.run(
            lambda worker, item: worker.fail(item, FULL, disk_full=True) if item.name == "b" else worker.finish(item)
        )

    assert caught.value.code == "E748"
    assert find_states(bench.ledger) == {"a": "done", "b": "pending", "c": "done"}
    assert find_rows(bench)["b"] == ("pending", 0)


@pytest.mark.parametrize("more", [{"error": FULL}, {"error": {**FULL, "code": "E301"}, "disk_full": True}])
def test_a_file_that_cannot_be_written_and_a_disk_that_a_node_filled_fail_their_item(
    bench: Bench, more: dict[str, Any]
) -> None:
    import_names(bench.ledger, "a")

    assert bench.run(lambda worker, item: worker.fail(item, **more)) == [("a", "failed")]


# -- workers that die --------------------------------------------------------------------------------------


def test_of_a_dead_workers_items_only_the_one_that_kills_workers_fails(bench: Bench) -> None:
    import_names(bench.ledger, *"abcd")

    def act(worker: FakeWorker, item: Item) -> None:
        if item.name == "c":
            worker.die()
        elif len(worker.held) == 1:
            worker.finish(item)

    results = dict(bench.run(act))

    assert results == {"a": "done", "b": "done", "c": "failed", "d": "done"}
    (failed,) = bench.ledger.items(names=["c"])
    assert failed.error is not None
    assert (failed.error["code"], failed.error["details"]) == ("E745", "its last line")
    assert "it ended with exit code 7" in failed.error["message"]
    assert [names for worker in bench.workers[1:] for names in worker.started] == [["a"], ["b"], ["c"], ["d"]]


def test_an_item_whose_worker_was_killed_from_outside_is_tried_three_times(bench: Bench) -> None:
    import_names(bench.ledger, "a", "b")
    tries: list[str] = []

    def act(worker: FakeWorker, item: Item) -> None:
        tries.append(item.name)
        worker.die(killed=True) if item.name == "a" else worker.finish(item)

    assert dict(bench.run(act, window=1)) == {"a": "failed", "b": "done"}
    assert tries.count("a") == 3


def test_crashes_of_an_item_count_when_the_batch_starts_again(bench: Bench) -> None:
    import_names(bench.ledger, "a")
    tries: list[str] = []

    def act(worker: FakeWorker, item: Item) -> None:
        tries.append(item.name)
        if len(tries) == 2:
            run.cancel()
        worker.die(killed=True)

    run = bench.create_run(act, window=1)
    assert list(run.run()) == []
    (row,) = bench.ledger.items()
    assert (row.state, row.crashes) == ("pending", 2)

    assert bench.run(act, window=1) == [("a", "failed")]
    assert len(tries) == 3


def test_a_crash_is_tried_again_as_a_failure_is(bench: Bench) -> None:
    import_names(bench.ledger, "a")
    tries: list[str] = []

    def act(worker: FakeWorker, item: Item) -> None:
        tries.append(item.name)
        worker.die() if len(tries) == 1 else worker.finish(item)

    assert bench.run(act, retries=1) == [("a", "done")]


def test_what_a_dead_worker_reports_afterwards_is_dropped(bench: Bench) -> None:
    import_names(bench.ledger, "a")

    def act(worker: FakeWorker, item: Item) -> None:
        if len(bench.workers) == 1:
            worker.die(killed=True)
            worker._report(worker, ItemResult(item.index, ItemState.FAILED, error=ERROR))
        else:
            worker.finish(item)

    assert bench.run(act) == [("a", "done")]


def test_a_worker_in_which_a_call_hangs_gets_no_more_items_and_is_replaced(bench: Bench) -> None:
    import_names(bench.ledger, *"abcd")

    def act(worker: FakeWorker, item: Item) -> None:
        worker.finish(item, stuck=item.name == "a")

    assert dict(bench.run(act, window=1)) == dict.fromkeys("abcd", "done")
    assert [worker.started for worker in bench.workers] == [[["a"]], [["b"], ["c"], ["d"]]]
    assert bench.workers[0].closed


def die_at_once(worker: FakeWorker) -> None:
    worker.ready = False
    worker.window = 4
    worker.die()


def test_workers_that_die_while_they_start_end_the_run_after_three(bench: Bench) -> None:
    import_names(bench.ledger, "a")

    with pytest.raises(RunError, match="before it was ready") as caught:
        bench.run(lambda worker, item: None, change=die_at_once)

    assert (caught.value.code, caught.value.hint) == ("E746", "its last line")
    assert len(bench.workers) == 3
    assert find_states(bench.ledger) == {"a": "pending"}


def test_workers_that_are_killed_while_they_start_are_replaced(bench: Bench) -> None:
    import_names(bench.ledger, "a")

    def change(worker: FakeWorker) -> None:
        if len(bench.workers) < 5:
            worker.ready = False
            worker.die(killed=True)

    assert bench.run(lambda worker, item: worker.finish(item) if worker.ready else None, change=change) == [
        ("a", "done")
    ]
    assert len(bench.workers) == 5


def test_a_worker_that_refuses_to_start_ends_the_run_with_its_reason(bench: Bench) -> None:
    import_names(bench.ledger, "a")

    def change(worker: FakeWorker) -> None:
        worker.refused = {"code": "E760", "message": "the folder is not shared"}
        die_at_once(worker)

    with pytest.raises(RunError, match="the folder is not shared"):
        bench.run(lambda worker, item: None, change=change)

    assert find_states(bench.ledger) == {"a": "pending"}


def test_a_result_in_between_forgives_failed_starts(bench: Bench) -> None:
    import_names(bench.ledger, *"abcdef")

    def change(worker: FakeWorker) -> None:
        if len(bench.workers) in (1, 2, 4, 5):
            die_at_once(worker)

    def act(worker: FakeWorker, item: Item) -> None:
        if worker.ready:
            worker.finish(item, stuck=len(bench.workers) == 3)

    assert dict(bench.run(act, change=change, window=1)) == dict.fromkeys("abcdef", "done")


# -- other processes ---------------------------------------------------------------------------------------


def test_a_run_sends_heartbeats_while_it_works(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without them another machine would take its items after half a minute."""
    monkeypatch.setattr("studio.batch.run.HEARTBEAT_SECONDS", 0.01)
    import_names(bench.ledger, "a")
    alive = threading.Event()

    def act(worker: FakeWorker, item: Item) -> None:
        with Ledger(bench.ledger.folder) as other, other.file.reading() as connection:
            declare_dead(other, bench.ledger.leases.worker)
            for _ in range(1000):
                if connection.execute("SELECT seen FROM workers").fetchone()[0] > 0:
                    alive.set()
                    break
                threading.Event().wait(0.01)
        worker.finish(item)

    assert bench.run(act) == [("a", "done")]
    assert alive.is_set()


def test_a_result_of_an_item_that_another_process_took_is_not_seen(bench: Bench) -> None:
    import_names(bench.ledger, "a")

    with Ledger(bench.ledger.folder) as other:

        def act(worker: FakeWorker, item: Item) -> None:
            other.leases.join()
            declare_dead(other, bench.ledger.leases.worker)
            other.leases.reclaim()
            (lease,) = other.leases.claim(1)
            other.leases.complete([(lease, ItemResult(0, ItemState.FAILED, error=ERROR))])
            worker.finish(item)

        assert bench.run(act) == []
        assert find_states(other) == {"a": "failed"}


@pytest.mark.parametrize(("table", "seen"), [("a", [("a", "done")]), ("b", [("b", "done")]), ("", [])])
def test_a_result_of_a_row_that_changed_meanwhile_is_not_recorded(
    bench: Bench, table: str, seen: list[tuple[str, str]]
) -> None:
    """Workers name items by their place; the item that takes the place waits until the worker has reported the old."""
    import_names(bench.ledger, "a")
    first: list[threading.Timer] = []
    overlaps: list[bool] = []

    def act(worker: FakeWorker, item: Item) -> None:
        if first:
            overlaps.append(first[0].is_alive())
            worker.finish(item, seconds=2.0)
        else:
            import_names(bench.ledger, *table, fingerprint="changed")
            first.append(threading.Timer(0.2, worker.finish, (item,), {"seconds": 1.0}))
            first[0].start()

    assert bench.run(act) == seen
    assert overlaps == [False] * len(seen)
    assert [row.seconds for row in bench.ledger.items()] == [2.0] * len(seen)


def test_an_old_and_a_new_result_of_an_item_that_come_at_once_are_told_apart(bench: Bench) -> None:
    import_names(bench.ledger, "a")
    first: list[tuple[FakeWorker, Item]] = []

    def act(worker: FakeWorker, item: Item) -> None:
        if first:
            first[0][0].finish(first[0][1], seconds=1.0)
            worker.finish(item, seconds=2.0)
        else:
            first.append((worker, item))
            import_names(bench.ledger, "a", fingerprint="changed")

    assert bench.run(act, workers=2) == [("a", "done")]
    assert [(row.seconds, row.attempts) for row in bench.ledger.items()] == [(2.0, 1)]


def test_a_run_waits_for_the_items_of_others_and_takes_those_of_the_dead(bench: Bench) -> None:
    import_names(bench.ledger, "a", "b")

    with Ledger(bench.ledger.folder) as other:
        other.leases.join()
        other.leases.claim(1)

        def act(worker: FakeWorker, item: Item) -> None:
            declare_dead(other, other.leases.worker)
            worker.finish(item)

        assert bench.run(act) == [("b", "done"), ("a", "done")]


def test_a_run_ends_when_the_items_of_others_have_ended_too(bench: Bench) -> None:
    import_names(bench.ledger, "a", "b")

    with Ledger(bench.ledger.folder) as other:
        other.leases.join()
        (lease,) = other.leases.claim(1)
        for item, _ in bench.create_run().run():
            assert item.name == "b"
            finished = [(lease, ItemResult(0, ItemState.DONE))]
            threading.Timer(0.2, other.leases.complete, (finished,)).start()

        assert find_states(other) == {"a": "done", "b": "done"}


# -- another table -----------------------------------------------------------------------------------------


def test_a_run_ends_with_an_error_when_another_process_imports_other_items(bench: Bench) -> None:
    import_names(bench.ledger, *"abcd")
    run = bench.create_run(window=1).run()
    first = next(run)
    with Ledger(bench.ledger.folder) as other:
        import_names(other, "x", "y")

    with pytest.raises(RunError) as error:
        list(run)

    assert (first[0].name, error.value.code) == ("a", "E744")
    assert find_rows(bench) == {"x": ("pending", 0), "y": ("pending", 0)}


def test_a_run_goes_on_when_another_process_imports_the_same_items(bench: Bench) -> None:
    import_names(bench.ledger, *"abcd")
    run = bench.create_run(window=1).run()
    next(run)
    with Ledger(bench.ledger.folder) as other:
        import_names(other, *"abcd")

    assert [item.name for item, _ in run] == ["b", "c", "d"]


def test_a_worker_that_cannot_start_and_prints_nothing_has_a_hint_of_use(bench: Bench) -> None:
    import_names(bench.ledger, "a")

    def die(worker: FakeWorker) -> None:
        worker.ready = False
        worker._report(worker, WorkerLost((), "it ended with exit code 1", False, ""))

    with pytest.raises(RunError) as error:
        bench.run(change=die)

    assert error.value.code == "E746"
    assert "log" not in error.value.hint
    assert "--workers 0" in error.value.hint


def test_what_goes_wrong_with_the_caches_of_workers_is_known_after_the_run(bench: Bench) -> None:
    import_names(bench.ledger, "a", "b")

    def fill(worker: FakeWorker) -> None:
        worker.cache_errors = ["the disk of the cache is full"]

    run = bench.create_run(workers=2, change=fill)
    list(run.run())

    assert list(run.cache_errors) == ["the disk of the cache is full"]
