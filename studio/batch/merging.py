"""Folders of one batch that machines filled apart, such as its shards, brought together in one folder."""

from __future__ import annotations

import os
import shutil
import sqlite3
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from studio.batch.item import FINISHED_STATES, ItemState
from studio.batch.item_rows import ItemRow
from studio.batch.ledger import Ledger
from studio.batch.own_files import is_own_file, remove_held_files
from studio.errors import UsageError
from studio.files import replace_file, sync_file
from studio.graph.paths import find_output_fault
from studio.provenance.builds import compare_builds, parse_builds
from studio.provenance.folder_links import check_links, is_inside
from studio.surrogates import dump_json

_SHARED_FACTS = ("graph", "outputs")
_SHARED_SPEC = {"template": "", "only": None, "reseed": 0, "seed_input": "seed"}
"""What the folders of one batch have in common, and what older ledgers mean that do not say it."""
_HINT = "merge the folders of one batch: the same graph, --filename-template, --only, --reseed and --seed-input"


@dataclass
class MergeSummary:
    """What a merge brought into a folder: items by state, their files, and what should be known of them.

    `folders` counts those that were read: one that is named twice counts once, and the target does not.
    `warnings` names the folders that other builds of Studio, plugins or libraries made than the first one.
    """

    done: int = 0
    failed: int = 0
    held: int = 0
    pending: int = 0
    files: int = 0
    bytes: int = 0
    warnings: list[str] = field(default_factory=list)
    folders: int = 0


def merge_batches(sources: Sequence[Path], target: Path) -> MergeSummary:
    """Bring the items and files of several folders of one batch into another; the folders stay as they are.

    Everything is checked first. A merge that was stopped goes on when it is asked for again.

    Args:
        sources: The folders.
        target: The folder to fill; it may have items of the batch already.

    Raises:
        RunError: E742 if a folder has no ledger.
        UsageError: E749 if the folders are of several batches, or two have an item or a file of one name.
    """
    with ExitStack() as stack:
        sources = list({os.path.realpath(folder): folder for folder in reversed(sources)}.values())[::-1]
        sources = [folder for folder in sources if os.path.realpath(folder) != os.path.realpath(target)]
        ledgers = [stack.enter_context(Ledger(folder)) for folder in sources]
        target.mkdir(parents=True, exist_ok=True)
        merged = stack.enter_context(Ledger(target, create=True))
        known = merged.describe()
        facts = [ledger.describe() for ledger in ledgers]
        if not facts:
            return MergeSummary()
        _check_same(sources, facts, known)
        with merged.file.transaction() as connection:
            _reserve(connection, ledgers)
        summary = MergeSummary(warnings=_compare_builds(sources, facts, known), folders=len(sources))
        for ledger in ledgers:
            _merge(ledger, merged, summary)
        merged.store(**_join_facts(known or facts[0], target))
    return summary


def _join_facts(facts: Mapping[str, Any], target: Path) -> dict[str, Any]:
    """Return what the merged folder says of its batch: it is no shard."""
    return {**facts, "spec": {**facts["spec"], "folder": os.path.realpath(target)}, "shard": None}


def _check_same(sources: Sequence[Path], facts: Sequence[Mapping[str, Any]], known: Mapping[str, Any]) -> None:
    first = known or facts[0]
    for folder, other in zip(sources, facts, strict=True):
        same = all(other.get(name) == first.get(name) for name in _SHARED_FACTS)
        if not same or _list_shared(other) != _list_shared(first):
            raise UsageError("E749", f"{str(folder)!r} is of another batch", where="merge", hint=_HINT)


def _list_shared(facts: Mapping[str, Any]) -> list[Any]:
    return [facts["spec"].get(name, default) for name, default in _SHARED_SPEC.items()]


def _compare_builds(sources: Sequence[Path], facts: Sequence[Mapping[str, Any]], known: Mapping[str, Any]) -> list[str]:
    first = parse_builds((known or facts[0]).get("distributions"))
    found = []
    for folder, other in zip(sources, facts, strict=True):
        builds = parse_builds(other.get("distributions"))
        differences = compare_builds(first, builds, ("elsewhere", "here")) if builds else []
        if differences:
            found.append(f"{str(folder)!r} was made by another build: {'; '.join(differences)}")
    return found


def _reserve(connection: sqlite3.Connection, ledgers: Sequence[Ledger]) -> None:
    """Refuse items and files of one name that differ; the names are kept on disk, as there may be many."""
    connection.execute("CREATE TEMP TABLE merged (kind TEXT, name TEXT, value TEXT, PRIMARY KEY (kind, name))")
    try:
        files = "SELECT 'file', path, name || ' ' || digest FROM outputs JOIN items ON item = items.id"
        connection.execute(f"INSERT INTO merged SELECT 'item', name, fingerprint FROM items UNION ALL {files}")
        for ledger in ledgers:
            for row in ledger.items():
                names = [("item", row.name, row.fingerprint)]
                names += [("file", made.path, f"{row.name} {made.digest}") for made in _list_outputs(row)]
                for name in names:
                    _reserve_name(connection, name, ledger.folder)
    finally:
        connection.execute("DROP TABLE temp.merged")


def _reserve_name(connection: sqlite3.Connection, name: tuple[str, str, str], folder: Path) -> None:
    query = "SELECT value FROM temp.merged WHERE kind = ? AND name = ?"
    found = connection.execute(query, name[:2]).fetchone()
    if found is None:
        connection.execute("INSERT INTO temp.merged VALUES (?, ?, ?)", name)
    elif found[0] != name[2]:
        message = f"{name[0]} {name[1]!r} of {str(folder)!r} differs from that of another folder"
        raise UsageError("E749", message, where="merge", hint="merge the folders of one table, each shard once")


def _list_outputs(row: ItemRow) -> Sequence[Any]:
    return row.outputs if row.state in FINISHED_STATES else ()


def _merge(ledger: Ledger, merged: Ledger, summary: MergeSummary) -> None:
    for row in ledger.items():
        state = row.state if row.state in FINISHED_STATES else ItemState.PENDING
        before = next(merged.items(states=ItemState, names=(row.name,)), None)
        ended = (ItemState.DONE,) if state in FINISHED_STATES else (ItemState.DONE, ItemState.HELD)
        if before is not None and before.state in ended:
            continue  # an earlier merge brought it, or the folder had it
        for made in _list_outputs(row):
            _check_inside(ledger.folder, made.path)
            check_links(merged.folder, made.path, "file")
            _copy(ledger.folder / made.path, merged.folder / made.path)
            summary.files += 1
            summary.bytes += made.bytes
        with merged.file.transaction() as connection:
            _insert(connection, row, state)
            if before is not None:
                kept = {made.path for made in _list_outputs(row)}
                remove_held_files(merged.folder, {made.path for made in before.outputs} - kept)
        setattr(summary, state, getattr(summary, state) + 1)


def _check_inside(folder: Path, name: str) -> None:
    """Refuse a recorded file outside of its folder, or in the place of a file of Studio's own."""
    if find_output_fault(name) is not None or is_own_file(name) or not is_inside(folder, name):
        message = f"{str(folder)!r} records {name[:80]!r}, which is no file of an item"
        hint = "studio verify tells what a folder records; merge folders that you know"
        raise UsageError("E749", message, where="merge", hint=hint)


def _copy(source: Path, target: Path) -> None:
    """Copy a file: a second name of it where the disk allows, as files of a batch are replaced and never changed."""
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with replace_file(target, sync="none") as temporary:
            try:
                os.link(source, temporary)
            except OSError:
                shutil.copyfile(source, temporary)
                sync_file(temporary)
    except OSError as error:
        reason = error.strerror or str(error)
        hint = "studio verify tells which files of a folder are missing; run its batch again"
        raise UsageError("E749", f"{str(source)!r} cannot be copied: {reason}", where="merge", hint=hint) from None


def _insert(connection: sqlite3.Connection, row: ItemRow, state: ItemState) -> None:
    values = _list_values(row, state)
    marks = ",".join("?" * len(values))
    connection.execute("DELETE FROM items WHERE name = ?", (row.name,))
    connection.execute(f"INSERT INTO items ({','.join(values)}) VALUES ({marks})", tuple(values.values()))
    item = connection.execute("SELECT id FROM items WHERE name = ?", (row.name,)).fetchone()[0]
    for place, made in enumerate(_list_outputs(row)):
        fields = (item, place, made.output, made.path, made.digest, made.bytes, made.kind)
        connection.execute("INSERT INTO outputs VALUES (?, ?, ?, ?, ?, ?, ?)", fields)


def _list_values(row: ItemRow, state: ItemState) -> dict[str, Any]:
    return {
        "name": row.name,
        "number": row.index,
        "source": row.source,
        "vals": dump_json(row.values),
        "fingerprint": row.fingerprint,
        "state": str(state),
        "attempts": row.attempts,
        "crashes": row.crashes,
        "error": dump_json(row.error) if row.error is not None else None,
        "warnings": dump_json(row.warnings) if row.warnings else None,
        "seconds": row.seconds,
        "calls": row.calls,
        "cached": row.cached,
        "started": row.started,
        "finished": row.finished,
        "read": dump_json(row.read) if row.read else None,
        "checks": dump_json(row.checks) if row.checks else None,
        "updated": time.time(),
        "pass": 1,
    }


def iterate_rows(ledgers: Sequence[Ledger], states: Sequence[ItemState]) -> Iterator[ItemRow]:
    """Yield the rows of several ledgers in the order of their one table."""
    import heapq

    yield from heapq.merge(*(ledger.items(states=states) for ledger in ledgers), key=lambda row: row.index)
