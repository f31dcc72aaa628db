"""`JobControl`: cancels the run of a job, in this process or in another one."""

from __future__ import annotations

from collections.abc import Callable

from studio.execution.control import Control


class JobControl(Control):
    """A control that tells a listener of a cancellation."""

    def __init__(self) -> None:
        super().__init__()
        self._listeners: list[Callable[[], None]] = []

    def cancel(self) -> None:
        """Cancel, and tell the listeners."""
        super().cancel()
        for listener in list(self._listeners):
            listener()

    def listen(self, listener: Callable[[], None]) -> None:
        """Call a listener when the run is cancelled; at once if it is already. It may be called twice."""
        self._listeners.append(listener)
        if self.cancelled:
            listener()
