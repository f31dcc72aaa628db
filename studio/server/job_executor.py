"""`JobExecutor`: runs jobs in the order of the queue, and some of them beside each other."""

from __future__ import annotations

import logging
import shutil
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from studio.errors import RunError, StudioError
from studio.server.error_rows import describe_error
from studio.server.file_store import FileStore
from studio.server.job import Job, JobEnd, JobState
from studio.server.job_control import JobControl
from studio.server.job_queue import JobQueue
from studio.server.job_store import JobStore
from studio.server.job_window import JobWindow, Preference
from studio.server.job_worker import WorkerDied
from studio.server.live_job import LiveJob
from studio.server.stack_gate import StackGate
from studio.server.time_limit import TimeLimit

log = logging.getLogger("studio.server")

_SECONDS_BETWEEN_SWEEPS = 300.0
_SECONDS_AFTER_ERRORS = 5.0


class Runner(Protocol):
    """Runs one job to its end; it may run several at once, each on a thread of its own."""

    def run(
        self,
        job: Job,
        document: dict[str, Any],
        live: LiveJob,
        control: JobControl,
        wait: Callable[[], None],
        place: int,
    ) -> JobEnd:
        """Run a job at a place of the window; `wait` is called once when it is about to run its nodes.

        Raises:
            WorkerDied: The worker that ran it died.
        """

    def close(self) -> None:
        """Release what it holds."""


@dataclass(frozen=True)
class _Claimed:
    job: Job
    live: LiveJob
    place: int
    control: JobControl
    gate: StackGate
    limit: TimeLimit


class JobExecutor:
    """Runs the jobs of a store until it is closed.

    Args:
        store: The jobs.
        queue: Changes their states.
        files: The files of jobs.
        runner: What runs one job.
        window: Which jobs run beside each other.
        outputs: The folder that runs write to.
        keep_seconds: How long what a run wrote is kept there.
        most_seconds: How long a job may run; 0 for no limit.
        on_end: Called with each job that ended, and its seconds.
        on_sweep: Called now and then, after expired files were removed.
    """

    def __init__(
        self,
        store: JobStore,
        queue: JobQueue,
        files: FileStore,
        runner: Runner,
        window: JobWindow,
        outputs: Path,
        *,
        keep_seconds: float = 7 * 86400.0,
        most_seconds: float = 0.0,
        on_end: Callable[[Job, float], None] = lambda job, seconds: None,
        on_sweep: Callable[[], None] = lambda: None,
    ) -> None:
        self._store = store
        self._queue = queue
        self._files = files
        self._runner = runner
        self._window = window
        self._outputs = outputs
        self._keep_seconds = keep_seconds
        self._most_seconds = most_seconds
        self._on_end = on_end
        self._on_sweep = on_sweep
        self._guard = threading.Lock()
        self._work = threading.Event()
        self._closing = False
        self._running: dict[str, _Claimed] = {}
        self._unfinished: list[tuple[_Claimed, bool, bool]] = []  # and whether it failed, and is to run alone
        self._next_sweep = time.monotonic() + _SECONDS_BETWEEN_SWEEPS
        self._pool = ThreadPoolExecutor(window.most, thread_name_prefix="studio-job")
        self._thread = threading.Thread(target=self._loop, name="studio-jobs", daemon=True)

    def start(self) -> None:
        """Queue again what ran when the last server ended, and begin to run jobs."""
        self._store.reclaim()
        self._thread.start()

    @property
    def is_alive(self) -> bool:
        """Whether jobs are run."""
        return self._thread.is_alive()

    def notify(self) -> None:
        """Look for work now."""
        self._work.set()

    def stop_run(self, job_id: str) -> None:
        """End the run of a job, if it runs."""
        with self._guard:
            claimed = self._running.get(job_id)
        if claimed is not None:
            claimed.control.cancel()

    def close(self, grace_seconds: float) -> None:
        """Start no more jobs; wait for those that run, and queue them again if they take too long."""
        self._closing = True
        self._work.set()
        if self._thread.ident is None:
            return
        self._thread.join(grace_seconds)
        if self._thread.is_alive():
            with self._guard:
                running = list(self._running.values())
            for claimed in running:
                self._queue.give_back(claimed.job)
                claimed.control.cancel()
            self._thread.join(10.0)
        self._pool.shutdown(wait=False)
        self._runner.close()

    # -- the thread ------------------------------------------------------------------------------------

    def _loop(self) -> None:
        while not (self._closing and not self._running):
            self._work.clear()
            try:
                self._give_back()
                if not self._closing and self._start_jobs():
                    continue
                self._sweep()
            except Exception as error:  # a full disk, or a bug: this thread must not end
                log.error("%s", error, exc_info=not isinstance(error, StudioError))
                self._work.wait(_SECONDS_AFTER_ERRORS)
                continue
            self._work.wait(min(60.0, self._check_limits()))

    def _check_limits(self) -> float:
        """End the runs whose time is over; return in how many seconds the next one is."""
        with self._guard:
            running = list(self._running.values())
        return min((claimed.limit.check() for claimed in running), default=60.0)

    def _start_jobs(self) -> bool:
        """Start the next jobs of all places, with those that they can be stacked with; return whether there were any.

        Each place gets one job after the other in turn, so that workers share what waits.
        """
        found: dict[int, list[tuple[Job, LiveJob]]] = {number: [] for number in self._window.places}
        open_places = list(found)
        while open_places:
            open_places = [number for number in open_places if self._claim(number, found[number])]
        for number, jobs in found.items():
            self._start_together(number, jobs)
        return any(found.values())

    def _claim(self, number: int, found: list[tuple[Job, LiveJob]]) -> bool:
        """Claim the next job of a place; return whether there was one."""
        preference = self._find_preference(number)
        claimed = self._queue.claim(preference) if preference is not None else None
        if claimed is None:
            return False
        job, live, is_first = claimed
        with self._guard:
            self._window.add(job, is_first=is_first, number=number)
        found.append((job, live))
        return True

    def _start_together(self, number: int, jobs: list[tuple[Job, LiveJob]]) -> None:
        gate = StackGate(job.id for job, _ in jobs)
        for job, live in jobs:
            control = JobControl()
            started = _Claimed(job, live, number, control, gate, TimeLimit(control, self._most_seconds))
            with self._guard:
                self._running[job.id] = started
            self._pool.submit(self._run, started)

    def _find_preference(self, number: int) -> Preference | None:
        with self._guard:
            return self._window.find_preference(number)

    def _run(self, claimed: _Claimed) -> None:
        """Run a job on a thread of its own."""
        try:
            self._run_to_end(claimed)
        except Exception as error:  # a full disk, or a bug: the job is tried again
            log.error("job %s: %s", claimed.job.id, error, exc_info=not isinstance(error, StudioError))
            is_disk_bad = isinstance(error, StudioError) and error.code == "E800"
            time.sleep(0.0 if self._closing else _SECONDS_AFTER_ERRORS)
            self._unfinished.append((claimed, not is_disk_bad, False))
        finally:
            claimed.gate.leave(claimed.job.id)
            with self._guard:
                if not any(one is claimed for one, *_ in self._unfinished):
                    self._forget(claimed)
            self._work.set()

    def _run_to_end(self, claimed: _Claimed) -> None:
        job, control = claimed.job, claimed.control
        if self._store.find(job.id).is_cancelling:  # between the claim and here
            control.cancel()
        document = self._store.find_document(job)
        wait, place = lambda: claimed.gate.wait(job.id), claimed.place
        try:
            end = self._runner.run(job, document, claimed.live, control, wait, place)
        except WorkerDied as died:
            found = self._handle_worker_loss(claimed, died)
            if found is None:
                return
            end = found
        self._complete(job, claimed.limit.explain(end))

    def _complete(self, job: Job, end: JobEnd) -> None:
        done = self._queue.complete(job, end)
        if done is not None:
            seconds = (done.ended or 0) - (job.started or 0)
            self._on_end(done, seconds)
            _log_end(done, seconds)

    def _handle_worker_loss(self, claimed: _Claimed, died: WorkerDied) -> JobEnd | None:
        """Return how a job ended whose worker died; None if it is to be queued again.

        One that ran with others is tried alone. One that ran alone has failed, unless something outside may have ended
        the worker; then it is tried again some times.
        """
        nodes = claimed.live.copy_nodes()
        if claimed.control.cancelled:
            return JobEnd(JobState.CANCELLED, nodes=nodes)
        if died.alone and not died.killed:
            return JobEnd(JobState.FAILED, error=_describe_crash(died), nodes=nodes)
        self._unfinished.append((claimed, died.alone, True))
        return None

    def _forget(self, claimed: _Claimed) -> None:
        self._running.pop(claimed.job.id, None)
        self._window.remove(claimed.job)

    def _give_back(self) -> None:
        """Queue jobs again that the server failed to run, and end those that are to be cancelled."""
        while self._unfinished:
            claimed, is_failed, alone = self._unfinished[0]
            now = self._queue.give_back(claimed.job, is_failed=is_failed, alone=alone)
            if now.claim == claimed.job.claim and now.state is JobState.RUNNING:  # a client cancelled it meanwhile
                self._complete(claimed.job, JobEnd(JobState.CANCELLED, nodes=claimed.live.copy_nodes()))
            self._unfinished.pop(0)
            with self._guard:
                self._forget(claimed)

    def _sweep(self) -> None:
        """Now and then forget what has expired."""
        if time.monotonic() < self._next_sweep:
            return
        self._next_sweep = time.monotonic() + _SECONDS_BETWEEN_SWEEPS
        self.forget_expired()

    def forget_expired(self) -> None:
        """Forget jobs, files and folders of runs whose time is over."""
        self._store.forget_expired()
        self._files.forget_expired()
        self._on_sweep()
        limit = time.time() - self._keep_seconds
        for folder in self._outputs.iterdir() if self._outputs.is_dir() else ():
            if folder.stat().st_mtime < limit:
                shutil.rmtree(folder, ignore_errors=True)


def _describe_crash(died: WorkerDied) -> dict[str, Any]:
    message, hint = f"the worker that ran it died: {died.cause}", "a node crashed the process, or memory ran out"
    return describe_error(RunError("E745", message, hint=f"{hint}; the worker's log on the server says more"))


def _log_end(job: Job, seconds: float) -> None:
    """Log a job that ended, with fields for those who collect them."""
    fields = {"job": job.id, "state": str(job.state), "seconds": round(seconds, 3), "graph": job.graph}
    fields |= {"who": job.owner or None, "reused": job.reused, "code": (job.error or {}).get("code")}
    log.info("job %s %s in %.2f s", job.id, job.state, seconds, extra=fields)
