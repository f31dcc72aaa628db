"""Tables in CSV files (RFC 4180), read whole."""

from __future__ import annotations

import codecs
import csv
import io
import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from studio.api import StudioError

_MOST_BYTES = 32 * 2**20
_MOST_CELLS = 2_000_000
_MOST_COLUMNS = 1000
_LARGEST_CELL = 16 * 2**20
_LARGEST_INT = 2**63
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # begins with the mark of UTF-16
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_SEPARATORS = {"comma": ",", "semicolon": ";", "tab": "\t", "bar": "|"}
_NUMBER = re.compile(r"-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?", re.ASCII)


@dataclass(frozen=True)
class Table:
    """A table.

    Attributes:
        names: Names of the columns.
        rows: Cells of each row.
    """

    names: list[str]
    rows: list[list[Any]]

    def list_records(self) -> list[Any]:
        """Return each row as a mapping from the names of the columns."""
        return [dict(zip(self.names, row, strict=True)) for row in self.rows]

    def list_columns(self) -> dict[str, list[Any]]:
        """Return the cells of each column by its name."""
        return {name: [row[index] for row in self.rows] for index, name in enumerate(self.names)}


@dataclass(frozen=True)
class CsvForm:
    """How a table is written.

    Attributes:
        separator: "comma", "semicolon", "tab", "bar", or "auto" for the one that the first line has most of.
        encoding: Name of the encoding; "auto" for what a byte order mark says, or else UTF-8.
        header: Whether the first row has the names of the columns.
        short_rows: "fill" to add empty cells to short rows, "fail" to refuse them.
        strip: Whether to remove spaces around cells.
    """

    separator: str = "auto"
    encoding: str = "auto"
    header: bool = True
    short_rows: str = "fail"
    strip: bool = True


def read_table(path: Path, form: CsvForm, numbers: bool = False) -> Table:
    """Read a table.

    Args:
        path: File to read.
        form: How it is written.
        numbers: Turn columns that have only numbers and empty cells into numbers and None.

    Raises:
        StudioError: E326 for what is not such a table or too large, with the line.
    """
    text = _decode(path, _read_bytes(path), form.encoding)
    rows = _read_rows(path, text, form)
    names, first = _read_names(path, rows, form)
    cells = [*first, *_list_rows(path, rows, names, form)]
    if not numbers:
        return Table(names, cells)
    columns = [_read_numbers([row[index] for row in cells]) for index in range(len(names))]
    return Table(names, [list(row) for row in zip(*columns, strict=True)])


def _fail(path: Path, line: int | None, message: str, hint: str) -> StudioError:
    place = "" if line is None else f", line {line}"
    return StudioError("E326", f"{path.name!r}{place}: {message}", hint=hint)


def _read_bytes(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(_MOST_BYTES + 1)
    except OSError as error:
        raise _fail(path, None, f"it cannot be read: {error.strerror}", "check the file") from None
    if len(data) > _MOST_BYTES:
        raise _fail(path, None, f"it has over {_MOST_BYTES >> 20} MiB", "split the table, or run it as a batch")
    if data.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        raise _fail(path, None, "it is the file of a spreadsheet program", "save the table as CSV")
    return data


def _decode(path: Path, data: bytes, encoding: str) -> str:
    mark, marked = next(((mark, name) for mark, name in _MARKS if data.startswith(mark)), (b"", "utf-8"))
    name = marked if mark or encoding == "auto" else encoding
    try:
        text = data[len(mark) :].decode(name)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        hint = 'set encoding, such as "windows-1252", or save the table as UTF-8'
        raise _fail(path, line, f"it is not {name.upper()}", hint) from None
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise _fail(
            path, line, "it contains the character NUL", 'set encoding to "utf-16" if it is, or save it as UTF-8'
        )
    return text


def _read_rows(path: Path, text: str, form: CsvForm) -> Iterator[tuple[int, list[str]]]:
    """Yield the cells of each row that is not empty, and the line that it begins in."""
    note = re.match(r"sep=([,;|\t])\r?(\n|$)", text)
    start = note.end() if note else 0
    separator = _SEPARATORS.get(form.separator) or (note[1] if note else _guess_separator(text))
    csv.field_size_limit(max(csv.field_size_limit(), _LARGEST_CELL))  # of the whole process, so never less
    reader = csv.reader(io.StringIO(text[start:], newline=""), delimiter=separator, strict=True)
    skipped = before = 1 if note else 0
    try:
        for cells in reader:
            line, before = before + 1, skipped + reader.line_num
            if any(map(str.strip, cells)):
                yield line, [cell.strip() for cell in cells] if form.strip else cells
    except csv.Error as error:
        message = "quotes that do not end" if "unexpected end" in str(error) else str(error)
        hint = 'a cell with quotes is "in quotes, and ""double"" inside"'
        raise _fail(path, before + 1, message, hint) from None


def _guess_separator(text: str) -> str:
    """Return the separator that the first line with text has most of, outside quotes."""
    line = next((line for line in text[:_MOST_CELLS].splitlines() if line.strip()), "")
    line = re.sub(r'"[^"]*"', "", line)
    return max(_SEPARATORS.values(), key=line.count)


def _read_names(path: Path, rows: Iterator[tuple[int, list[str]]], form: CsvForm) -> tuple[list[str], list[list[str]]]:
    """Return the names of the columns, and the rows that were read to find them."""
    line, cells = next(rows, (1, []))
    if not cells:
        raise _fail(path, None, "it has no rows", "give a table with a row of names" if form.header else "give a table")
    if len(cells) > _MOST_COLUMNS:
        raise _fail(path, line, f"{len(cells)} columns, over {_MOST_COLUMNS}", "set separator, or remove columns")
    if not form.header:
        return [str(number + 1) for number in range(len(cells))], [cells]
    names = [cell.strip() for cell in cells]
    for number, name in enumerate(names):
        if not name:
            raise _fail(path, line, f"column {number + 1} has no name", "name it, remove it, or set header to false")
        if name in names[:number]:
            raise _fail(path, line, f"duplicate column {name[:60]!r}", "name each column differently")
    return names, []


def _list_rows(
    path: Path, rows: Iterator[tuple[int, list[str]]], names: Sequence[str], form: CsvForm
) -> Iterator[list[str]]:
    left = _MOST_CELLS
    for line, cells in rows:
        if len(cells) > len(names) or (len(cells) < len(names) and form.short_rows == "fail"):
            hint = 'a cell with the separator is in quotes; short_rows "fill" adds empty cells'
            raise _fail(path, line, f"expected {len(names)} cells, got {len(cells)}", hint)
        left -= len(names)
        if left < 0:
            raise _fail(path, line, f"over {_MOST_CELLS} cells", "split the table, or run it as a batch")
        yield [*cells, *[""] * (len(names) - len(cells))]


def _read_numbers(cells: Sequence[str]) -> Sequence[Any]:
    """Return numbers, and None for an empty cell, if a column has nothing else; otherwise the cells as they are."""
    if not any(cells) or not all(_is_number(cell) for cell in cells if cell):
        return cells
    return [_read_number(cell) if cell else None for cell in cells]


def _is_number(cell: str) -> bool:
    return len(cell) <= 100 and _NUMBER.fullmatch(cell) is not None and math.isfinite(float(cell))


def _read_number(cell: str) -> int | float:
    number = float(cell)
    return number if not cell.lstrip("-").isdigit() or abs(number) >= _LARGEST_INT else int(cell)
