"""Items from tables, files, folders and the command line: read row by row, so that memory does not grow with them."""

from __future__ import annotations

import csv
import fnmatch
import json
import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from studio.errors import Finding, GraphError, UsageError

NAME_COLUMN = "name"
_LARGEST_CELL = 16 * 2**20


class ItemsError(GraphError):
    """A table of items is wrong; `findings` holds every bad row."""


class Cell(str):
    """A value that was read as text, and means what the input at its column takes."""

    __slots__ = ()


@dataclass(frozen=True)
class Row:
    """One row of a group.

    Attributes:
        values: What it gives, by column.
        label: Its part of the item's name; "" if it has none.
        source: File and line.
        base: Folder that its relative paths are seen from.
        problem: What is wrong with it as it stands, if anything is.
    """

    values: Mapping[str, Any]
    label: str = ""
    source: str = ""
    base: Path = field(default_factory=Path)
    problem: str = ""


Group = Callable[[], Iterable[Row]]
"""Rows that can be gone through again and again. Within a group columns go together; groups multiply."""


def combine(groups: Sequence[Group]) -> Iterator[tuple[Row, ...]]:
    """Yield one row of each group, in every combination; the last group turns fastest."""
    if not groups:
        yield ()
        return
    for row in groups[0]():
        for rest in combine(groups[1:]):
            yield (row, *rest)


# -- tables ------------------------------------------------------------------------------------------------


def open_table(path: Path, *, name_column: str = NAME_COLUMN) -> Group:
    """Return the rows of a CSV, TSV, JSON Lines or Parquet file; "-" reads JSON Lines from the standard input.

    Raises:
        UsageError: E740 if it is none of these, or not there; E747 if Parquet cannot be read here.
    """
    kind = path.suffix.lower()
    if str(path) == "-":
        return lambda: _name_rows(_read_json_lines(sys.stdin.buffer, "-", Path()), name_column)
    if not path.is_file():
        raise UsageError("E740", f"there are no items in {str(path)!r}: no such file", hint="check the path")
    if kind in (".csv", ".tsv"):
        return lambda: _name_rows(_read_csv(path, "\t" if kind == ".tsv" else ","), name_column)
    if kind in (".jsonl", ".ndjson"):
        return lambda: _name_rows(_open_json_lines(path), name_column)
    if kind == ".parquet":
        _require_parquet()
        return lambda: _name_rows(_read_parquet(path), name_column)
    raise UsageError(
        "E740", f"{path.name!r} is no table of items", hint="tables are .csv, .tsv, .jsonl, .ndjson and .parquet"
    )


def _name_rows(rows: Iterable[Row], column: str) -> Iterator[Row]:
    for number, row in enumerate(rows, 1):
        label = row.values.get(column)
        yield Row(
            row.values, str(label) if label not in (None, "") else f"{number:05d}", row.source, row.base, row.problem
        )


def _read_csv(path: Path, delimiter: str) -> Iterator[Row]:
    csv.field_size_limit(_LARGEST_CELL)
    base = path.parent.resolve()
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, delimiter=delimiter, strict=True)
            header = _check_header(next(reader, []), path)
            before = reader.line_num
            for cells in reader:
                source, before = f"{path.name}:{before + 1}", reader.line_num
                if not cells:
                    continue
                problem = f"{len(cells)} cells, and {len(header)} columns" if len(cells) != len(header) else ""
                values = {name: Cell(cell) for name, cell in zip(header, cells, strict=False)}
                yield Row(values, source=source, base=base, problem=problem)
    except (csv.Error, UnicodeDecodeError, OSError) as error:
        raise _refuse_table(path, error) from None


def _check_header(header: Sequence[str], path: Path) -> list[str]:
    names = [name.strip() for name in header]
    twice = next((name for name in names if names.count(name) > 1), None)
    if not names or twice is not None or "" in names:
        what = f"two columns named {twice!r}" if twice else "no name for each column in its first line"
        raise UsageError("E740", f"{path.name!r} has {what}", where=f"{path}:1", hint="the first line names the inputs")
    return names


def _open_json_lines(path: Path) -> Iterator[Row]:
    try:
        with path.open("rb") as file:
            yield from _read_json_lines(file, path.name, path.parent.resolve())
    except OSError as error:
        raise _refuse_table(path, error) from None


def _read_json_lines(lines: Iterable[bytes], name: str, base: Path) -> Iterator[Row]:
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        source = f"{name}:{number}"
        try:
            values = json.loads(line)
        except (ValueError, RecursionError) as error:
            yield Row({}, source=source, base=base, problem=f"not JSON: {error}")
            continue
        fits = isinstance(values, dict)
        problem = "" if fits else f"an object was expected, not {type(values).__name__}"
        yield Row(values if fits else {}, source=source, base=base, problem=problem)


def _require_parquet() -> None:
    from importlib.util import find_spec

    if find_spec("pyarrow") is None:
        raise UsageError("E747", "Parquet needs pyarrow, which is not installed", hint="pip install 'studio[parquet]'")


def _read_parquet(path: Path) -> Iterator[Row]:
    import pyarrow
    import pyarrow.parquet

    number = 0
    try:
        with pyarrow.parquet.ParquetFile(path) as table:
            for part in table.iter_batches(batch_size=512):
                for values in part.to_pylist():
                    number += 1
                    yield Row(values, source=f"{path.name}:{number}", base=path.parent.resolve())
    except (pyarrow.ArrowException, OSError) as error:
        raise _refuse_table(path, error) from None


def _refuse_table(path: Path, error: Exception) -> UsageError:
    return UsageError("E740", f"{path.name!r} cannot be read: {error}", where=str(path), hint="check the file")


# -- files -------------------------------------------------------------------------------------------------


def find_files(name: str, pattern: str, *, limit: int | None = None) -> Group:
    """Return a row for each file that fits a pattern such as `photos/**/*.jpg`, named by its path below the pattern's
    fixed part; `**` goes into folders.

    Raises:
        UsageError: E740 if there are none.
    """
    parts = Path(pattern).parts
    fixed = 0
    while fixed < len(parts) and not any(letter in parts[fixed] for letter in "*?["):
        fixed += 1
    root = Path(*parts[:fixed]) if fixed else Path()
    if fixed == len(parts) and root.is_dir():
        parts = (*parts, "*")
    if fixed == len(parts):
        root, fixed = root.parent, fixed - 1
    rest = parts[fixed:]

    def rows() -> Iterator[Row]:
        for path in islice(_walk(root, rest), limit):
            label = path.relative_to(root).with_suffix("").as_posix()
            yield Row({name: str(path)}, label, str(path), Path.cwd())

    if next(_walk(root, rest), None) is None:
        raise UsageError("E740", f"no file fits {pattern!r}", hint="quote the pattern; ** goes into folders")
    return rows


def _walk(folder: Path, pattern: Sequence[str]) -> Iterator[Path]:
    """Yield the files below a folder that fit the parts of a pattern, in order, one folder in memory at a time."""
    head, rest = pattern[0], pattern[1:]
    try:
        with os.scandir(folder) as found:
            entries = sorted(found, key=lambda entry: entry.name)
    except OSError:
        return
    if head == "**" and rest:
        yield from _walk(folder, rest)
    for entry in entries:
        if entry.name.startswith(".") and not head.startswith("."):
            continue
        path = folder / entry.name
        if head == "**":
            if entry.is_dir(follow_symlinks=False):
                yield from _walk(path, pattern)
            elif not rest and entry.is_file():
                yield path
        elif fnmatch.fnmatchcase(entry.name, head):
            if rest and entry.is_dir():
                yield from _walk(path, rest)
            elif not rest and entry.is_file():
                yield path


def find_outputs(name: str, folder: Path, *, output: str = "", extensions: Sequence[str] = ()) -> Group:
    """Return a row for each file that a batch or a run wrote into a folder.

    Args:
        name: The input that takes them.
        folder: The folder.
        output: Only files of this output; "" for all that fit.
        extensions: Extensions that the input reads.

    Raises:
        UsageError: E740 if there are none.
    """
    from studio.batch.ledger import LEDGER_NAME, Ledger

    if not folder.is_dir():
        raise UsageError("E740", f"there is no folder {str(folder)!r}", hint="name the folder of a batch or a run")
    if not (folder / LEDGER_NAME).is_file():
        return lambda: (
            Row({name: str(path)}, path.relative_to(folder).with_suffix("").as_posix(), str(path), Path.cwd())
            for path in _walk(folder, ("**",))
            if path.suffix.lower().lstrip(".") in extensions and (not output or path.stem.endswith(output))
        )

    def rows() -> Iterator[Row]:
        with Ledger(folder) as ledger:
            for item in ledger.items(states=("done",)):
                for found in item.outputs:
                    fits = not extensions or found.path.rpartition(".")[2].lower() in extensions
                    if fits and output in ("", found.output):
                        label = str(Path(found.path).with_suffix(""))
                        yield Row({name: str(folder.resolve() / found.path)}, label, item.source, folder)

    return rows


# -- the command line --------------------------------------------------------------------------------------


def zip_columns(columns: Mapping[str, Sequence[str]], source: str) -> Group:
    """Return rows in which the values of several columns go together; a column of one value stretches.

    Raises:
        UsageError: E749 if they are of unequal length.
    """
    lengths = {name: len(values) for name, values in columns.items()}
    longest = max(lengths.values(), default=0)
    if any(length not in (1, longest) for length in lengths.values()):
        told = ", ".join(f"{name}: {length}" for name, length in lengths.items())
        raise UsageError("E749", f"columns of unequal length ({told})", where=source, hint="use --product to multiply")
    labels = make_labels(
        [values[0] if len(values) == 1 else "_".join(values) for values in _transpose(columns, longest)]
    )

    def rows() -> Iterator[Row]:
        for number, values in enumerate(_transpose(columns, longest)):
            cells = {name: Cell(value) for name, value in zip(columns, values, strict=True)}
            yield Row(cells, labels[number], source, Path.cwd())

    return rows


def _transpose(columns: Mapping[str, Sequence[str]], length: int) -> Iterator[tuple[str, ...]]:
    for number in range(length):
        yield tuple(values[number if len(values) > 1 else 0] for values in columns.values())


def repeat(count: int, column: str | None, first: int) -> Group:
    """Return rows that count a column up, or rows without a column."""
    if column is None:
        return lambda: (Row({}, f"{number:03d}", "--repeat", Path.cwd()) for number in range(1, count + 1))
    return lambda: (
        Row({column: number}, f"{number:04d}", "--repeat", Path.cwd()) for number in range(first, first + count)
    )


def list_rows(rows: Iterable[Mapping[str, Any]], source: str = "items") -> Group:
    """Return rows from mappings in memory; a generator can be gone through once."""
    return lambda: _name_rows(
        (Row(dict(values), source=f"{source}[{number}]", base=Path.cwd()) for number, values in enumerate(rows)),
        NAME_COLUMN,
    )


def make_labels(values: Sequence[str]) -> list[str]:
    """Return short names for values, each another one."""
    short = [re.sub(r"[^\w.-]+", "-", value)[:40].strip("-.") for value in values]
    if all(short) and len({label.casefold() for label in short}) == len(short):
        return short
    return [f"{number:03d}" for number in range(1, len(values) + 1)]


def refuse(findings: Sequence[Finding], source: str) -> ItemsError:
    """Return the error that carries what is wrong with the items."""
    return ItemsError(findings, source=source)
