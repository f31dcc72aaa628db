"""`JobExecutor`: the one thread that runs jobs, in the order of the queue."""

from __future__ import annotations

import logging
import shutil
import threading
import time
from pathlib import Path
from typing import Any

from studio.errors import StudioError
from studio.execution.control import Control
from studio.server.file_store import FileStore
from studio.server.job import ENDED_STATES, Job, JobEnd, JobState
from studio.server.job_logs import JobLogs
from studio.server.job_run import JobRunner
from studio.server.job_store import JobStore

log = logging.getLogger("studio.server")

_SECONDS_BETWEEN_SWEEPS = 300.0


class JobExecutor:
    """Runs the jobs of a store until it is closed.

    Args:
        store: The jobs.
        files: The files of jobs.
        logs: Where watchers look.
        runner: What runs one job.
        outputs: The folder that runs write to.
        keep_seconds: How long what a run wrote is kept there.
    """

    def __init__(
        self,
        store: JobStore,
        files: FileStore,
        logs: JobLogs,
        runner: JobRunner,
        outputs: Path,
        *,
        keep_seconds: float = 7 * 86400.0,
    ) -> None:
        self._store = store
        self._files = files
        self._logs = logs
        self._runner = runner
        self._outputs = outputs
        self._keep_seconds = keep_seconds
        self._guard = threading.Lock()
        self._work = threading.Event()
        self._closing = False
        self._current: tuple[Job, Control] | None = None
        self._unfinished: Job | None = None
        self._next_sweep = time.monotonic() + _SECONDS_BETWEEN_SWEEPS
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

    def cancel(self, job_id: str) -> Job:
        """Cancel a job.

        Raises:
            UsageError: E811 if it is unknown, E813 if it has ended.
        """
        job = self._store.cancel(job_id)
        with self._guard:
            if self._current is not None and self._current[0].id == job_id:
                self._current[1].cancel()
        if job.state is JobState.CANCELLED:
            self._logs.report_state(job_id, {"state": job.state, "ended": job.ended}, owner=job.owner, is_end=True)
        return job

    def close(self, grace_seconds: float) -> None:
        """Start no more jobs; wait for the one that runs, and queue it again if it takes too long."""
        self._closing = True
        self._work.set()
        self._thread.join(grace_seconds)
        if not self._thread.is_alive():
            return
        with self._guard:
            current = self._current
        if current is not None:
            self._store.give_back(current[0])
            current[1].cancel()
        self._thread.join(10.0)

    # -- the thread ------------------------------------------------------------------------------------

    def _loop(self) -> None:
        while not self._closing:
            self._work.clear()
            try:
                self._step()
            except Exception as error:  # a full disk, or a bug: this thread must not end, and the job is tried again
                log.error("%s", error, exc_info=not isinstance(error, StudioError))
                self._work.wait(5.0)

    def _step(self) -> None:
        """Run the next job, or wait for one."""
        if self._unfinished is not None:
            self._store.give_back(self._unfinished)
        job = self._unfinished = self._store.claim()
        if job is not None:
            self._run(job)
            self._unfinished = None
            self._sweep()
            return
        self._sweep()
        self._work.wait(60.0)

    def _run(self, job: Job) -> None:
        control = Control()
        with self._guard:
            self._current = (job, control)
        try:
            live = self._logs.begin(job.id)
            self._logs.report_state(job.id, {"state": job.state, "started": job.started}, owner=job.owner)
            if self._store.find(job.id).is_cancelling:  # between the claim and here
                control.cancel()
            end = self._runner.run(job, self._store.find_document(job), live, control)
            self._finish(job, end)
        finally:
            with self._guard:
                self._current = None

    def _finish(self, job: Job, end: JobEnd) -> None:
        done = self._store.complete(job, end)
        if done is None:
            self._logs.report_state(job.id, {"state": JobState.QUEUED}, owner=job.owner)
            return
        change: dict[str, Any] = {"state": done.state, "ended": done.ended, "reused": done.reused}
        change |= {"error": done.error} if done.error is not None else {}
        self._logs.report_state(job.id, change, owner=job.owner, is_end=done.state in ENDED_STATES)
        log.info("job %s %s in %.2f s", job.id, done.state, (done.ended or 0) - (job.started or 0))

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
        limit = time.time() - self._keep_seconds
        for folder in self._outputs.iterdir() if self._outputs.is_dir() else ():
            if folder.stat().st_mtime < limit:
                shutil.rmtree(folder, ignore_errors=True)
