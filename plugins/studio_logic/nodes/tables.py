"""Tables: lists of records, read from files and made of lists."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple

from studio.api import Context, Field, File, JsonValue, StudioError, check_inputs, node

Separator = Literal["auto", "comma", "semicolon", "tab", "bar"]
Encoding = Literal[
    "auto", "utf-8", "utf-16", "windows-1252", "iso-8859-1", "windows-1251", "shift_jis", "gb18030", "big5", "euc-kr"
]
ShortRows = Literal["fail", "fill"]


class Cells(NamedTuple):
    """A table, by rows and by columns.

    Attributes:
        rows: List of JSON mappings from the names of the columns to the cells of a row.
        columns: JSON mapping from the names of the columns to lists of their cells.
        names: List of the names of the columns.
    """

    rows: list[JsonValue]
    columns: JsonValue
    names: list[str]


class Records(NamedTuple):
    """Records in a list.

    Attributes:
        records: List of JSON mappings from the names to the entries.
    """

    records: list[JsonValue]


_LISTS = ("a", "b", "c", "d")


def _check_zip(inputs: Mapping[str, Any], _: object) -> Iterator[tuple[str, StudioError]]:
    from studio_logic.records import find_zip_faults

    if {"names", *_LISTS} <= inputs.keys():
        lists = {name: inputs[name] for name in _LISTS if inputs[name] is not None}
        yield from find_zip_faults(inputs["names"], lists)


@node("logic.zip", check=_check_zip)
def zip_lists(
    ctx: Context,
    names: Annotated[list[str], Field(min_length=1, max_length=4)],
    a: list[JsonValue],
    *,
    b: list[JsonValue] | None = None,
    c: list[JsonValue] | None = None,
    d: list[JsonValue] | None = None,
) -> Records:
    """Turn lists into records: ["name", "age"] with ["Ada", "Alan"] and [36, 41] gives two JSON mappings.

    A node with a JSON input runs for each record; logic.extract_text and logic.get_json read one of its values.

    Args:
        names: Name of each list, in order, all different.
        a: List of texts, numbers or JSON; a list with one entry is repeated.
        b: List for the second name; null for none.
        c: List for the third name; null for none.
        d: List for the fourth name; null for none.
    """
    from studio_logic.records import zip_records

    given = zip(_LISTS, (a, b, c, d), strict=True)
    return Records(zip_records(names, {name: one for name, one in given if one is not None}))


def _check_table(file: Path, separator: str, encoding: str, header: bool, short_rows: str) -> None:
    from studio_logic.csv_table import CsvForm, read_table

    read_table(file, CsvForm(separator, encoding, header, short_rows))


@node("logic.read_csv", check=check_inputs(_check_table))
def read_csv(
    ctx: Context,
    file: File,
    *,
    separator: Separator = "auto",
    encoding: Encoding = "auto",
    header: bool = True,
    numbers: bool = False,
    short_rows: ShortRows = "fail",
    strip: bool = True,
) -> Cells:
    """Read a table from a CSV file (RFC 4180): a JSON mapping for each row, and a list for each column.

    A node with a JSON input runs for each row: logic.template fills the names of columns in a text, logic.extract_text
    takes one column. Rows without text are skipped. A file has at most 32 MiB, 1,000 columns and 2,000,000 cells.

    Args:
        file: File to read, such as {"file": "products.csv"}.
        separator: Mark between two cells; "auto" takes the one that the first line has most of, or that its note
            "sep=;" names.
        encoding: Encoding of the text; "auto" is UTF-8, or what a byte order mark says.
        header: Take the first row as the names of the columns; otherwise they are "1", "2", "3" and so on.
        numbers: Turn a column into numbers if all its cells are like "12", "-1.5" or "1e3", and its empty cells into
            null. "007" and "1,5" stay text.
        short_rows: What to do with a row that has fewer cells than there are columns: "fail", or "fill" it with empty
            ones. A row that has more is always an error.
        strip: Remove spaces around cells.
    """
    from studio_logic.csv_table import CsvForm, read_table

    table = read_table(file.path, CsvForm(separator, encoding, header, short_rows, strip), numbers)
    return Cells(table.list_records(), table.list_columns(), table.names)
