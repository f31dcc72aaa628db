"""Items from tables: CSV, TSV, JSON Lines and Parquet, read row by row so that memory does not grow with them."""

from __future__ import annotations

import codecs
import csv
import json
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from studio.api.type_spec import describe_value
from studio.batch.groups import NAME_COLUMN, Cell, Group, Row, name_rows
from studio.errors import UsageError
from studio.files import resolve_path
from studio.graph.text_values import build_object

_LARGEST_CELL = 16 * 2**20
_MARKS = {",": "commas", ";": "semicolons", "\t": "tabs (and name the file .tsv)", "|": "bars"}
_WIDE_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, b"\0\0\xfe\xff")


def open_table(path: Path, *, name_column: str = NAME_COLUMN) -> Group:
    """Return the rows of a CSV, TSV, JSON Lines or Parquet file; "-" reads JSON Lines from the standard input.

    Raises:
        UsageError: E740 if the file is missing or has another type; E747 if pyarrow is not installed.
    """
    kind = path.suffix.lower()
    read = _find_reader(path, kind)
    return lambda: name_rows(_require_rows(read(), str(path)), name_column)


def _find_reader(path: Path, kind: str) -> Callable[[], Iterable[Row]]:
    if str(path) == "-":
        return lambda: _read_json_lines(sys.stdin.buffer, "-", Path())
    if not path.is_file():
        raise UsageError("E740", f"there are no items in {str(path)!r}: no such file", hint="check the path")
    if kind in (".csv", ".tsv"):
        return lambda: _read_csv(path, "\t" if kind == ".tsv" else ",")
    if kind in (".jsonl", ".ndjson"):
        return lambda: _open_json_lines(path)
    if kind == ".parquet":
        _require_parquet()
        return lambda: _read_parquet(path)
    raise UsageError(
        "E740", f"unsupported table {path.name!r}", hint="tables are .csv, .tsv, .jsonl, .ndjson and .parquet"
    )


def _require_rows(rows: Iterable[Row], name: str) -> Iterator[Row]:
    """Yield rows, of which there must be one."""
    empty = True
    for row in rows:
        empty = False
        yield row
    if empty:
        raise UsageError("E740", f"there are no items in {name!r}: it has no rows", hint="add a row for each item")


def _read_csv(path: Path, delimiter: str) -> Iterator[Row]:
    csv.field_size_limit(_LARGEST_CELL)
    base = resolve_path(path.parent)
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, delimiter=delimiter, strict=True)
            header = _check_header(next(reader, []), path, delimiter)
            before = reader.line_num
            for cells in reader:
                source, before = f"{path.name}:{before + 1}", reader.line_num
                if not any(map(str.strip, cells)):  # spreadsheets leave rows of empty cells below the last
                    continue
                problem = f"expected {len(header)} cells, got {len(cells)}" if len(cells) != len(header) else ""
                values = {name: Cell(cell) for name, cell in zip(header, cells, strict=False)}
                yield Row(values, source=source, base=base, problem=problem)
    except (csv.Error, UnicodeDecodeError, OSError) as error:
        raise _create_read_error(path, error) from None


def _check_header(header: Sequence[str], path: Path, delimiter: str) -> list[str]:
    """Return the names of the columns; UsageError E740 if they are no names of inputs."""
    names = [name.strip() for name in header]
    for problem in (_find_note(names, delimiter), _find_other_delimiter(names, delimiter), _find_wrong_name(names)):
        if problem is not None:
            message, hint = problem
            raise UsageError("E740", message.format(repr(path.name)), where=f"{path}:1", hint=hint)
    return names


def _find_note(names: list[str], delimiter: str) -> tuple[str, str] | None:
    """Return what is wrong if the first line is `sep=;`, as spreadsheets write it."""
    if not names or not names[0].lower().startswith("sep=") or any(names[1:]):
        return None
    mark = names[0][4:] or delimiter
    also = "" if mark == delimiter else f", and separate columns by {_MARKS[delimiter]}"
    return f"the first line of {{}} names no columns: {_quote(names[0])} is a note to a spreadsheet", (
        f"remove this line{also}"
    )


def _find_other_delimiter(names: list[str], delimiter: str) -> tuple[str, str] | None:
    """Return what is wrong if the names are separated by another mark."""
    other = next((mark for mark in ";\t|," if mark != delimiter and len(names) == 1 and mark in names[0]), None)
    if other is None:
        return None
    hint = f"separate columns by {_MARKS[delimiter]}, not by {_MARKS[other]}"
    return f"one column {_quote(names[0])} in {{}}", hint


def _find_wrong_name(names: list[str]) -> tuple[str, str] | None:
    """Return what is wrong with the names themselves."""
    if not any(names):
        what = "a column without a name" if names else "no columns"
        return f"{what} in {{}}", "the first line names the inputs"
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice:
        return f"duplicate column {_quote(twice)} in {{}}", "the first line names the inputs"
    if "" not in names:
        return None
    last, first = max(index for index, name in enumerate(names) if name) + 1, names.index("") + 1
    hint = f"name column {first}, or remove it" if first < last else f"remove the columns after column {last}"
    return "a column without a name in {}", hint


def _quote(name: str) -> str:
    return repr(name).replace("{", "{{").replace("}", "}}")


def _open_json_lines(path: Path) -> Iterator[Row]:
    try:
        with path.open("rb") as file:
            if file.read(4).startswith(_WIDE_MARKS):
                raise _refuse_encoding(path)
            file.seek(0)
            yield from _read_json_lines(file, path.name, resolve_path(path.parent))
    except OSError as error:
        raise _create_read_error(path, error) from None


def _read_json_lines(lines: Iterable[bytes], name: str, base: Path) -> Iterator[Row]:
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        source = f"{name}:{number}"
        try:
            values = json.loads(line.decode("utf-8-sig"), object_pairs_hook=build_object)
        except UnicodeDecodeError:
            yield Row({}, source=source, base=base, problem="invalid UTF-8; save the table as UTF-8")
            continue
        except (ValueError, RecursionError) as error:
            yield Row({}, source=source, base=base, problem=f"not JSON: {error}")
            continue
        valid = isinstance(values, dict)
        problem = "" if valid else f"expected an object, found {describe_value(values)}"
        yield Row(values if valid else {}, source=source, base=base, problem=problem)


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
    if isinstance(error, UnicodeDecodeError):
        return _refuse_encoding(path)
    return UsageError("E740", f"{path.name!r} cannot be read: {error}", where=str(path), hint="check the file")


def _refuse_encoding(path: Path) -> UsageError:
    with path.open("rb") as file:
        begin = file.read(64)
    is_wide = begin.startswith(_WIDE_MARKS) or b"\0" in begin
    found, name = ("UTF-16", "UTF-16") if is_wide else ("not UTF-8, perhaps Windows-1252", "CP1252")
    hint = f"save it as UTF-8: iconv -f {name} -t UTF-8 {path.name} > utf8{path.suffix}"
    return UsageError("E740", f"{path.name!r} cannot be read: it is {found}", where=str(path), hint=hint)
