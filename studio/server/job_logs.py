"""`JobLogs`: the logs of jobs that are watched or ran lately, and that of all jobs."""

from __future__ import annotations

import asyncio
import threading
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from studio.server.event_log import EventLog
from studio.server.live_job import LiveJob

_MOST_KEPT = 256


class JobLogs:
    """Finds the log of a job. Every method may be called from any thread.

    Args:
        loop: The event loop of the watchers.

    Attributes:
        all_jobs: The log of changes of all jobs' states.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.all_jobs = EventLog(loop)
        self._loop = loop
        self._logs: OrderedDict[str, EventLog] = OrderedDict()
        self._live: dict[str, LiveJob] = {}
        self._guard = threading.Lock()
        self._dropped = 0  # logs begin after the last event of any that was dropped, so that its ids are known as old

    def find(self, job_id: str) -> EventLog:
        """Return the log of a job, which is closed if the job has ended; a fresh one if it has none."""
        return self._find(job_id, reopen=False)

    def _find(self, job_id: str, *, reopen: bool) -> EventLog:
        with self._guard:
            log = self._logs.get(job_id)
            if log is None or (log.is_closed and reopen):
                log = self._logs[job_id] = EventLog(self._loop, log.last if log is not None else self._dropped)
            self._logs.move_to_end(job_id)
            self._drop_old()
            return log

    @contextmanager
    def watch(self, job_id: str) -> Iterator[EventLog]:
        """Count as a watcher of a job, on the event loop."""
        log = self.find(job_id)
        log.watchers += 1
        try:
            yield log
        finally:
            log.watchers -= 1

    def find_ended(self, job_id: str) -> EventLog | None:
        """Return the log of a job that has ended, if it is still there."""
        with self._guard:
            return self._logs.get(job_id)

    def begin(self, job_id: str) -> LiveJob:
        """Return what follows the run of a job."""
        log = self._find(job_id, reopen=True)
        live = self._live[job_id] = LiveJob(log.add)
        return live

    def find_live(self, job_id: str) -> LiveJob | None:
        """Return what follows the run of a job, or None if it does not run."""
        return self._live.get(job_id)

    def report_state(self, job_id: str, change: dict[str, Any], *, owner: str = "", is_end: bool = False) -> None:
        """Report a change of a job's state to those that watch it, and to those that watch all jobs."""
        log = self._find(job_id, reopen=True)
        log.add("job", change)
        self.all_jobs.add("job", {"id": job_id, **change}, owner)
        if is_end:
            self._live.pop(job_id, None)
            log.close()

    def close(self) -> None:
        """Let all watchers end."""
        with self._guard:
            logs = [self.all_jobs, *self._logs.values()]
        for log in logs:
            log.close()

    def count_watchers(self) -> int:
        """Return how many streams follow jobs."""
        with self._guard:
            return self.all_jobs.watchers + sum(log.watchers for log in self._logs.values())

    def _drop_old(self) -> None:
        """Forget the oldest logs of jobs that do not run and that nobody watches."""
        for job_id in list(self._logs)[: max(0, len(self._logs) - _MOST_KEPT)]:
            if job_id not in self._live and not self._logs[job_id].watchers:
                self._dropped = max(self._dropped, self._logs.pop(job_id).last)
