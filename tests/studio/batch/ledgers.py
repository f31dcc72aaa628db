"""Shortcuts to fill a ledger, to finish its items, and to let one of its processes die."""

from __future__ import annotations

from collections.abc import Mapping

from studio.batch.item import Item, ItemResult, ItemState
from studio.batch.ledger import Ledger

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
    """Let a process look as if it had run on another machine and been silent for long."""
    with ledger.file.transaction() as connection:
        connection.execute("UPDATE workers SET host = 'elsewhere', seen = 0 WHERE id = ?", (worker,))
