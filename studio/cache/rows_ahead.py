"""`RowsAhead`: rows that were written together are mostly wanted together, so they are read by one statement."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import Any

ACTIONS_WRITTEN_TOGETHER = "select * from actions where node_type = ? and made = ? limit 2000"
_FEWEST_FOUND = 8  # of one transaction and node type, before the others are read too
_MOST_ROWS = 4000
_KEPT_SECONDS = 1.0  # another process may have replaced a row since
_TYPE, _MADE = 1, 5


class RowsAhead:
    """Rows of the action table that nobody has asked for yet. Every method may be called from any thread.

    Args:
        read: Reads rows by a statement and its values.
    """

    def __init__(self, read: Callable[[str, tuple[Any, ...]], list[Any]]) -> None:
        self._read = read
        self._rows: dict[str, Any] = {}
        self._expires = 0.0
        self._found: dict[tuple[str, float], int] = {}

    def take(self, fingerprint: str) -> Any:
        """Return a row that was read ahead, or None."""
        row = self._rows.pop(fingerprint, None) if self._rows else None
        return row if row is not None and time.monotonic() < self._expires else None

    def follow(self, row: Any) -> None:
        """Note a row that was found by itself; read those that were written with it if it is one of several."""
        group = row[_TYPE], row[_MADE]
        count = self._found[group] = self._found.get(group, 0) + 1
        if count != _FEWEST_FOUND:
            return
        now = time.monotonic()
        kept = self._rows if now < self._expires and len(self._rows) < _MOST_ROWS else {}
        self._found = {group: count}
        self._rows = kept | {other[0]: other for other in self._read(ACTIONS_WRITTEN_TOGETHER, group)}
        self._expires = now + _KEPT_SECONDS

    def forget(self, fingerprints: Iterable[str]) -> None:
        """Drop rows that are replaced or removed."""
        for fingerprint in fingerprints if self._rows else ():
            self._rows.pop(fingerprint, None)

    def clear(self) -> None:
        """Drop all rows."""
        self._rows = {}
