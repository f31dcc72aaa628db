"""What the cells of a table mean at the graph's inputs, and which rows are invalid."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from studio.batch.columns import fingerprint_item
from studio.batch.groups import Group, ItemsError, list_rows, repeat, zip_columns
from studio.batch.item import Item
from studio.batch.tables import open_table
from tests.studio.batch.conftest import ADDING, Make, graph_of, write_csv
from tests.studio.batch.items import EVERY, find_problems, read


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


def test_every_bad_row_is_reported_with_its_line(make: Make, tmp_path: Path) -> None:
    lines = ["name,whole,photo,word", "a,1,,red", "b,x,,red", "c,-1,,red", "d,1,gone.png,red", "e,1,,green", "f,1"]
    table = write_csv(tmp_path / "items.csv", *lines)

    problems = find_problems(make, EVERY, open_table(table))

    assert [(code, where) for code, where, _ in problems] == [
        ("E114", "items.csv:3#/whole"),
        ("E117", "items.csv:4#/whole"),
        ("E129", "items.csv:5#/photo"),
        ("E118", "items.csv:6#/word"),
        ("E741", "items.csv:7"),
    ]
    assert "no file 'gone.png'" in problems[2][2]
    assert "expected 4 cells, got 2" in problems[4][2]


def test_an_unknown_column_is_reported_once_with_the_nearest_name(make: Make, tmp_path: Path) -> None:
    table = write_csv(tmp_path / "items.csv", "whol,_note", "1,x", "2,y")

    with pytest.raises(ItemsError) as error:
        read(make, EVERY, open_table(table))

    assert [finding.code for finding in error.value.findings] == ["E110"]
    assert "whole" in error.value.findings[0].hint


def test_a_missing_input_is_reported_for_each_row(make: Make) -> None:
    problems = find_problems(make, ADDING, list_rows([{"a": 1}, {}]))

    assert problems == [("E132", "items[1]#/a", "input 'a' has no value")]


def test_shared_values_are_checked_and_a_row_wins(make: Make) -> None:
    assert read(make, EVERY, list_rows([{"whole": 3}]), given={"whole": 2, "text": "s"}) == [
        ("00001", {"whole": 3, "text": "s"})
    ]
    assert find_problems(make, EVERY, list_rows([{}]), given={"whole": -1})[0][1] == "--set#/whole"


@pytest.mark.parametrize(
    ("groups", "givers"),
    [
        (
            [zip_columns({"whole": ["1"]}, "--product"), zip_columns({"whole": ["2"]}, "--product")],
            "--product and by --product",
        ),
        ([list_rows([{"whole": 1}, {"whole": 2}]), repeat(2, "whole", 0)], "items[0] and by --repeat"),
    ],
)
def test_an_input_that_is_given_twice_is_an_error_of_its_own(make: Make, groups: list[Group], givers: str) -> None:
    problems = find_problems(make, EVERY, *groups)

    assert [code for code, _, _ in problems] == ["E749"]
    assert problems[0][2] == f"input 'whole' is given twice, by {givers}"


def test_a_cell_that_is_left_empty_gives_nothing(make: Make, tmp_path: Path) -> None:
    table = write_csv(tmp_path / "items.csv", "name,whole", "a,")

    assert [values for _, values in read(make, EVERY, open_table(table), repeat(2, "whole", 5))] == [
        {"whole": 5},
        {"whole": 6},
    ]


def test_a_cell_may_name_several_files_by_a_pattern_or_one_by_one(make: Make, tmp_path: Path) -> None:
    inputs = {"photos": {"type": "list[image]"}}
    graph = graph_of({"sum": {"type": "fake.add", "inputs": {"a": 1}}}, inputs, {"sum": "sum"})
    for name in ("p9.png", "p10.png"):
        Image.new("RGB", (4, 4)).save(tmp_path / name)
    table = write_csv(tmp_path / "items.csv", "photos", "p*.png", '"[""p10.png""]"')
    rows = list_rows([{"photos": [tmp_path / "p9.png", {"file": str(tmp_path / "p10.png")}]}])

    nine, ten = ({"file": str(tmp_path / name)} for name in ("p9.png", "p10.png"))
    assert [values["photos"] for _, values in read(make, graph, open_table(table))] == [[nine, ten], [ten]]
    assert [values["photos"] for _, values in read(make, graph, rows)] == [[nine, ten]]


def test_a_changed_file_in_a_list_changes_the_item(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"1")
    item = Item(0, "x", {"photos": [[{"file": str(tmp_path / "a.png")}]], "data": {"file": "nowhere"}})
    before = fingerprint_item(item, "key", "name")

    (tmp_path / "a.png").write_bytes(b"22")

    assert fingerprint_item(item, "key", "name") != before
