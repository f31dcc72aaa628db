"""`Ledger`: one durable row for each item of a batch, in a SQLite file that any number of processes share."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from types import NoneType
from typing import Any

from studio.batch.item import CURRENT_STATES, ItemState
from studio.batch.item_import import ItemImport, import_items
from studio.batch.item_rows import ItemRow, Summary, count_items, read_rows, summarize_rows
from studio.batch.leases import Leases
from studio.batch.ledger_file import LEDGER_NAME, LedgerFile, check_stored, refused_damage
from studio.files import is_temporary_name
from studio.surrogates import dump_json

_FACTS: Mapping[str, Any] = {
    "spec": dict,
    "graph": dict,
    "read": dict,
    "outputs": dict,
    "distributions": dict,
    "title": (str, NoneType),
    "path": (str, NoneType),
    "table": str,
    "workers": int,
    "shard": (str, NoneType),
}


class Ledger:
    """The rows of one batch's folder. Every method may be called from any thread.

    Args:
        folder: The batch's folder.
        create: Whether to create a missing ledger.

    Attributes:
        leases: This process's part in running the items.

    Raises:
        RunError: E742 if the ledger is missing or cannot be used.
    """

    def __init__(self, folder: Path, *, create: bool = False) -> None:
        self.folder = folder
        self.file = LedgerFile(folder, create=create)
        self.leases = Leases(self.file)

    def close(self) -> None:
        """Stop taking part, and close the file."""
        self.leases.leave()
        self.file.close()

    def __enter__(self) -> Ledger:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def describe(self) -> dict[str, Any]:
        """Return the stored facts about the batch: "spec" (a BatchSpec as JSON), "title", "outputs" and so on."""
        with self.file.reading() as connection:
            rows = connection.execute("SELECT key, value FROM batch").fetchall()
        with refused_damage(self.file.path):
            return {key: check_stored(json.loads(value), _FACTS.get(key, object)) for key, value in rows}

    def store(self, **facts: Any) -> None:
        """Store facts about the batch as JSON."""
        rows = [(key, dump_json(value)) for key, value in facts.items()]
        with self.file.transaction() as connection:
            for row in rows:  # in a Turkish locale sqlite3 takes no INSERT for what executemany may run
                connection.execute("INSERT OR REPLACE INTO batch VALUES (?, ?)", row)

    def items(
        self,
        *,
        states: Iterable[ItemState] = CURRENT_STATES,
        updated_since: float | None = None,
        names: Iterable[str] | None = None,
    ) -> Iterator[ItemRow]:
        """Yield rows in the order of the table; see `read_rows`."""
        return read_rows(self.file, states=states, updated_since=updated_since, names=names)

    def summary(self) -> Summary:
        """Return the state of the batch."""
        return summarize_rows(self.file)

    @contextmanager
    def import_items(self, *, keep: bool = True) -> Iterator[ItemImport]:
        """Import a table, whole or not at all; see `studio.batch.item_import.import_items`."""
        with import_items(self.file, keep=keep) as importing:
            yield importing
        if keep:
            self.leases.table = importing.digest

    def count_items(self) -> dict[ItemState, int]:
        """Return how many items of the table are in each state."""
        return count_items(self.file)

    def retry_failed(self) -> int:
        """Make every failed or held item pending again; return how many there were."""
        with self.file.transaction() as connection:
            changed = connection.execute(
                "UPDATE items SET state = 'pending', attempts = 0, crashes = 0, not_before = 0, updated = ? "
                "WHERE state IN ('failed', 'held')",
                (time.time(),),
            )
        return changed.rowcount

    def remove_partial_files(self) -> int:
        """Remove the partial files of killed processes, if no other process takes part; return how many there were."""
        if self.leases.count_other_workers():
            return 0
        count = 0
        for place, _, names in os.walk(self.folder):
            for name in filter(is_temporary_name, names):
                with suppress(OSError):
                    os.unlink(os.path.join(place, name))
                    count += 1
        return count


__all__ = ["LEDGER_NAME", "Ledger"]
