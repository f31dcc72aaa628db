"""`BatchRun`: claims items from the ledger, assigns them to workers, and records the results."""

from __future__ import annotations

import contextlib
import queue
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

from studio.batch.item import Item, ItemResult, ItemState
from studio.batch.leases import LEASE_SECONDS, LONGEST_WAIT_SECONDS, Lease
from studio.batch.ledger import Ledger
from studio.batch.worker import Report, Worker, WorkerLost
from studio.errors import RunError

HEARTBEAT_SECONDS = LEASE_SECONDS / 6
_POLL_SECONDS = 0.5
_SHORTEST_WAIT_SECONDS = 0.01
_MOST_KILLS = 3
_MOST_STARTUP_FAILURES = 3
_DETAILS = 600

_CRASH_HINT = "a node crashed the process, or the machine ran out of memory"
_WRITING = ("E312", "E512")

StartWorker = Callable[[int, Report], Worker]
"""Starts a worker by its number, from 0. Called again with the same number when that worker is replaced."""

_Finished = list[tuple[Lease, ItemResult]]


@dataclass(frozen=True)
class Policy:
    """What happens after failures.

    Attributes:
        on_error: "continue", or "stop": start no more items after one that failed for good.
        retries: How often a failed item is tried again.
        backoff_seconds: Wait before the first retry; it doubles each time.
        most_items: Run so many items at most, and leave the rest; None for all.
    """

    on_error: Literal["continue", "stop"] = "continue"
    retries: int = 0
    backoff_seconds: float = 1.0
    most_items: int | None = None


@dataclass
class _Member:
    """One worker and the items that it has.

    Attributes:
        number: Its number, from 0.
        worker: The worker.
        held: Leases of the items that it has, by index.
        draining: Whether it gets no more items and is replaced when it has none.
        alone: Whether it runs one item at a time.
    """

    number: int
    worker: Worker
    held: dict[int, Lease] = field(default_factory=dict)
    draining: bool = False
    alone: bool = False


class BatchRun:
    """One process's part in a batch.

    An item that a worker had when it died is tried again alone. It fails if it ends that worker too: a crash costs
    only the item that caused it.

    Args:
        ledger: The ledger; this process joins it.
        start: Starts workers.
        workers: How many.
        policy: What happens after failures.

    Attributes:
        cache_errors: What went wrong with the caches of workers that were closed, each once.
    """

    def __init__(self, ledger: Ledger, start: StartWorker, *, workers: int = 1, policy: Policy | None = None) -> None:
        self._ledger = ledger
        self._leases = ledger.leases
        self._start = start
        self._workers = workers
        self._policy = policy or Policy()
        self._quota = self._policy.most_items if self._policy.most_items is not None else sys.maxsize
        self._inbox: queue.SimpleQueue[tuple[Worker, ItemResult | WorkerLost] | None] = queue.SimpleQueue()
        self._members: list[_Member] = []
        self._retry_alone: list[Lease] = []
        self._stopping = self._full = False
        self._cancelled = threading.Event()
        self._ended = threading.Event()
        self._startup_failures = 0
        self._worker_losses = 0
        self._shared = False
        self.cache_errors: dict[str, None] = {}

    @property
    def running(self) -> int:
        """How many items this process has leased."""
        return sum(len(member.held) for member in self._members) + len(self._retry_alone)

    @property
    def cancelled(self) -> bool:
        """Whether it was cancelled."""
        return self._cancelled.is_set()

    def cancel(self) -> None:
        """End soon; running items become pending again. Safe from any thread and from a signal handler."""
        self._cancelled.set()
        self._inbox.put(None)

    def run(self) -> Iterator[tuple[Item, ItemResult]]:
        """Work until no item is left, and yield each finished item; one that will be tried again is not yielded.

        Raises:
            RunError: E742 if the ledger fails, E744 if other items are imported meanwhile, E746 if no worker can be
                started, E748 if the disk is full.
        """
        self._leases.join()
        self._shared = bool(self._leases.count_other_workers())
        self._ledger.remove_partial_files()
        threading.Thread(target=self._send_heartbeats, daemon=True).start()
        try:
            while not self.cancelled and not self._is_over():
                if not self._members:
                    self._members = [_Member(n, self._start(n, self._report)) for n in range(self._workers)]
                self._assign_items()
                yield from self._record(self._collect_reports(self._find_timeout()))
                if self._full:
                    raise RunError(
                        "E748",
                        "the disk that the batch writes to is full",
                        hint="free space and run the batch again: it resumes where it stopped",
                    )
        finally:
            self._ended.set()
            for member in self._members:
                self._close(member.worker)
            with contextlib.suppress(RunError):
                if self._worker_losses or self._shared:
                    self._ledger.remove_partial_files()
                self._leases.leave()

    def _send_heartbeats(self) -> None:
        while not self._ended.wait(HEARTBEAT_SECONDS):
            with contextlib.suppress(RunError):  # the next use of the ledger raises it
                self._leases.send_heartbeat()

    def _report(self, worker: Worker, report: ItemResult | WorkerLost) -> None:
        self._inbox.put((worker, report))

    def _is_over(self) -> bool:
        """Return whether no item is left, here or elsewhere; reclaim the items of dead processes first."""
        if self.running:
            return False
        if self._stopping or not self._quota:
            return True
        self._leases.reclaim()
        if self._leases.is_table_replaced():
            raise RunError(
                "E744",
                "another process has imported other items into this folder; items of this table are missing",
                where=str(self._ledger.folder),
                hint="give each table a folder of its own with -o DIR, and run the batch again",
            )
        return self._leases.find_wait() is None and not self._leases.count_running_elsewhere()

    def _find_timeout(self) -> float:
        """Return how long to wait for reports."""
        if self.running:
            return _POLL_SECONDS
        return min(_POLL_SECONDS, max(_SHORTEST_WAIT_SECONDS, self._leases.find_wait() or _POLL_SECONDS))

    # -- assigning items -------------------------------------------------------------------------------

    def _assign_items(self) -> None:
        for member in self._members:
            if member.draining and not member.held:
                self._replace(member)
            if not (member.draining or self.cancelled or not member.worker.window):
                self._assign_to(member)

    def _assign_to(self, member: _Member) -> None:
        if self._retry_alone and (len(self._members) == 1 or not member.held):
            member.alone = True
        if member.alone:
            self._assign_alone(member)
        elif not self._stopping:
            self._fill_window(member)

    def _assign_alone(self, member: _Member) -> None:
        if member.held:
            return
        if not self._retry_alone:
            member.alone = False
            return
        self._assign(member, [self._retry_alone.pop(0)])

    def _fill_window(self, member: _Member) -> None:
        """Fill a worker's window once a quarter of it is free, so that calls wait together and can be stacked."""
        room = member.worker.window - len(member.held)
        if room * 4 < member.worker.window or not self._quota:
            return
        leases = self._leases.claim(min(room, self._quota))
        blocked = [lease for lease in leases if lease.item.index in member.held]
        if blocked:  # the table changed, and the worker still runs what was in these places: it reports by place
            self._leases.give_back(blocked)
            leases = [lease for lease in leases if lease not in blocked]
        self._quota -= len(leases)
        if leases:
            self._assign(member, leases)

    def _assign(self, member: _Member, leases: list[Lease]) -> None:
        member.held |= {lease.item.index: lease for lease in leases}
        member.worker.start([lease.item for lease in leases])

    # -- recording results -----------------------------------------------------------------------------

    def _collect_reports(self, timeout_seconds: float) -> Iterator[tuple[_Member, ItemResult | WorkerLost]]:
        """Wait for a report, and return all that are available; those of replaced workers are dropped."""
        reports = []
        with contextlib.suppress(queue.Empty):
            reports.append(self._inbox.get(timeout=timeout_seconds))
            while True:
                reports.append(self._inbox.get_nowait())
        for worker, report in filter(None, reports):
            member = next((member for member in self._members if member.worker is worker), None)
            if member is not None:
                yield member, report

    def _record(self, reports: Iterable[tuple[_Member, ItemResult | WorkerLost]]) -> Iterator[tuple[Item, ItemResult]]:
        """Write results to the ledger in one transaction, and yield those that count."""
        finished: _Finished = []
        for member, report in reports:
            if isinstance(report, WorkerLost):
                finished += self._handle_worker_loss(member, report)
            else:
                finished += self._handle_result(member, report)
        lost = {(lease.id, lease.claim) for lease in self._leases.complete(finished)} if finished else set()
        yield from ((lease.item, result) for lease, result in finished if (lease.id, lease.claim) not in lost)

    def _handle_result(self, member: _Member, result: ItemResult) -> _Finished:
        lease = member.held.pop(result.index, None)
        if lease is None:
            return []
        self._startup_failures = 0
        member.draining |= result.stuck
        return self._apply_policy(lease, result)

    def _apply_policy(self, lease: Lease, result: ItemResult) -> _Finished:
        """Return a final result; make an item pending again that may be tried again."""
        if result.state in (ItemState.DONE, ItemState.HELD):
            return [(lease, result)]
        if _is_disk_full(result):
            self._full = True
            with contextlib.suppress(RunError):  # the ledger may be on the same disk; leaving returns the item
                self._leases.give_back([lease])
            return []
        if lease.attempts < self._policy.retries and not self._stopping:
            delay = min(LONGEST_WAIT_SECONDS, self._policy.backoff_seconds * 2**lease.attempts)
            self._leases.give_back([lease], delay_seconds=delay, failed=result.error)
            self._quota += 1
            return []
        if self._policy.on_error == "stop":
            self._stopping = True
        return [(lease, result)]

    def _handle_worker_loss(self, member: _Member, lost: WorkerLost) -> _Finished:
        """Take back the items of a dead worker, and replace it."""
        self._worker_losses += 1
        held = list(member.held.values())
        member.held.clear()
        started = member.worker.ready
        if not started and not lost.killed:
            self._startup_failures += 1
        self._check_startup(member.worker, lost)
        finished: _Finished = []
        if not started:
            self._leases.give_back(held)
            self._quota += len(held)
        elif len(held) == 1:
            finished = self._handle_crash(held[0], lost)
        else:
            self._retry_alone += held
        self._replace(member)
        member.alone = bool(self._retry_alone)
        return finished

    def _check_startup(self, worker: Worker, lost: WorkerLost) -> None:
        """Raise E746 if a worker refused to start, or too many died while they started."""
        if not worker.refused and self._startup_failures < _MOST_STARTUP_FAILURES:
            return
        reason = worker.refused["message"] if worker.refused else f"{lost.cause} before it was ready"
        advice = str((worker.refused or {}).get("hint") or "it printed nothing; --workers 0 works without processes")
        hint = lost.details[-_DETAILS:] or advice
        raise RunError("E746", f"no worker can be started: {reason}", hint=hint)

    def _handle_crash(self, lease: Lease, lost: WorkerLost) -> _Finished:
        """Fail an item whose worker died while it ran it alone; if something outside may have killed it, retry."""
        again = self._leases.count_crash(lease)
        if lost.killed and again.crashes < _MOST_KILLS:
            self._retry_alone.append(again)
            return []
        error: dict[str, Any] = {
            "code": "E745",
            "where": lease.item.source,
            "message": f"the worker that ran it died: {lost.cause}",
            "hint": _CRASH_HINT + ("; the details are the end of its log" if lost.details else ""),
            "details": lost.details,
        }
        return self._apply_policy(again, ItemResult(lease.item.index, ItemState.FAILED, error=error))

    def _close(self, worker: Worker) -> None:
        worker.close()
        self.cache_errors |= dict.fromkeys(worker.cache_errors)

    def _replace(self, member: _Member) -> None:
        self._close(member.worker)
        member.worker = self._start(member.number, self._report)
        member.draining = False


def _is_disk_full(result: ItemResult) -> bool:
    """Return whether an item failed because its disk is full, as all later items would."""
    return result.disk_full and (result.error or {}).get("code") in _WRITING
