"""`TimeLimit`: how long a job may run."""

from __future__ import annotations

import time
from dataclasses import replace

from studio.errors import RunError
from studio.execution.control import Control
from studio.server.error_rows import describe_error
from studio.server.job import JobEnd, JobState


class TimeLimit:
    """Cancels a run that takes longer, when it is asked to look.

    Args:
        control: The run's control.
        most_seconds: How long it may take; 0 for no limit.
    """

    def __init__(self, control: Control, most_seconds: float) -> None:
        self._most_seconds = most_seconds
        self._control = control
        self._deadline = time.monotonic() + (most_seconds or float("inf"))
        self._is_over = False

    def check(self) -> float:
        """Cancel the run if its time is over; return how many seconds are left."""
        left = self._deadline - time.monotonic()
        if left > 0:
            return left
        self._is_over = True
        self._control.cancel()
        return float("inf")

    def explain(self, end: JobEnd) -> JobEnd:
        """Return what a run led to: one that was cancelled because of the limit has failed."""
        if not self._is_over or end.state is not JobState.CANCELLED:
            return end
        message = f"the job took longer than {self._most_seconds:g} seconds"
        error = RunError("E823", message, hint="send a smaller job, or start the server with another --max-seconds")
        return replace(end, state=JobState.FAILED, error=describe_error(error))
