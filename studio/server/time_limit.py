"""`TimeLimit`: how long a job may run."""

from __future__ import annotations

import threading
from dataclasses import replace
from types import TracebackType

from studio.errors import RunError
from studio.execution.control import Control
from studio.server.error_rows import describe_error
from studio.server.job import JobEnd, JobState


class TimeLimit:
    """Cancels a run that takes longer.

    Args:
        control: The run's control.
        most_seconds: How long it may take; 0 for no limit.
    """

    def __init__(self, control: Control, most_seconds: float) -> None:
        self._most_seconds = most_seconds
        self._control = control
        self._timer = threading.Timer(most_seconds, self._cancel) if most_seconds else None
        self._is_over = False

    def _cancel(self) -> None:
        self._is_over = True
        self._control.cancel()

    def __enter__(self) -> TimeLimit:
        if self._timer is not None:
            self._timer.daemon = True
            self._timer.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def explain(self, end: JobEnd) -> JobEnd:
        """Return what a run led to: one that was cancelled because of the limit has failed."""
        if not self._is_over or end.state is not JobState.CANCELLED:
            return end
        message = f"the job took longer than {self._most_seconds:g} seconds"
        error = RunError("E823", message, hint="send a smaller job, or start the server with another --max-seconds")
        return replace(end, state=JobState.FAILED, error=describe_error(error))
