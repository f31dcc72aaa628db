"""The in-memory tier: values by digest, within a budget of bytes, least recently used out first."""

from __future__ import annotations

import sys
import threading
from collections import OrderedDict
from typing import Any

_MISSING = object()


class MemoryTier:
    """Keeps values in memory.

    Attributes:
        budget_bytes: How much they may take.
        used_bytes: How much they take.
        most_entries: How many there may be.
    """

    def __init__(self, budget_bytes: int) -> None:
        self.budget_bytes = budget_bytes
        self.most_entries = sys.maxsize
        self.used_bytes = 0
        self._values: OrderedDict[str, tuple[Any, int]] = OrderedDict()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._values)

    def get(self, digest: str, default: Any = None) -> Any:
        """Return the value, or the default."""
        with self._lock:
            found = self._values.get(digest)
            if found is None:
                return default
            self._values.move_to_end(digest)
            return found[0]

    def put(self, digest: str, value: Any, size: int) -> None:
        """Keep a value if it fits the budget at all."""
        if size > self.budget_bytes:
            return
        with self._lock:
            old = self._values.pop(digest, None)
            self.used_bytes += size - (old[1] if old else 0)
            self._values[digest] = (value, size)
            while self.used_bytes > self.budget_bytes or len(self._values) > self.most_entries:
                _, (_, freed) = self._values.popitem(last=False)
                self.used_bytes -= freed

    def drop(self, digest: str) -> None:
        """Forget one value."""
        with self._lock:
            old = self._values.pop(digest, None)
            self.used_bytes -= old[1] if old else 0

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._values.clear()
            self.used_bytes = 0
