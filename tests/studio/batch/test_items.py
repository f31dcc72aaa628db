"""Items: where they come from, how they multiply, and what is wrong with them before anything runs."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from studio.batch.found_files import find_files
from studio.batch.groups import Group, ItemsError, list_rows, repeat, zip_columns
from studio.batch.ledger import Ledger
from studio.batch.tables import open_table
from studio.errors import UsageError
from tests.studio.batch.conftest import ADDING, Make, graph_of, write_csv

EVERY = graph_of(
    {"sum": {"type": "fake.add", "inputs": {"a": 1}}},
    {
        "text": {"type": "text", "default": "t"},
        "whole": {"type": "int", "default": 1, "minimum": 0},
        "real": {"type": "float", "default": 0.5},
        "flag": {"type": "bool", "default": False},
        "word": {"type": "choice", "choices": ["red", "blue"], "default": "red"},
        "numbers": {"type": "list[int]", "default": [1]},
        "photo": {"type": "image", "optional": True},
    },
    {"sum": "sum"},
)


def read(make: Make, graph: dict[str, Any], *groups: Group, **more: Any) -> list[tuple[str, dict[str, Any]]]:
    return [(item.name, dict(item.values)) for item in make(graph, list(groups), **more).items()]


def find_problems(make: Make, graph: dict[str, Any], *groups: Group, **more: Any) -> list[tuple[str, str, str]]:
    with pytest.raises(ItemsError) as error:
        read(make, graph, *groups, **more)
    return [(finding.code, finding.where, finding.message) for finding in error.value.findings]


# -- tables ------------------------------------------------------------------------------------------------


def test_cells_mean_what_the_inputs_take(make: Make, tmp_path: Path) -> None:
    Image.new("RGB", (4, 4)).save(tmp_path / "a b.png")
    table = write_csv(
        tmp_path / "items.csv", "name,text,whole,real,flag,word,numbers,photo", 'x,5,5,5,yes,blue,"[1, 2]",a b.png'
    )

    items = read(make, EVERY, open_table(table))

    photo = {"file": str(tmp_path / "a b.png")}
    values = {"text": "5", "whole": 5, "real": 5.0, "flag": True, "word": "blue", "numbers": [1, 2], "photo": photo}
    assert items == [("x", values)]


def test_an_empty_cell_leaves_the_default(make: Make, tmp_path: Path) -> None:
    table = write_csv(tmp_path / "items.csv", "whole,text", "3,", ",b")

    assert read(make, EVERY, open_table(table)) == [("00001", {"whole": 3}), ("00002", {"text": "b"})]


def test_every_bad_row_is_told_with_its_line(make: Make, tmp_path: Path) -> None:
    lines = ["name,whole,photo,word", "a,1,,red", "b,x,,red", "c,-1,,red", "d,1,gone.png,red", "e,1,,green", "f,1"]
    table = write_csv(tmp_path / "items.csv", *lines)

    problems = find_problems(make, EVERY, open_table(table))

    assert [(code, where) for code, where, _ in problems] == [
        ("E117", "items.csv:3#/whole"),
        ("E117", "items.csv:4#/whole"),
        ("E129", "items.csv:5#/photo"),
        ("E118", "items.csv:6#/word"),
        ("E741", "items.csv:7"),
    ]
    assert "no file 'gone.png'" in problems[2][2]
    assert "expected 4 cells, got 2" in problems[4][2]


def test_a_line_number_counts_lines_inside_quoted_cells(make: Make, tmp_path: Path) -> None:
    table = write_csv(tmp_path / "items.csv", "text,whole", '"two\nlines",1', "b,x")

    assert find_problems(make, EVERY, open_table(table))[0][1] == "items.csv:4#/whole"


def test_an_unknown_column_is_told_once_with_the_nearest_name(make: Make, tmp_path: Path) -> None:
    table = write_csv(tmp_path / "items.csv", "whol,_note", "1,x", "2,y")

    with pytest.raises(ItemsError) as error:
        read(make, EVERY, open_table(table))

    assert [finding.code for finding in error.value.findings] == ["E110"]
    assert "whole" in error.value.findings[0].hint


def test_a_missing_input_is_told_for_each_row(make: Make) -> None:
    problems = find_problems(make, ADDING, list_rows([{"a": 1}, {}]))

    assert problems == [("E132", "items[1]#/a", "input 'a' has no value")]


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


# -- files -------------------------------------------------------------------------------------------------


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    for name in ("in/b.png", "in/a.png", "in/deep/c.png", "in/deep/er/d.png", "in/note.txt", "in/.hidden.png"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (2, 2)).save(path, format="png")
    return tmp_path / "in"


def test_a_pattern_gives_an_item_for_each_file_named_by_its_path(make: Make, photos: Path) -> None:
    flat = read(make, EVERY, find_files("photo", f"{photos}/*.png"))
    deep = read(make, EVERY, find_files("photo", f"{photos}/**/*.png"))

    assert [name for name, _ in flat] == ["a", "b"]
    assert [name for name, _ in deep] == ["a", "b", "deep/c", "deep/er/d"]
    assert deep[2][1] == {"photo": {"file": str(photos / "deep/c.png")}}


def test_a_limit_cuts_the_files_off(make: Make, photos: Path) -> None:
    assert [name for name, _ in read(make, EVERY, find_files("photo", f"{photos}/**/*.png", limit=3))][-1] == "deep/c"


def test_a_pattern_that_nothing_fits_is_told(photos: Path) -> None:
    with pytest.raises(UsageError, match=r"no file matches"):
        find_files("photo", f"{photos}/*.jpg")


# -- multiplying -------------------------------------------------------------------------------------------


def test_columns_zip_within_a_group_and_groups_multiply(make: Make) -> None:
    together = zip_columns({"text": ["a", "b"], "whole": ["1", "2"]}, "--zip")
    apart = zip_columns({"word": ["red", "blue"]}, "--product")

    items = read(make, EVERY, together, apart)

    rows = [(v["text"], v["whole"], v["word"]) for _, v in items]
    assert rows == [("a", 1, "red"), ("a", 1, "blue"), ("b", 2, "red"), ("b", 2, "blue")]
    assert [name for name, _ in items] == ["a_1_red", "a_1_blue", "b_2_red", "b_2_blue"]


def test_columns_of_unequal_length_do_not_zip() -> None:
    with pytest.raises(UsageError, match="unequal length"):
        zip_columns({"a": ["1", "2"], "b": ["1", "2", "3"]}, "--zip")


def test_repeating_counts_the_seed_up(make: Make) -> None:
    items = read(make, EVERY, list_rows([{"name": "x"}]), repeat(3, "whole", 7))

    assert [(name, values["whole"]) for name, values in items] == [("x_0007", 7), ("x_0008", 8), ("x_0009", 9)]


def test_shared_values_are_checked_and_a_row_wins(make: Make) -> None:
    assert read(make, EVERY, list_rows([{"whole": 3}]), given={"whole": 2, "text": "s"}) == [
        ("00001", {"whole": 3, "text": "s"})
    ]
    assert find_problems(make, EVERY, list_rows([{}]), given={"whole": -1})[0][1] == "--set#/whole"


# -- names, before anything runs ---------------------------------------------------------------------------


@pytest.mark.parametrize("names", [("a", "a"), ("a", "A"), ("a:", "a?")])
def test_two_items_of_one_name_are_told(make: Make, tmp_path: Path, names: tuple[str, str]) -> None:
    batch = make(ADDING, [{"name": name, "a": 1} for name in names], tmp_path / "out")

    with Ledger(tmp_path / "out", create=True) as ledger, pytest.raises(ItemsError) as error:
        batch.import_items(ledger)

    assert (error.value.findings[0].code, error.value.findings[0].where) == ("E743", "items[1]")
    assert "items[0]" in error.value.findings[0].message


def test_a_name_that_leaves_the_folder_is_told_before_anything_runs(make: Make, tmp_path: Path) -> None:
    batch = make(ADDING, [{"name": "../../up", "a": 1}], tmp_path / "out")

    with Ledger(tmp_path / "out", create=True) as ledger, pytest.raises(ItemsError) as error:
        batch.import_items(ledger)

    assert error.value.findings[0].code == "E743"


def test_a_template_that_names_two_items_alike_is_told(make: Make, tmp_path: Path) -> None:
    batch = make(ADDING, [{"a": 1}, {"a": 1}], tmp_path / "out", template="{a}.{ext}")

    with Ledger(tmp_path / "out", create=True) as ledger, pytest.raises(ItemsError, match=r"'1\.\*'"):
        batch.import_items(ledger)


@pytest.mark.slow
def test_memory_does_not_grow_with_the_rows(make: Make, tmp_path: Path) -> None:
    import tracemalloc

    def rows(count: int) -> Iterator[dict[str, int]]:
        return ({"a": number} for number in range(count))

    peaks = []
    for count in (1_000, 10_000):
        with Ledger(tmp_path / str(count), create=True) as ledger:
            batch = make(ADDING, [list_rows(rows(count))], tmp_path / str(count))
            tracemalloc.start()
            assert batch.import_items(ledger).total == count
            peaks.append(tracemalloc.get_traced_memory()[1])
            tracemalloc.stop()

    assert peaks[1] < 1.2 * peaks[0] + 100_000  # a row kept in memory would be ten times that
