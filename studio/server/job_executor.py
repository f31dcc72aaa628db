"""`JobExecutor`: the one thread that runs jobs, in the order of the queue."""

from __future__ import annotations

import logging
import shutil
import threading
import time
from pathlib import Path

from studio.errors import StudioError
from studio.execution.control import Control
from studio.server.file_store import FileStore
from studio.server.job import Job
from studio.server.job_queue import JobQueue
from studio.server.job_run import JobRunner
from studio.server.job_store import JobStore
from studio.server.live_job import LiveJob
from studio.server.time_limit import TimeLimit

log = logging.getLogger("studio.server")

_SECONDS_BETWEEN_SWEEPS = 300.0
_SECONDS_AFTER_ERRORS = 5.0


class JobExecutor:
    """Runs the jobs of a store until it is closed.

    Args:
        store: The jobs.
        queue: Changes their states.
        files: The files of jobs.
        runner: What runs one job.
        outputs: The folder that runs write to.
        keep_seconds: How long what a run wrote is kept there.
        most_seconds: How long a job may run; 0 for no limit.
    """

    def __init__(
        self,
        store: JobStore,
        queue: JobQueue,
        files: FileStore,
        runner: JobRunner,
        outputs: Path,
        *,
        keep_seconds: float = 7 * 86400.0,
        most_seconds: float = 0.0,
    ) -> None:
        self._store = store
        self._queue = queue
        self._files = files
        self._most_seconds = most_seconds
        self._runner = runner
        self._outputs = outputs
        self._keep_seconds = keep_seconds
        self._guard = threading.Lock()
        self._work = threading.Event()
        self._closing = False
        self._current: tuple[Job, Control] | None = None
        self._unfinished: Job | None = None
        self._is_disk_bad = False
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

    def stop_run(self, job_id: str) -> None:
        """End the run of a job, if it runs."""
        with self._guard:
            if self._current is not None and self._current[0].id == job_id:
                self._current[1].cancel()

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
            self._queue.give_back(current[0])
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
                self._is_disk_bad = isinstance(error, StudioError) and error.code == "E800"
                self._work.wait(_SECONDS_AFTER_ERRORS)

    def _step(self) -> None:
        """Run the next job, or wait for one."""
        if self._unfinished is not None:
            self._queue.give_back(self._unfinished, is_failed=not self._is_disk_bad)
            self._unfinished = None
        claimed = self._queue.claim()
        if claimed is not None:
            self._unfinished = claimed[0]
            self._run(*claimed)
            self._unfinished = None
            self._sweep()
            return
        self._sweep()
        self._work.wait(60.0)

    def _run(self, job: Job, live: LiveJob) -> None:
        control = Control()
        with self._guard:
            self._current = (job, control)
        try:
            if self._store.find(job.id).is_cancelling:  # between the claim and here
                control.cancel()
            with TimeLimit(control, self._most_seconds) as limit:
                end = self._runner.run(job, self._store.find_document(job), live, control)
            done = self._queue.complete(job, limit.explain(end))
        finally:
            with self._guard:
                self._current = None
        if done is not None:
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
