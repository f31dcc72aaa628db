"""Shortcuts to fill a ledger, to finish its items, and to let one of its processes die."""

from __future__ import annotations

import gzip
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

from studio.batch.item import Item, ItemResult, ItemState
from studio.batch.ledger import LEDGER_NAME, Ledger

OLD_LEDGER = Path(__file__).parent / "golden/ledger.sqlite3.gz"
_NO_PROCESS = 2**30
ERROR = {"code": "E301", "message": "nope"}


def import_names(ledger: Ledger, *names: str, fingerprint: str = "f") -> None:
    """Import a table of these items, all with one fingerprint."""
    import_table(ledger, dict.fromkeys(names, fingerprint))


def import_table(ledger: Ledger, fingerprints: Mapping[str, str]) -> None:
    """Import a table of items with these fingerprints."""
    with ledger.import_items() as importing:
        for index, (name, fingerprint) in enumerate(fingerprints.items()):
            importing.add(Item(index, name, {}, f"items.csv:{index + 2}"), fingerprint)


def create_result(index: int, state: ItemState = ItemState.DONE) -> ItemResult:
    """Return the result of an item."""
    return ItemResult(index, state, error=ERROR if state == ItemState.FAILED else None)


def finish(ledger: Ledger, count: int = 1, state: ItemState = ItemState.DONE) -> None:
    """Claim items and complete them."""
    leases = ledger.leases.claim(count)
    ledger.leases.complete([(lease, create_result(lease.item.index, state)) for lease in leases])


def find_states(ledger: Ledger) -> dict[str, str]:
    """Return the state of every item, also of those that left the table."""
    return {row.name: row.state for row in ledger.items(states=ItemState)}


def declare_dead(ledger: Ledger, worker: str) -> None:
    """Let a process look as if it had run on this machine and ended."""
    with ledger.file.transaction() as connection:
        connection.execute("UPDATE workers SET pid = ? WHERE id = ?", (_NO_PROCESS, worker))


def copy_old_ledger(folder: Path) -> Path:
    """Write the ledger that release 0.1.0 left, of format 1, into a batch's folder; return its file."""
    file = folder / LEDGER_NAME
    file.parent.mkdir(parents=True)
    file.write_bytes(gzip.decompress(OLD_LEDGER.read_bytes()))
    return file


def create_old_ledger(folder: Path) -> None:
    """Create an empty ledger of format 1."""
    with closing(sqlite3.connect(copy_old_ledger(folder))) as connection:
        connection.executescript("DELETE FROM outputs; DELETE FROM items; DELETE FROM workers; DELETE FROM batch")
