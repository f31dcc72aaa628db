"""How long the rest of a batch takes and how large its files are: from items that ran, and from times in the cache."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from studio.app import Studio
from studio.batch.batch import Batch
from studio.batch.item import Item, ItemState
from studio.batch.item_import import ImportSummary, ItemImport
from studio.batch.ledger import Ledger
from studio.batch.sampled_calls import CallNames, SampledCall, estimate_distinct
from studio.errors import StudioError
from studio.execution.explain import Explanation, explain_plan
from studio.graph.given import restore_inputs

_SAMPLE = 20
_TO_DO = (ItemState.PENDING, ItemState.RUNNING)


@dataclass(frozen=True)
class Estimate:
    """What is still to do in a batch.

    Attributes:
        imported: How many items the table has, and how many are new or changed.
        to_do: Items that would run.
        workers: Workers that share them.
        seconds: About how long they take; None if nothing was measured.
        bytes: About how large their files are; None if no item has files yet.
        measured: Items of the table that ran; 0 if the seconds come from node types alone.
        sampled: Items that were looked up in the cache.
        cached: Share of their calls that are in the cache, from 0 to 1.
        node_types: Mean seconds of a call but for the slowest, by node type, where the seconds come from these.
        unmeasured: Node types without any recorded time.
    """

    imported: ImportSummary
    to_do: int
    workers: int
    seconds: float | None = None
    bytes: int | None = None
    measured: int = 0
    sampled: int = 0
    cached: float = 0.0
    node_types: Mapping[str, float] = field(default_factory=dict)
    unmeasured: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return the estimate as plain JSON."""
        return asdict(self)


@dataclass
class _Measured:
    """What the ledger knows when the table is imported.

    Attributes:
        to_do: Items that would run.
        sample: Some of them.
        items: Items that ran, and not from the cache alone.
        busy_seconds: Time in which at least one of them ran.
        missed: Share of the calls of these items that ran, and were neither cached nor shared.
        written: Items with files.
        bytes: Size of their files.
    """

    to_do: int = 0
    sample: list[Item] = field(default_factory=list)
    items: int = 0
    busy_seconds: float = 0.0
    missed: float = 1.0
    written: int = 0
    bytes: int = 0


def estimate_batch(batch: Batch, ledger: Ledger, *, workers: int, retry_failed: bool = False) -> Estimate:
    """Return what is still to do; the ledger stays as it is.

    Args:
        batch: The batch.
        ledger: Its ledger.
        workers: How many workers share the items.
        retry_failed: Whether failed items run again.

    Raises:
        ItemsError: Items are invalid.
    """
    found = _Measured()
    states = (*_TO_DO, ItemState.FAILED, ItemState.HELD) if retry_failed else _TO_DO
    imported = batch.import_items(ledger, keep=False, inspect=lambda importing: _measure(importing, states, found))
    if not found.to_do:
        return Estimate(imported, 0, workers, 0.0, 0, found.items)
    looked_up = _Lookup(batch, found.sample) if batch.spec.cache == "use" or not found.items else None
    cached = looked_up.cached if looked_up is not None and batch.spec.cache == "use" else 0.0
    size = round(found.to_do * found.bytes / found.written) if found.written else None
    sampled = looked_up.count if looked_up is not None else 0
    if found.items:
        each = found.busy_seconds * _find_workers(ledger) / found.items
        rest = found.to_do * each * min(1.0, (1 - cached) / found.missed) / workers
        return Estimate(imported, found.to_do, workers, rest, size, found.items, sampled, cached)
    assert looked_up is not None
    threads = max(1, batch.studio.settings.cpu_workers // workers)
    seconds = looked_up.find_seconds(found.to_do, workers, threads, use_cache=batch.spec.cache == "use")
    return Estimate(
        imported,
        found.to_do,
        workers,
        seconds,
        size,
        sampled=sampled,
        cached=cached,
        node_types=looked_up.means,
        unmeasured=looked_up.unmeasured,
    )


def _find_workers(ledger: Ledger) -> int:
    """Return how many workers the last run had."""
    return int(ledger.describe().get("workers") or 1)


# -- the ledger ----------------------------------------------------------------------------------------


def _measure(importing: ItemImport, states: Iterable[ItemState], found: _Measured) -> None:
    run, number = importing.connection.execute, importing.number
    names = [str(state) for state in states]
    chosen = f"pass = ? AND state IN ({','.join('?' * len(names))})"
    found.to_do = run(f"SELECT count(*) FROM items WHERE {chosen}", (number, *names)).fetchone()[0]
    found.sample = list(_choose_sample(importing.connection, chosen, (number, *names), found.to_do))
    fresh = "pass = ? AND state = 'done' AND (calls = 0 OR cached < calls) AND started IS NOT NULL"
    spans = run(f"SELECT started, finished FROM items WHERE {fresh} ORDER BY started", (number,))
    found.items, found.busy_seconds = _join_spans(spans)
    calls, hits = run(f"SELECT total(calls), total(cached) FROM items WHERE {fresh}", (number,)).fetchone()
    found.missed = 1 - hits / calls if calls else 1.0
    query = "SELECT count(DISTINCT items.id), total(bytes) FROM items JOIN outputs ON item = items.id "
    found.written, found.bytes = run(f"{query} WHERE pass = ? AND state = 'done'", (number,)).fetchone()


def _choose_sample(
    connection: sqlite3.Connection, condition: str, values: tuple[Any, ...], total: int
) -> Iterator[Item]:
    """Yield some items, evenly from all that are to do."""
    count = min(total, _SAMPLE)
    query = f"SELECT number, name, vals, source FROM items WHERE {condition} ORDER BY number LIMIT 1 OFFSET ?"
    for place in range(count):
        index, name, given, source = connection.execute(query, (*values, place * total // count)).fetchone()
        yield Item(index, name, json.loads(given), source)


def _join_spans(spans: Iterable[tuple[float, float]]) -> tuple[int, float]:
    """Return how many spans of time there are, and how long at least one of them was."""
    count, busy, end = 0, 0.0, float("-inf")
    for started, finished in spans:
        count += 1
        busy += max(0.0, finished - max(started, end))
        end = max(end, finished)
    return count, busy


# -- the cache -----------------------------------------------------------------------------------------


class _Lookup:
    """What the cache knows of some items: what they need not run, and how long the rest took elsewhere."""

    def __init__(self, batch: Batch, items: Iterable[Item]) -> None:
        self._studio = batch.studio
        self._means: dict[str, float | None] = {}
        names = CallNames()
        self._items = [calls for calls in (_explain(batch, item, names) for item in items) if calls is not None]
        self.count = len(self._items)

    @property
    def means(self) -> dict[str, float]:
        """Mean seconds of a call but for the slowest, by node type, where there are any."""
        return {name: mean for name, mean in sorted(self._means.items()) if mean is not None}

    @property
    def unmeasured(self) -> tuple[str, ...]:
        """Node types whose calls were never timed."""
        return tuple(name for name, mean in sorted(self._means.items()) if mean is None)

    @property
    def cached(self) -> float:
        """The share of all calls that are in the cache."""
        standings = [call.row.standing for calls in self._items for call in calls]
        return standings.count("hit") / len(standings) if standings else 0.0

    def find_seconds(self, to_do: int, workers: int, threads: int, *, use_cache: bool) -> float | None:
        """Return about how long all items take, or None if no node type was ever timed.

        Args:
            to_do: How many items there are.
            workers: Workers that share them.
            threads: Threads of each worker.
            use_cache: Whether the calls of the cache do not run, and equal calls of several items run once.
        """
        lanes = {"cpu": threads * workers, "device": workers, "io": 2 * workers}
        busy = dict.fromkeys(lanes, 0.0)
        for calls in self._list_calls(use_cache=use_cache).values():
            count = to_do * len(calls) / self.count
            if use_cache:
                count = min(count, estimate_distinct([call.name for call in calls]))
            node_type = self._studio.registry.node_types.get(calls[0].row.node_type)
            lane = node_type.lane if node_type is not None else "io"
            seconds = sum(self._find_seconds(call.row) for call in calls) / len(calls)
            busy[lane] += seconds * count / min(lanes[lane], max(1.0, count))
        return max(busy.values()) if self.means else None

    def _list_calls(self, *, use_cache: bool) -> dict[str, list[SampledCall]]:
        """Return by node what would run, an entry for each sampled item that needs it."""
        found: dict[str, list[SampledCall]] = {}
        for calls in self._items:
            for call in calls:
                if call.row.standing != "hit" or not use_cache:
                    found.setdefault(call.row.node, []).append(call)
        return found

    def _find_seconds(self, row: Explanation) -> float:
        """Return how long a call took that is in the cache, else how long one of its type takes."""
        if row.node_type not in self._means:
            self._means[row.node_type] = self._studio.cache.find_mean_seconds(row.node_type)
        action = self._studio.cache.find(row.fingerprint, local=True) if row.fingerprint else None
        return action.seconds if action is not None else self._means[row.node_type] or 0.0


def _explain(batch: Batch, item: Item, names: CallNames) -> list[SampledCall] | None:
    """Return what the cache has of an item's nodes; None for an item that will fail."""
    studio: Studio = batch.studio
    try:
        plan = studio.plan_resolved(batch.resolved, restore_inputs(batch.resolved, item.values), only=batch.spec.only)
        calls = names.name_calls(plan, explain_plan(studio.local_executor, plan))
    except StudioError:
        return None
    return [call for call in calls if call.row.standing not in ("skipped", "failed") and call.row.node_type]
