"""`ItemRow` and `Summary`: what a ledger knows of its items, read a few rows at a time."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, astuple, dataclass, field
from types import NoneType
from typing import Any

from studio.batch.item import CURRENT_STATES, FINISHED_STATES, ItemOutput, ItemState
from studio.batch.ledger_file import LedgerFile, check_stored, refused_damage

_PAGE = 500
_LONGEST_CAUSE = 160
_SPECIFIC = re.compile(r"'[^']*'|\d+(\.\d+)?")
_COLUMNS = (
    "id, name, number, source, vals, fingerprint, state, attempts, crashes, worker, error, warnings, "
    "seconds, calls, cached, started, finished, updated, read, checks"
)
_MAYBE_TEXT, _MAYBE_WHOLE, _MAYBE_NUMBER = (str, NoneType), (int, NoneType), (int, float, NoneType)
_KINDS = (
    *(int, str, int, str, str, str, str, int, int, _MAYBE_TEXT, _MAYBE_TEXT, _MAYBE_TEXT),
    *(_MAYBE_NUMBER, _MAYBE_WHOLE, _MAYBE_WHOLE, _MAYBE_NUMBER, _MAYBE_NUMBER, (int, float), _MAYBE_TEXT, _MAYBE_TEXT),
)
_OUTPUT_KINDS = (str, str, str, int, str)


_CHECK_COUNTS = ("checked", "not_passed", "reseeded", "further_tries")
_COUNT_CHECKS = """
SELECT count(*), total(failed), total(tries > 1), total(tries - 1) FROM (
    SELECT json_extract(checks, '$.tries') AS tries, EXISTS (
        SELECT 1 FROM json_each(items.checks, '$.verdicts')
        WHERE CASE json_each.type WHEN 'object' THEN json_extract(json_each.value, '$.passed') = 0 END
    ) AS failed FROM items WHERE checks IS NOT NULL AND state IN ('done', 'failed', 'held')
)
"""


@dataclass(frozen=True)
class ItemRow:
    """What the ledger knows of one item.

    Times are seconds since 1970; `index` is the place in the table, from 0; `read` has digests of the files that the
    item's values name, by path; `checks` is what its checks found, see `ItemResult`.
    """

    index: int
    name: str
    source: str
    values: Mapping[str, Any]
    fingerprint: str
    state: ItemState
    attempts: int
    crashes: int
    worker: str | None
    error: Mapping[str, Any] | None
    warnings: tuple[str, ...]
    outputs: tuple[ItemOutput, ...]
    seconds: float | None
    calls: int | None
    cached: int | None
    started: float | None
    finished: float | None
    updated: float
    read: Mapping[str, str] = field(default_factory=dict)
    checks: Mapping[str, Any] = field(default_factory=dict)

    @property
    def used_values(self) -> dict[str, Any]:
        """The values that the item's files were made with: its own, with the seeds of its last try.

        Raises:
            TypeError: The ledger has other seeds than whole numbers, as Studio writes none.
        """
        seeds = check_stored(self.checks.get("seeds", {}), dict) if self.state in FINISHED_STATES else {}
        if not all(type(seed) is int for seed in seeds.values()):
            raise TypeError(f"the seeds of item {self.name!r} are not whole numbers")
        return {**self.values, **seeds}

    def to_json(self) -> dict[str, Any]:
        """Return the row as plain JSON."""
        return asdict(self)


@dataclass(frozen=True)
class Summary:
    """The state of a batch.

    Attributes:
        counts: Items by state; every state but "removed" has an entry.
        causes: Failed items by cause: (cause of the first of them, how many, name of the first), most first. Causes
            are equal that differ in numbers and quoted words only.
        calls: Calls of node types that finished items needed.
        cached: How many of them did not run.
        seconds: Time that finished items took, summed.
        bytes: Size of the files that were written.
        checks: Of the finished items, how many were checked ("checked"), did not pass ("not_passed") and ran again with
            another seed ("reseeded"), and how often these did so ("further_tries").
    """

    counts: Mapping[ItemState, int]
    causes: tuple[tuple[str, int, str], ...] = ()
    calls: int = 0
    cached: int = 0
    seconds: float = 0.0
    bytes: int = 0
    checks: Mapping[str, int] = field(default_factory=dict)

    @property
    def total(self) -> int:
        """All items that are in the table."""
        return sum(count for state, count in self.counts.items() if state != ItemState.REMOVED)


def read_rows(
    file: LedgerFile,
    *,
    states: Iterable[ItemState],
    updated_since: float | None = None,
    names: Iterable[str] | None = None,
) -> Iterator[ItemRow]:
    """Yield rows in the order of the table; only some are in memory at a time.

    Args:
        file: The ledger.
        states: Only items in these states.
        updated_since: Only items whose row changed at this time or later.
        names: Only items of these names.
    """
    arguments: list[Any] = [str(state) for state in states]
    condition = f"state IN ({_list_marks(arguments)})"
    if updated_since is not None:
        condition, arguments = f"{condition} AND updated >= ?", [*arguments, updated_since]
    if names is not None:
        wanted = list(names)
        condition, arguments = f"{condition} AND name IN ({_list_marks(wanted)})", [*arguments, *wanted]
    query = f"SELECT {_COLUMNS} FROM items WHERE {condition} AND (number, id) > (?, ?) "
    query += f"ORDER BY number, id LIMIT {_PAGE}"
    after: tuple[int, int] = (-1, -1)
    while True:
        with file.reading() as connection:
            rows = connection.execute(query, [*arguments, *after]).fetchall()
            outputs = _read_outputs(connection, [row[0] for row in rows])
        for row in rows:
            with refused_damage(file.path):
                made = _create_row(row, outputs.get(row[0], ()))
            yield made
        if len(rows) < _PAGE:
            return
        after = (rows[-1][2], rows[-1][0])


def _list_marks(values: Sequence[Any]) -> str:
    return ",".join("?" * len(values))


def _read_outputs(connection: sqlite3.Connection, ids: Sequence[int]) -> dict[int, tuple[ItemOutput, ...]]:
    found: dict[int, tuple[ItemOutput, ...]] = {}
    query = f"SELECT item, output, path, digest, bytes, kind FROM outputs WHERE item IN ({_list_marks(ids)})"
    for item, *rest in connection.execute(f"{query} ORDER BY item, position", ids):
        found[item] = (*found.get(item, ()), ItemOutput(*rest))
    return found


def _create_row(row: Sequence[Any], outputs: tuple[ItemOutput, ...]) -> ItemRow:
    """Return a row; TypeError or ValueError if anything in it is not as Studio writes it."""
    cells = dict(zip(_COLUMNS.split(", "), map(check_stored, row, _KINDS), strict=True))
    for output in outputs:
        for value, kind in zip(astuple(output), _OUTPUT_KINDS, strict=True):
            check_stored(value, kind)
    del cells["id"]
    return ItemRow(
        index=cells.pop("number"),
        values=_parse(cells.pop("vals"), dict),
        state=ItemState(cells.pop("state")),
        error=_parse(cells.pop("error"), dict, None),
        warnings=tuple(_parse(cells.pop("warnings"), list, ())),
        read=_parse(cells.pop("read"), dict, {}),
        checks=_parse(cells.pop("checks"), dict, {}),
        outputs=outputs,
        **cells,
    )


def _parse(text: str | None, kind: type, missing: Any = None) -> Any:
    return check_stored(json.loads(text), kind) if text else missing


def count_items(file: LedgerFile) -> dict[ItemState, int]:
    """Return how many items of a batch are in each state."""
    with file.reading() as connection, refused_damage(file.path):
        return _count_items(connection)


def _count_items(connection: sqlite3.Connection) -> dict[ItemState, int]:
    counts = connection.execute("SELECT state, count(*) FROM items GROUP BY state")
    return dict.fromkeys(CURRENT_STATES, 0) | {ItemState(state): count for state, count in counts}


def summarize_rows(file: LedgerFile) -> Summary:
    """Return the state of a batch."""
    with file.reading() as connection, refused_damage(file.path):
        run = connection.execute
        counts = _count_items(connection)
        calls, cached, seconds = run(
            "SELECT total(calls), total(cached), total(seconds) FROM items WHERE state IN ('done', 'failed', 'held')"
        ).fetchone()
        size = run(
            "SELECT total(bytes) FROM outputs JOIN items ON item = items.id WHERE state IN ('done', 'failed', 'held')"
        ).fetchone()[0]
        failed = run("SELECT error, name FROM items WHERE state = 'failed' ORDER BY number")
        causes = _group_causes((json.loads(text or "{}"), name) for text, name in failed)
        checks = dict(zip(_CHECK_COUNTS, map(int, run(_COUNT_CHECKS).fetchone()), strict=True))
        return Summary(counts, causes, int(calls), int(cached), seconds, int(size), checks)


def _group_causes(failed: Iterable[tuple[Mapping[str, Any], str]]) -> tuple[tuple[str, int, str], ...]:
    groups: dict[str, tuple[str, int, str]] = {}
    for error, name in failed:
        cause = describe_cause(error)
        group = _SPECIFIC.sub("?", cause)
        first, count, example = groups.get(group, (cause, 0, name))
        groups[group] = (first, count + 1, example)
    return tuple(sorted(groups.values(), key=lambda cause: -cause[1]))


def describe_cause(error: Mapping[str, Any]) -> str:
    """Return the cause of a failure in a line: code, node, first line of the message."""
    message = str(error.get("message", "")).splitlines()
    place = f" at {error['node']}" if error.get("node") else ""
    first = message[0] if message else "no message"
    short = first if len(first) <= _LONGEST_CAUSE else first[: _LONGEST_CAUSE - 3] + "..."
    return f"{error.get('code', 'E999')}{place}: {short}"
