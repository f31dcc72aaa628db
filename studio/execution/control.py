"""`Control`: pauses and cancels a run, from any thread."""

from __future__ import annotations

import threading

from studio.errors import Cancelled


class Control:
    """Pauses and cancels a run, from any thread."""

    def __init__(self) -> None:
        self._cancelled = threading.Event()
        self._running = threading.Event()
        self._running.set()

    @property
    def cancelled(self) -> bool:
        """Whether the run was cancelled."""
        return self._cancelled.is_set()

    @property
    def paused(self) -> bool:
        """Whether the run is paused."""
        return not self._running.is_set()

    def cancel(self) -> None:
        """Cancel: every call ends at its next `ctx.step`."""
        self._cancelled.set()
        self._running.set()

    def pause(self) -> None:
        """Pause: every call waits at its next `ctx.step`."""
        self._running.clear()

    def resume(self) -> None:
        """Let paused calls continue."""
        self._running.set()

    def wait(self) -> None:
        """Wait while the run is paused; raise Cancelled if it was cancelled."""
        if not self._running.is_set():
            self._running.wait()
        if self._cancelled.is_set():
            raise Cancelled
