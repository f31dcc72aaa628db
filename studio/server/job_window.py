"""`JobWindow`: which jobs run beside each other, and which come next."""

from __future__ import annotations

from dataclasses import dataclass

from studio.server.job import Job

LOOKAHEAD = 64
"""Among so many jobs of the highest priority, one that fits those that run is preferred."""

_MOST_OVERTAKING = 64
"""So many jobs in a row may run before the one that is first."""


@dataclass(frozen=True)
class Preference:
    """What the next job is to have in common with others.

    Attributes:
        stack: It must have this stack; "" for any.
        models: It is preferred if it uses these models; "" for no preference.
    """

    stack: str = ""
    models: str = ""


ANY_JOB = Preference()


class JobWindow:
    """The jobs that run. Jobs run beside each other if their nodes can be stacked, or on workers of their own.

    Args:
        most_stacked: How many jobs of one stack run beside each other; 1 for one job after the other.
        workers: How many worker processes there are; 0 for none, so that jobs run in this process.
    """

    def __init__(self, most_stacked: int, workers: int = 0) -> None:
        self._most = workers or most_stacked
        self._needs_stack = not workers
        self._running: dict[str, Job] = {}
        self._last_models = ""
        self._overtaking = 0

    @property
    def most(self) -> int:
        """How many jobs may run."""
        return self._most

    def find_preference(self) -> Preference | None:
        """Return what the next job must or should have; None if no further job may begin now."""
        if len(self._running) >= self._most:
            return None
        models = self._last_models if self._overtaking < _MOST_OVERTAKING else ""
        if not self._running or not self._needs_stack:
            return Preference(models=models)
        stack = next(iter(self._running.values())).stack
        is_spent = self._overtaking >= _MOST_OVERTAKING
        if not stack or is_spent or len(self._running) * 4 > self._most * 3:
            return None
        return Preference(stack)

    def add(self, job: Job, *, is_first: bool) -> None:
        """Take in a job that begins; `is_first` says whether it overtook none."""
        self._running[job.id] = job
        self._last_models = job.models
        self._overtaking = 0 if is_first else self._overtaking + 1

    def remove(self, job: Job) -> None:
        """Take out a job that ended."""
        self._running.pop(job.id, None)

    def __len__(self) -> int:
        return len(self._running)
