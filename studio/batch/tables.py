"""Items from tables: CSV, TSV, JSON Lines and Parquet, read row by row so that memory does not grow with them."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from studio.batch.groups import NAME_COLUMN, Cell, Group, Row, name_rows
from studio.errors import UsageError
from studio.files import resolve_path

_LARGEST_CELL = 16 * 2**20


def open_table(path: Path, *, name_column: str = NAME_COLUMN) -> Group:
    """Return the rows of a CSV, TSV, JSON Lines or Parquet file; "-" reads JSON Lines from the standard input.

    Raises:
        UsageError: E740 if the file is missing or has another type; E747 if pyarrow is not installed.
    """
    kind = path.suffix.lower()
    if str(path) == "-":
        return lambda: name_rows(_read_json_lines(sys.stdin.buffer, "-", Path()), name_column)
    if not path.is_file():
        raise UsageError("E740", f"there are no items in {str(path)!r}: no such file", hint="check the path")
    if kind in (".csv", ".tsv"):
        return lambda: name_rows(_read_csv(path, "\t" if kind == ".tsv" else ","), name_column)
    if kind in (".jsonl", ".ndjson"):
        return lambda: name_rows(_open_json_lines(path), name_column)
    if kind == ".parquet":
        _require_parquet()
        return lambda: name_rows(_read_parquet(path), name_column)
    raise UsageError(
        "E740", f"unsupported table {path.name!r}", hint="tables are .csv, .tsv, .jsonl, .ndjson and .parquet"
    )


def _read_csv(path: Path, delimiter: str) -> Iterator[Row]:
    csv.field_size_limit(_LARGEST_CELL)
    base = resolve_path(path.parent)
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, delimiter=delimiter, strict=True)
            header = _check_header(next(reader, []), path)
            before = reader.line_num
            for cells in reader:
                source, before = f"{path.name}:{before + 1}", reader.line_num
                if not cells:
                    continue
                problem = f"expected {len(header)} cells, got {len(cells)}" if len(cells) != len(header) else ""
                values = {name: Cell(cell) for name, cell in zip(header, cells, strict=False)}
                yield Row(values, source=source, base=base, problem=problem)
    except (csv.Error, UnicodeDecodeError, OSError) as error:
        raise _create_read_error(path, error) from None


def _check_header(header: Sequence[str], path: Path) -> list[str]:
    names = [name.strip() for name in header]
    twice = next((name for name in names if names.count(name) > 1), None)
    if not names or twice is not None or "" in names:
        what = f"duplicate column {twice!r}" if twice else "a column without a name" if names else "no columns"
        raise UsageError("E740", f"{what} in {path.name!r}", where=f"{path}:1", hint="the first line names the inputs")
    return names


def _open_json_lines(path: Path) -> Iterator[Row]:
    try:
        with path.open("rb") as file:
            yield from _read_json_lines(file, path.name, resolve_path(path.parent))
    except OSError as error:
        raise _create_read_error(path, error) from None


def _read_json_lines(lines: Iterable[bytes], name: str, base: Path) -> Iterator[Row]:
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        source = f"{name}:{number}"
        try:
            values = json.loads(line, object_pairs_hook=_build_object)
        except (ValueError, RecursionError) as error:
            yield Row({}, source=source, base=base, problem=f"not JSON: {error}")
            continue
        valid = isinstance(values, dict)
        problem = "" if valid else f"expected an object, got {type(values).__name__}"
        yield Row(values if valid else {}, source=source, base=base, problem=problem)


def _build_object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    built = dict(pairs)
    if len(built) < len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"duplicate key {next(name for name in names if names.count(name) > 1)!r}")
    return built


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
                    yield Row(values, source=f"{path.name}:{number}", base=resolve_path(path.parent))
    except (pyarrow.ArrowException, OSError) as error:
        raise _create_read_error(path, error) from None


def _create_read_error(path: Path, error: Exception) -> UsageError:
    return UsageError("E740", f"{path.name!r} cannot be read: {error}", where=str(path), hint="check the file")
