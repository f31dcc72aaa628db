"""Tables: CSV, JSON Lines and Parquet, row by row, with the line of each bad row."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from studio.batch.tables import open_table
from studio.errors import UsageError
from tests.studio.batch.conftest import ADDING, Make, write_csv
from tests.studio.batch.items import EVERY, find_problems, read


def test_a_line_number_counts_lines_inside_quoted_cells(make: Make, tmp_path: Path) -> None:
    table = write_csv(tmp_path / "items.csv", "text,whole", '"two\nlines",1', "b,x")

    assert find_problems(make, EVERY, open_table(table))[0][1] == "items.csv:4#/whole"


def test_json_lines_keep_their_types_and_say_which_line_is_none(make: Make, tmp_path: Path) -> None:
    table = write_csv(tmp_path / "items.jsonl", '{"name": "x", "whole": 5}', "", '{"whole": "5"}', "nonsense", "[1]")

    problems = find_problems(make, EVERY, open_table(table))

    assert [where for _, where, _ in problems] == ["items.jsonl:3#/whole", "items.jsonl:4", "items.jsonl:5"]


def test_a_duplicate_key_in_a_json_line_is_a_row_error(make: Make, tmp_path: Path) -> None:
    table = write_csv(
        tmp_path / "items.jsonl", '{"whole": 1, "whole": 2}', '{"whole": {"a": 1, "a": 2}}', '{"whole": 3}'
    )

    problems = find_problems(make, EVERY, open_table(table))

    assert [where for _, where, _ in problems] == ["items.jsonl:1", "items.jsonl:2"]
    assert "duplicate key 'whole'" in str(problems[0])


def test_parquet_gives_rows(make: Make, tmp_path: Path) -> None:
    import pyarrow
    import pyarrow.parquet

    rows = {"name": ["x", "y"], "whole": [1, 2], "text": ["a", None]}
    pyarrow.parquet.write_table(pyarrow.table(rows), tmp_path / "items.parquet")

    items = read(make, EVERY, open_table(tmp_path / "items.parquet"))

    assert items == [("x", {"whole": 1, "text": "a"}), ("y", {"whole": 2})]


def test_without_pyarrow_a_parquet_file_names_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "items.parquet").write_bytes(b"PAR1")
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)

    with pytest.raises(UsageError, match="pyarrow") as error:
        open_table(tmp_path / "items.parquet")

    assert "studio[parquet]" in error.value.hint


@pytest.mark.parametrize("name", ["gone.csv", "items.xlsx"])
def test_what_is_no_table_is_reported(tmp_path: Path, name: str) -> None:
    (tmp_path / "items.xlsx").write_bytes(b"PK")

    with pytest.raises(UsageError) as error:
        open_table(tmp_path / name)

    assert error.value.code == "E740"


@pytest.mark.parametrize("text", [b"\xff\xfe\x00broken", b"a,a\n1,2\n", b"", b'a\n"never closed\n'])
def test_a_broken_table_is_reported(make: Make, tmp_path: Path, text: bytes) -> None:
    for name in ("items.csv", "items.parquet"):
        (tmp_path / name).write_bytes(text)

        with pytest.raises(UsageError) as error:
            read(make, ADDING, open_table(tmp_path / name))

        assert error.value.code == "E740"


def read_values(path: Path, **more: Any) -> list[tuple[str, dict[str, Any]]]:
    return [(row.label, dict(row.values)) for row in open_table(path, **more)()]


def test_tabs_divide_the_cells_of_a_tsv_file_and_a_mark_at_its_beginning_is_skipped(tmp_path: Path) -> None:
    (tmp_path / "items.tsv").write_bytes(b"\xef\xbb\xbfname\ttext\nx\ta,b\n\ny\t\n")

    assert read_values(tmp_path / "items.tsv") == [
        ("x", {"name": "x", "text": "a,b"}),
        ("y", {"name": "y", "text": ""}),
    ]


def test_empty_rows_that_a_spreadsheet_leaves_are_not_items(tmp_path: Path) -> None:
    (tmp_path / "i.csv").write_text("name,whole\na,1\n,\nb,2\n,\n , \n,,,\n", encoding="utf-8")

    assert [label for label, _ in read_values(tmp_path / "i.csv")] == ["a", "b"]


def test_a_table_of_empty_rows_has_no_rows(tmp_path: Path) -> None:
    (tmp_path / "i.csv").write_text("name,whole\n,\n", encoding="utf-8")

    with pytest.raises(UsageError, match="no rows"):
        list(open_table(tmp_path / "i.csv")())


def test_another_column_may_name_the_items(tmp_path: Path) -> None:
    table = write_csv(tmp_path / "items.csv", "sku,text", "a1,x", ",y")

    assert [label for label, _ in read_values(table, name_column="sku")] == ["a1", "00002"]


@pytest.mark.parametrize(
    ("header", "message"), [("a,b,a", "duplicate column 'a'"), ("a,,b", "a column without a name"), ("", "no columns")]
)
def test_a_header_names_each_column_once(tmp_path: Path, header: str, message: str) -> None:
    table = write_csv(tmp_path / "items.csv", header, "1,2,3")

    with pytest.raises(UsageError, match=message) as caught:
        list(open_table(table)())

    assert caught.value.where == f"{table}:1"


@pytest.mark.parametrize(
    ("header", "hint"),
    [
        ("a,b,,", "remove the columns after column 2"),
        ("a,,b", "name column 2, or remove it"),
        ("sep=;", "remove this line, and separate columns by commas"),
        ("sep=,", "remove this line"),
    ],
)
def test_what_spreadsheets_leave_in_a_header_gets_a_hint(tmp_path: Path, header: str, hint: str) -> None:
    table = write_csv(tmp_path / "items.csv", header, "1,2,,")

    with pytest.raises(UsageError) as caught:
        list(open_table(table)())

    assert (caught.value.code, caught.value.hint) == ("E740", hint)


def test_a_table_is_read_from_the_beginning_each_time_and_no_further_than_asked(tmp_path: Path) -> None:
    table = write_csv(tmp_path / "items.csv", "a", "1", "2", '"never closed')
    group = open_table(table)

    assert [next(iter(group())).values["a"] for _ in range(2)] == ["1", "1"]


def test_relative_paths_of_a_table_start_at_its_folder(tmp_path: Path) -> None:
    table = write_csv(tmp_path / "deep" / "items.csv", "photo", "a.png")

    assert next(iter(open_table(table)())).base == tmp_path / "deep"


@pytest.mark.parametrize(
    ("name", "data", "hint"),
    [
        ("i.csv", "name,whole\nblä,1\n".encode("latin-1"), "iconv -f CP1252"),
        ("i.csv", "name,whole\na,1\n".encode("utf-16"), "iconv -f UTF-16"),
        ("i.tsv", "name\twhole\na\t1\n".encode("utf-16"), "iconv -f UTF-16"),
        ("i.jsonl", '{"whole": 1}\n'.encode("utf-16"), "iconv -f UTF-16"),
        ("i.csv", b"name;whole\na;1\n", "separate columns by commas, not by semicolons"),
        ("i.csv", b"name\twhole\na\t1\n", "name the file .tsv"),
        ("i.tsv", b"name,whole\na,1\n", "not by commas"),
        ("i.csv", b"name,whole\n", "add a row"),
        ("i.jsonl", b"", "add a row"),
        ("i.jsonl", b"\n\n", "add a row"),
    ],
)
def test_a_table_that_other_programs_wrote_otherwise_says_how_to_write_it(
    tmp_path: Path, name: str, data: bytes, hint: str
) -> None:
    (tmp_path / name).write_bytes(data)

    with pytest.raises(UsageError) as error:
        list(open_table(tmp_path / name)())

    assert error.value.code == "E740"
    assert hint in error.value.hint
    assert "codec" not in error.value.message


def test_a_json_line_that_is_no_utf_8_or_no_object_is_a_row_error_in_plain_words(make: Make, tmp_path: Path) -> None:
    (tmp_path / "i.jsonl").write_bytes(b'{"text": "bl\xe4"}\nnull\n')

    problems = find_problems(make, EVERY, open_table(tmp_path / "i.jsonl"))

    assert [where for _, where, _ in problems] == ["i.jsonl:1", "i.jsonl:2"]
    assert "NoneType" not in str(problems)
    assert "codec" not in str(problems)


def test_whole_numbers_may_be_written_with_a_point(make: Make, tmp_path: Path) -> None:
    table = write_csv(tmp_path / "items.csv", "whole", "8.0", "8.5")

    assert [where for _, where, _ in find_problems(make, EVERY, open_table(table))] == ["items.csv:3#/whole"]


def test_a_duplicate_key_in_the_json_of_a_cell_is_an_error(make: Make, tmp_path: Path) -> None:
    table = write_csv(tmp_path / "items.csv", "whole", '"{""a"": 1, ""a"": 2}"')

    assert "duplicate key 'a'" in str(find_problems(make, EVERY, open_table(table)))
