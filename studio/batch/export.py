"""The ledger as a table: CSV or JSON Lines."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from pathlib import Path
from typing import Any, TextIO

from studio.batch.item import FINISHED_STATES
from studio.batch.item_rows import ItemRow
from studio.batch.verdicts import describe_failures
from studio.errors import RunError
from studio.files import replace_file
from studio.surrogates import dump_json

_COLUMNS = (
    "name", "index", "state", "attempts", "seconds", "calls", "cached", "source", "error_code", "error", "files",
    "digests", "values", "not_passed",
)  # fmt: skip
_CSV_END = "\r\n"


def write_rows(rows: Iterable[ItemRow], kind: str, target: Path | TextIO) -> None:
    """Write rows as "csv" or "jsonl", to a stream or to a file that appears whole.

    Raises:
        RunError: E742 if the file cannot be written.
    """
    if not isinstance(target, Path):
        _write(rows, kind, target)
        return
    try:
        with (
            replace_file(target) as temporary,
            temporary.open("w", encoding="utf-8", errors="backslashreplace", newline="") as file,
        ):
            _write(rows, kind, file)
    except OSError as error:
        reason = error.strerror or str(error)
        raise RunError("E742", f"cannot write the table: {reason}", where=str(target), hint="name another") from None


def _write(rows: Iterable[ItemRow], kind: str, stream: TextIO) -> None:
    if kind == "jsonl":
        for row in rows:
            stream.write(dump_json(row.to_json()) + "\n")
        return
    writer = csv.writer(_LineFeeds(stream), lineterminator=_CSV_END)
    writer.writerow(_COLUMNS)
    for row in rows:
        writer.writerow(_flatten(row))


class _LineFeeds:
    """Ends the lines of a `csv.writer` with a line feed alone; its own ends let it quote both characters in cells."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, line: str) -> int:
        return self._stream.write(line.removesuffix(_CSV_END) + "\n")


def _flatten(row: ItemRow) -> list[Any]:
    error = row.error or {}
    cells = [row.name, row.index, row.state, row.attempts, row.seconds, row.calls, row.cached, row.source]
    cells += [error.get("code"), error.get("message")]
    cells += [" ".join(output.path for output in row.outputs), " ".join(output.digest for output in row.outputs)]
    failed = describe_failures(row.checks.get("verdicts")) if row.state in FINISHED_STATES else ""
    return [*map(_escape_formula, cells), dump_json(row.values), _escape_formula(failed)]


def _escape_formula(cell: Any) -> Any:
    """Return a cell that no spreadsheet reads as a formula."""
    return "'" + cell if isinstance(cell, str) and cell[:1] in ("=", "+", "-", "@", "\t", "\r") else cell
