"""Tables: CSV, JSON Lines and Parquet, row by row, with the line of each bad row."""

from __future__ import annotations

import sys
from pathlib import Path

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
def test_what_is_no_table_is_told(tmp_path: Path, name: str) -> None:
    (tmp_path / "items.xlsx").write_bytes(b"PK")

    with pytest.raises(UsageError) as error:
        open_table(tmp_path / name)

    assert error.value.code == "E740"


@pytest.mark.parametrize("text", [b"\xff\xfe\x00broken", b"a,a\n1,2\n", b"", b'a\n"never closed\n'])
def test_a_broken_table_is_told(make: Make, tmp_path: Path, text: bytes) -> None:
    for name in ("items.csv", "items.parquet"):
        (tmp_path / name).write_bytes(text)

        with pytest.raises(UsageError) as error:
            read(make, ADDING, open_table(tmp_path / name))

        assert error.value.code == "E740"
