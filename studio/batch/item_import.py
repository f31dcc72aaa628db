"""`ItemImport`: brings a table of items into a ledger, whole or not at all."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from blake3 import blake3

from studio.batch.item import Item, ItemState
from studio.batch.ledger_file import LedgerFile
from studio.surrogates import dump_json


@dataclass
class ImportSummary:
    """How many items a table has, and how many were new, changed, as before or no longer in it."""

    total: int = 0
    added: int = 0
    changed: int = 0
    kept: int = 0
    removed: int = 0


@contextmanager
def import_items(file: LedgerFile, *, keep: bool = True) -> Iterator[ItemImport]:
    """Import a table in one transaction; items that it lacks are "removed". If the block raises, nothing changes.

    Args:
        file: The ledger.
        keep: Whether to write the changes; else they are undone once they are known.
    """
    with file.transaction(keep=keep) as connection:
        run = connection.execute
        number = run("SELECT coalesce(max(pass), 0) + 1 FROM items").fetchone()[0]
        run(
            "CREATE TEMP TABLE IF NOT EXISTS names "
            "(kind TEXT, path TEXT, name TEXT, source TEXT, PRIMARY KEY (kind, path)) WITHOUT ROWID"
        )
        run("DELETE FROM temp.names")
        importing = ItemImport(connection, number, file.folder)
        yield importing
        removed = run(
            "UPDATE items SET state = 'removed', worker = NULL, updated = ? WHERE pass < ? AND state <> 'removed'",
            (time.time(), number),
        )
        importing.summary.removed = removed.rowcount
        run("INSERT OR REPLACE INTO batch VALUES ('table', ?)", (dump_json(importing.digest),))
        run("DELETE FROM temp.names")
    with file.reading() as connection:
        connection.execute("PRAGMA shrink_memory")  # a long table filled its pages


@dataclass
class ItemImport:
    """A table that is being imported: one transaction."""

    connection: sqlite3.Connection
    number: int
    folder: Path
    summary: ImportSummary = field(default_factory=ImportSummary)
    _sum: int = 0

    @property
    def digest(self) -> str:
        """What tells the items so far from others, in any order."""
        return f"{self._sum:032x}"

    def add(self, item: Item, fingerprint: str) -> None:
        """Import one item: new, changed, or as before."""
        query = "SELECT id, fingerprint, state FROM items WHERE name = ?"
        found = self.connection.execute(query, (item.name,)).fetchone()
        self.summary.total += 1
        self._sum = (self._sum + _hash_item(item, fingerprint)) % 2**128
        if found is None:
            self.summary.added += 1
            self._insert(item, fingerprint)
            return
        row, known, state = found
        again = known != fingerprint or self._must_run_again(row, ItemState(state))
        self.summary.changed += again
        self.summary.kept += not again
        self._update(row, item, fingerprint)
        if again:
            self._reset(row)

    def _must_run_again(self, row: int, state: ItemState) -> bool:
        return state == ItemState.REMOVED or (state in (ItemState.DONE, ItemState.HELD) and not self._has_files(row))

    def _insert(self, item: Item, fingerprint: str) -> None:
        values = dump_json(item.values)
        self.connection.execute(
            "INSERT INTO items (name, number, source, vals, fingerprint, state, updated, pass) "
            "VALUES (?, ?, ?, ?, ?, 'pending', ?, ?)",
            (item.name, item.index, item.source, values, fingerprint, time.time(), self.number),
        )

    def _update(self, row: int, item: Item, fingerprint: str) -> None:
        values = dump_json(item.values)
        self.connection.execute(
            "UPDATE items SET number = ?, source = ?, vals = ?, fingerprint = ?, pass = ? WHERE id = ?",
            (item.index, item.source, values, fingerprint, self.number, row),
        )

    def _reset(self, row: int) -> None:
        self.connection.execute(
            "UPDATE items SET state = 'pending', worker = NULL, attempts = 0, crashes = 0, not_before = 0, "
            "error = NULL, updated = ? WHERE id = ?",
            (time.time(), row),
        )

    def _has_files(self, row: int) -> bool:
        """Return whether every file of an item exists in the size in which it was written."""
        rows = self.connection.execute("SELECT path, bytes FROM outputs WHERE item = ?", (row,))
        try:
            return all(os.stat(self.folder / path).st_size == size for path, size in rows)
        except OSError:
            return False

    def reserve_path(self, kind: str, path: str, item: Item) -> tuple[str, str] | None:
        """Reserve a path for an item; return name and source of the item that has it already, or None.

        Args:
            kind: "item name" or "file name"; paths of different kinds do not meet.
            path: The path, in one letter case.
            item: Which item needs it.
        """
        run = self.connection.execute
        run("INSERT OR IGNORE INTO temp.names VALUES (?, ?, ?, ?)", (kind, path, item.name, item.source))
        if run("SELECT changes()").fetchone()[0] == 1:  # a Turkish locale keeps sqlite3 from counting rows of INSERT
            return None
        found = run("SELECT name, source FROM temp.names WHERE kind = ? AND path = ?", (kind, path)).fetchone()
        return str(found[0]), str(found[1])

    def find_shared_folder(self, folder: str, files: Iterable[str], item: Item) -> tuple[str, str] | None:
        """Return name and source of an item whose folder is in this one's, or contains its folder or files, or None.

        Nodes write files under names of their own into the folder of their item: there they would meet another's.

        Args:
            folder: The folder of the item, in one letter case.
            files: The names of its outputs, in one letter case.
            item: The item; the paths of all items so far are reserved.
        """
        around = {str(parent) for path in (folder, *files) for parent in PurePosixPath(path).parents}
        found = self.connection.execute(
            "SELECT name, source FROM temp.names WHERE name <> ? AND ("
            "(kind = 'item name' AND path IN (SELECT value FROM json_each(?))) OR "
            "(kind IN ('item name', 'file name') AND path > ? AND path < ?)) LIMIT 1",
            (item.name, dump_json(sorted(around)), f"{folder}/", f"{folder}0"),
        ).fetchone()
        return (str(found[0]), str(found[1])) if found is not None else None


def _hash_item(item: Item, fingerprint: str) -> int:
    text = f"{item.name}\0{fingerprint}".encode(errors="backslashreplace")
    return int.from_bytes(blake3(text).digest(16))
