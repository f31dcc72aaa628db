"""Tables in CSV files."""

from __future__ import annotations

import codecs
import csv
from pathlib import Path
from typing import Any

import pytest

from studio.api import StudioError
from studio_logic import csv_table
from studio_logic.csv_table import CsvForm, Table, read_table


def read(folder: Path, data: bytes | str, numbers: bool = False, **form: Any) -> Table:
    path = folder / "t.csv"
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return read_table(path, CsvForm(**form), numbers)


ROWS = [["é", "2"], ["x", ""]]


@pytest.mark.parametrize(
    "data",
    [
        "a,b\né,2\nx,\n",
        "a,b\r\né,2\r\n\r\n , \r\nx,",
        "a,b\ré,2\rx,\r",
        "\ufeffa;b\né;2\nx;\n",
        "sep=;\r\na;b\r\né;2\r\nx;\r\n",
        "sep=|\na|b\né|2\nx|\n",
        "\n\na\tb\n é\t 2 \nx\t\n",
        '"a","b"\n"é","2"\n"x",""\n',
        '"a;;;",b\né,2\nx,\n'.replace(";;;", ""),
        codecs.BOM_UTF16_LE + "a\tb\né\t2\nx\t\n".encode("utf-16-le"),
        codecs.BOM_UTF16_BE + "a,b\né,2\nx,\n".encode("utf-16-be"),
        codecs.BOM_UTF32_LE + "a,b\né,2\nx,\n".encode("utf-32-le"),
    ],
)
def test_what_programs_write_is_read(tmp_path: Path, data: bytes | str) -> None:
    table = read(tmp_path, data)

    assert (table.names, table.rows) == (["a", "b"], ROWS)


def test_quotes_hold_separators_quotes_and_lines(tmp_path: Path) -> None:
    table = read(tmp_path, 'name;note\n"a;b";"say ""hi""\nthere"\n;,,,\n')

    assert table.rows == [["a;b", 'say "hi"\nthere'], ["", ",,,"]]
    assert table.list_records()[0] == {"name": "a;b", "note": 'say "hi"\nthere'}
    assert table.list_columns() == {"name": ["a;b", ""], "note": ['say "hi"\nthere', ",,,"]}


def test_options_change_what_is_read(tmp_path: Path) -> None:
    assert read(tmp_path, "a;b,c\n1;2,3\n", separator="comma").rows == [["1;2", "3"]]
    assert read(tmp_path, "x, y\n", header=False, strip=False) == Table(["1", "2"], [["x", " y"]])
    assert read(tmp_path, "a,b,c\n1\n", short_rows="fill").rows == [["1", "", ""]]
    assert read(tmp_path, b"a\ncaf\xe9\n", encoding="windows-1252").rows == [["café"]]
    assert read(tmp_path, "a\n猫\n".encode("shift_jis"), encoding="shift_jis").rows == [["猫"]]
    assert read(tmp_path, "\ufeffa\n猫\n", encoding="windows-1252").rows == [["猫"]]  # the mark says it better
    assert read(tmp_path, "a,b\n") == Table(["a", "b"], [])


def test_a_column_of_numbers_alone_becomes_numbers(tmp_path: Path) -> None:
    data = 'int,float,code,mixed,euro,empty,big\n12,-1.5,007,1,"1,5",,1e999\n,1e3,8,x,2,,99999999999999999999\n'

    table = read(tmp_path, data, numbers=True)

    assert table.rows == [
        [12, -1.5, "007", "1", "1,5", "", "1e999"],
        [None, 1000.0, "8", "x", "2", "", "99999999999999999999"],
    ]
    assert [type(cell) for cell in table.rows[0][:2]] == [int, float]
    assert read(tmp_path, "n\n99999999999999999999\n", numbers=True).rows == [[1e20]]
    assert read(tmp_path, "n\n", numbers=True).rows == []


@pytest.mark.parametrize(
    ("data", "form", "message"),
    [
        ("", {}, "'t.csv': it has no rows"),
        ("\n , \n", {}, "it has no rows"),
        ("a,b\n1,2\n3\n", {}, "line 3: expected 2 cells, got 1"),
        ('a,b\n"x\ny",2\n1,2,3\n', {}, "line 4: expected 2 cells, got 3"),
        ("sep=;\na;b\n1;2;3\n", {"short_rows": "fill"}, "line 3: expected 2 cells, got 3"),
        ("a,a\n", {}, "line 1: duplicate column 'a'"),
        ("a,,b\n", {}, "line 1: column 2 has no name"),
        ('a,b\n1,"2\n3,4\n', {}, "line 2: quotes that do not end"),
        ('a,b\n"1"2,3\n', {}, "line 2: ',' expected after '\"'"),
        (b"a,b\n1,2\ncaf\xe9,2\n", {}, "line 3: it is not UTF-8"),
        ("a,b\n1,2\n".encode("utf-16-le"), {}, "line 1: it contains the character NUL"),
        (b"a\n1\0\n", {}, "line 2: it contains the character NUL"),
        (codecs.BOM_UTF16_LE + b"a\x00\xff", {}, "it is not UTF-16-LE"),
        (b"PK\x03\x04rest", {}, "it is the file of a spreadsheet program"),
        ("a," * 1000 + "a\n", {}, "line 1: 1001 columns, over 1000"),
    ],
)
def test_what_is_wrong_is_named_with_the_line(
    tmp_path: Path, data: bytes | str, form: dict[str, Any], message: str
) -> None:
    with pytest.raises(StudioError) as caught:
        read(tmp_path, data, **form)

    assert caught.value.code == "E326"
    assert message in caught.value.message
    assert caught.value.hint


def test_a_table_over_a_limit_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_table, "_MOST_CELLS", 5)
    with pytest.raises(StudioError, match="line 4: over 5 cells"):
        read(tmp_path, "a,b\n1,2\n3,4\n5,6\n")
    before = csv.field_size_limit(10)
    assert read(tmp_path, "a\n" + "x" * 200_000).rows == [["x" * 200_000]]
    assert csv.field_size_limit(before) == 16 * 2**20
    monkeypatch.setattr(csv_table, "_MOST_BYTES", 2**20)
    with pytest.raises(StudioError, match="it has over 1 MiB"):
        read(tmp_path, "a\n" + "x\n" * 2**19)


def test_a_file_that_cannot_be_opened_is_named(tmp_path: Path) -> None:
    with pytest.raises(StudioError, match=r"'none\.csv': it cannot be read: No such file") as caught:
        read_table(tmp_path / "none.csv", CsvForm())

    assert caught.value.code == "E326"
