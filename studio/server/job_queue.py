"""`JobQueue`: changes of jobs' states, each told to watchers in the order in which it is stored."""

from __future__ import annotations

import threading
from typing import Any

from studio.server.job import ENDED_STATES, Job, JobEnd, JobState, Submission
from studio.server.job_logs import JobLogs
from studio.server.job_store import JobStore
from studio.server.job_window import Preference
from studio.server.live_job import LiveJob


class JobQueue:
    """Changes the states of jobs. Every method may be called from any thread.

    A change is stored and told before the next one is stored. So no watcher sees the end of a run after the job was
    queued again, or a job that is queued after it began.

    Args:
        store: The jobs.
        logs: Where watchers look.
    """

    def __init__(self, store: JobStore, logs: JobLogs) -> None:
        self._store = store
        self._logs = logs
        self._guard = threading.Lock()

    def submit(self, wanted: Submission, most_queued: int | None = None) -> tuple[Job, bool]:
        """Queue a job and return it; the second value says whether it is new. Arguments are those of `JobStore`."""
        with self._guard:
            job, is_new = self._store.submit(wanted, most_queued)
            if is_new:
                self._tell(job, graph=job.graph, title=job.title, made=job.made)
        return job, is_new

    def cancel(self, job_id: str) -> Job:
        """Cancel a job: at once if it is queued; one that runs is to end.

        Raises:
            UsageError: E811 if it is unknown, E813 if it has ended.
        """
        with self._guard:
            job, is_done = self._store.cancel(job_id)
            if is_done:
                self._tell(job, ended=job.ended)
        return job

    def retry(self, job_id: str, most_queued: int | None = None) -> Job:
        """Queue a failed or cancelled job again. Arguments are those of `JobStore`.

        Raises:
            UsageError: E811 if it is unknown, E813 if it is in another state, E817 if too many jobs wait.
        """
        with self._guard:
            job = self._store.retry(job_id, most_queued)
            self._tell(job)
        return job

    def move(self, job_id: str, by: int, owner: str | None = None) -> Job:
        """Move a queued job in the queue. Arguments are those of `JobStore`.

        Raises:
            UsageError: E811 if it is unknown, E813 if it does not wait.
        """
        with self._guard:
            job = self._store.move(job_id, by, owner)
            self._tell(job, priority=job.priority)
        return job

    def claim(self, preference: Preference) -> tuple[Job, LiveJob, bool] | None:
        """Let the next job run; return it with what follows its run, and whether it overtook none; None if none may."""
        with self._guard:
            claimed = self._store.claim(preference)
            if claimed is None:
                return None
            job, is_first = claimed
            live = self._logs.begin(job.id)
            self._tell(job, started=job.started)
        return job, live, is_first

    def complete(self, job: Job, end: JobEnd) -> Job | None:
        """Record what a run led to, and return the job; None if its claim was lost, so that this does not count."""
        with self._guard:
            done = self._store.complete(job, end)
            if done is not None:
                more = {"error": done.error} if done.error is not None else {}
                self._tell(done, ended=done.ended, reused=done.reused, **more)
        return done

    def give_back(self, job: Job, *, is_failed: bool = False, alone: bool = False) -> Job:
        """Queue a job again that ran, or end it as `JobStore.give_back` does."""
        with self._guard:
            now = self._store.give_back(job, is_failed=is_failed, alone=alone)
            if now.claim == job.claim and now.state is not JobState.RUNNING:
                more = {"error": now.error} if now.error is not None else {}
                self._tell(now, ended=now.ended, **more)
        return now

    def _tell(self, job: Job, **change: Any) -> None:
        told = {name: value for name, value in change.items() if value is not None}
        is_end = job.state in ENDED_STATES
        self._logs.report_state(job.id, {"state": job.state, **told}, owner=job.owner, is_end=is_end)
