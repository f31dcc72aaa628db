"""`BatchRun`: takes items from the ledger, hands them to whoever runs them, and writes down what became of them."""

from __future__ import annotations

import contextlib
import errno
import os
import queue
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any, Literal

from studio.batch.ledger import LEASE_SECONDS, Lease, Ledger
from studio.batch.worker import Item, ItemResult, ItemRunner, Report, WorkerLost
from studio.errors import RunError

_POLL_SECONDS = 0.5
_LONGEST_WAIT_SECONDS = 60.0
_MOST_KILLS = 3
_MOST_STILLBORN = 3

_WRITING = ("E312", "E512")
_FULL = tuple(os.strerror(code).lower() for code in (errno.ENOSPC, errno.EDQUOT))

Start = Callable[[int, Report], ItemRunner]
"""Starts the runner of a place: 0 for the first worker, 1 for the next. Called again for a place whose worker died."""


@dataclass(frozen=True)
class Policy:
    """What is done about failures.

    Attributes:
        on_error: "continue", or "stop": begin no more items after one that failed for good.
        retries: How often an item that failed is tried again.
        backoff_seconds: Wait before the first of these; it doubles each time.
    """

    on_error: Literal["continue", "stop"] = "continue"
    retries: int = 0
    backoff_seconds: float = 1.0


@dataclass
class _Place:
    """One worker and what it has in its hands."""

    number: int
    runner: ItemRunner
    held: dict[int, Lease]
    draining: bool = False
    alone: bool = False


class BatchRun:
    """One process's part in a batch.

    An item that a worker had when it died is tried again alone, and fails if it kills that worker too: what a crash
    costs is the item that caused it.

    Args:
        ledger: The ledger; this process joins it.
        start: Starts workers.
        workers: How many.
        policy: What is done about failures.
    """

    def __init__(self, ledger: Ledger, start: Start, *, workers: int = 1, policy: Policy | None = None) -> None:
        self._ledger = ledger
        self._start = start
        self._workers = workers
        self._policy = policy or Policy()
        self._inbox: queue.SimpleQueue[tuple[ItemRunner, ItemResult | WorkerLost] | None] = queue.SimpleQueue()
        self._places: list[_Place] = []
        self._suspects: list[Lease] = []
        self._stopping = self._full = False
        self._cancelled = threading.Event()
        self._stillborn = 0
        self._lost = 0

    @property
    def running(self) -> int:
        """How many items this process has in its hands."""
        return sum(len(place.held) for place in self._places) + len(self._suspects)

    @property
    def cancelled(self) -> bool:
        """Whether it was cancelled."""
        return self._cancelled.is_set()

    def cancel(self) -> None:
        """End soon: what is in flight goes back. From any thread, or a signal handler."""
        self._cancelled.set()
        self._inbox.put(None)

    def run(self) -> Iterator[tuple[Item, ItemResult]]:
        """Work until nothing is left, yielding each item that is through; one that will be tried again is not.

        Raises:
            RunError: E742 if the ledger fails, E746 if no worker can be started, E748 if the disk is full.
        """
        self._ledger.join()
        self._ledger.sweep()
        beating = threading.Thread(target=self._beat, daemon=True)
        self._done = threading.Event()
        beating.start()
        try:
            while not self._cancelled.is_set() and not self._is_over():
                if not self._places:
                    self._places = [self._open(number) for number in range(self._workers)]
                self._feed()
                yield from self._take(self._find_patience())
                if self._full:
                    raise RunError(
                        "E748",
                        "the disk that the batch writes to is full",
                        hint="free space and run the batch again: it goes on where it stopped",
                    )
        finally:
            self._done.set()
            for place in self._places:
                place.runner.close()
            with contextlib.suppress(RunError):
                if self._lost:
                    self._ledger.sweep()
                self._ledger.leave()

    def _beat(self) -> None:
        while not self._done.wait(LEASE_SECONDS / 6):
            with contextlib.suppress(RunError):  # whoever works with the ledger hears of it
                self._ledger.beat()

    def _open(self, number: int) -> _Place:
        return _Place(number, self._start(number, self._report), {})

    def _report(self, runner: ItemRunner, report: ItemResult | WorkerLost) -> None:
        self._inbox.put((runner, report))

    # -- handing out -------------------------------------------------------------------------------------

    def _feed(self) -> None:
        for place in self._places:
            if place.draining and not place.held:
                self._replace(place)
            if place.draining or self._cancelled.is_set() or not place.runner.window:
                continue
            if self._suspects and (place.alone or len(self._places) == 1 or not place.held):
                place.alone = True
            if place.alone:
                self._feed_suspect(place)
            elif not self._stopping:
                self._feed_window(place)

    def _feed_suspect(self, place: _Place) -> None:
        if place.held:
            return
        if not self._suspects:
            place.alone = False
            return
        lease = self._suspects.pop(0)
        self._hand(place, [lease])

    def _feed_window(self, place: _Place) -> None:
        """Fill a worker's window once a quarter of it is free, so that calls wait together and can be stacked."""
        room = place.runner.window - len(place.held)
        if room * 4 < place.runner.window:
            return
        leases = self._ledger.claim(room)
        if leases:
            self._hand(place, leases)

    def _hand(self, place: _Place, leases: list[Lease]) -> None:
        place.held |= {lease.item.index: lease for lease in leases}
        place.runner.start([lease.item for lease in leases])

    def _is_over(self) -> bool:
        """Say whether nothing is left to do, here or elsewhere; free what dead processes had."""
        if self.running:
            return False
        if self._stopping:
            return True
        self._ledger.reclaim()
        return self._ledger.find_wait() is None and not self._ledger.count_running_elsewhere()

    def _find_patience(self) -> float:
        if self.running:
            return _POLL_SECONDS
        return min(_POLL_SECONDS, max(0.01, self._ledger.find_wait() or _POLL_SECONDS))

    # -- taking in ---------------------------------------------------------------------------------------

    def _take(self, patience_seconds: float) -> Iterator[tuple[Item, ItemResult]]:
        """Wait for reports, take in all that are there, and write them down at once."""
        reports = []
        with contextlib.suppress(queue.Empty):
            reports.append(self._inbox.get(timeout=patience_seconds))
            while True:
                reports.append(self._inbox.get_nowait())
        finished: list[tuple[Lease, ItemResult]] = []
        for report in reports:
            place = next((p for p in self._places if report is not None and p.runner is report[0]), None)
            if report is None or place is None:
                continue
            if isinstance(report[1], WorkerLost):
                finished += self._bury(place, report[1])
            else:
                finished += self._accept(place, report[1])
        gone = {lease.id for lease in self._ledger.complete(finished)} if finished else set()
        yield from ((lease.item, result) for lease, result in finished if lease.id not in gone)

    def _accept(self, place: _Place, result: ItemResult) -> list[tuple[Lease, ItemResult]]:
        lease = place.held.pop(result.index, None)
        if lease is None:
            return []
        self._stillborn = 0
        place.draining |= result.stuck
        return self._judge(lease, result)

    def _judge(self, lease: Lease, result: ItemResult) -> list[tuple[Lease, ItemResult]]:
        """Return a result that stands; put back an item that may be tried again."""
        if result.state == "done":
            return [(lease, result)]
        if _is_disk_full(result):
            self._full = True
            with contextlib.suppress(RunError):  # the ledger may lie on the same disk; leaving gives it back
                self._ledger.give_back([lease])
            return []
        if lease.attempts < self._policy.retries and not self._stopping:
            delay = min(_LONGEST_WAIT_SECONDS, self._policy.backoff_seconds * 2**lease.attempts)
            self._ledger.give_back([lease], delay_seconds=delay, failed=result.error)
            return []
        if self._policy.on_error == "stop":
            self._stopping = True
        return [(lease, result)]

    def _bury(self, place: _Place, lost: WorkerLost) -> list[tuple[Lease, ItemResult]]:
        """Take back what a dead worker had, and start another in its place."""
        self._lost += 1
        held = list(place.held.values())
        place.held.clear()
        refused = getattr(place.runner, "refused", None)
        begun = getattr(place.runner, "ready", True)
        if not begun and not lost.killed:
            self._stillborn += 1
        if refused or self._stillborn >= _MOST_STILLBORN:
            self._ledger.give_back(held)
            told = refused["message"] if refused else f"{lost.cause} before it did anything"
            raise RunError("E746", f"no worker can be started: {told}", hint=lost.details[-600:] or "see its log")
        finished: list[tuple[Lease, ItemResult]] = []
        if not begun:
            self._ledger.give_back(held)
        elif len(held) == 1:
            finished = self._judge_crash(held[0], lost)
        else:
            self._suspects += held
        self._replace(place)
        place.alone = bool(self._suspects)
        return finished

    def _judge_crash(self, lease: Lease, lost: WorkerLost) -> list[tuple[Lease, ItemResult]]:
        """Fail an item whose worker died while it was alone; where somebody may have killed it, not at once."""
        again = replace(lease, crashes=lease.crashes + 1)
        if lost.killed and again.crashes < _MOST_KILLS:
            self._suspects.append(again)
            return []
        error: dict[str, Any] = {
            "code": "E745",
            "where": lease.item.source,
            "message": f"the worker that ran it died: {lost.cause}",
            "hint": "a node crashed the process, or the machine ran out of memory; its last words are in the details",
            "details": lost.details,
        }
        return self._judge(again, ItemResult(lease.item.index, "failed", error=error))

    def _replace(self, place: _Place) -> None:
        place.runner.close()
        place.runner = self._start(place.number, self._report)
        place.draining = False


def _is_disk_full(result: ItemResult) -> bool:
    """Say whether an item failed because its files cannot be written any more, as all after it would."""
    error = result.error or {}
    return error.get("code") in _WRITING and any(reason in str(error.get("message", "")).lower() for reason in _FULL)
