"""`StackGate`: jobs that start together wait a moment for each other, so that their calls can be stacked."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable

GATE_SECONDS = 0.02
"""The longest wait."""


class StackGate:
    """Where jobs meet before their nodes run.

    Args:
        keys: Keys of the jobs that come; a single one does not wait.
    """

    def __init__(self, keys: Iterable[str]) -> None:
        self._missing = set(keys)
        self._changed = threading.Condition()
        self._deadline = time.monotonic() + GATE_SECONDS

    def wait(self, key: str) -> None:
        """Arrive, and wait until all others have arrived or left, or the time is over.

        The time counts from when the gate was made.
        """
        with self._changed:
            self._leave(key)
            while self._missing and (left := self._deadline - time.monotonic()) > 0:
                self._changed.wait(left)

    def leave(self, key: str) -> None:
        """Let the others not wait for a job that does not come."""
        with self._changed:
            self._leave(key)

    def _leave(self, key: str) -> None:
        self._missing.discard(key)
        if not self._missing:
            self._changed.notify_all()
