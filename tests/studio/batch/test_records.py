"""What the ledger records of a batch's files is what a check compares them with."""

from __future__ import annotations

from pathlib import Path

import pytest

import studio as package
from studio.app import Studio
from studio.batch.ledger import Ledger
from studio.batch.records import read_ledger
from studio.provenance.check import FileState, Records

GRAPH = {
    "studio": 1,
    "inputs": {"color": {"type": "text", "default": "red"}},
    "nodes": {"i": {"type": "image.new", "inputs": {"width": 4, "height": 4, "color": {"from": "inputs.color"}}}},
    "outputs": {"image": {"from": "i"}},
}


def run(folder: Path, *colors: str) -> None:
    """Run a batch of one image for each color."""
    with Studio(on_disk=False) as studio:
        rows = [{"name": color.strip("?"), "color": color} for color in colors]
        list(package.batch(GRAPH, rows, folder, workers=0, studio=studio))


def read(folder: Path) -> Records:
    """Read what the ledger records."""
    records = Records()
    read_ledger(folder, records)
    return records


def test_each_file_has_its_item_its_bytes_and_its_recipe(tmp_path: Path) -> None:
    run(tmp_path, "red", "blue")

    records = read(tmp_path)

    assert sorted(records.files) == ["blue.png", "red.png"]
    record = records.files["blue.png"]
    assert (record.output, record.index, record.path) == ("image", 0, tmp_path / "blue.png")
    assert record.size == (tmp_path / "blue.png").stat().st_size
    assert record.recorded_in.endswith("item 'blue'")
    assert (record.recipe.inputs, record.recipe.document["outputs"]) == ({"color": "blue"}, GRAPH["outputs"])


def test_files_of_items_that_left_the_table_are_open(tmp_path: Path) -> None:
    run(tmp_path, "red", "blue")
    run(tmp_path, "red")

    records = read(tmp_path)

    assert set(records.files) == {"red.png"}
    assert records.open <= {"blue.png"}


@pytest.mark.parametrize(
    ("seeds", "color"), [('{"color": 7}', 7), ('{"color": "blue"}', None), ('{"color": true}', None), ("[1]", None)]
)
def test_a_recipe_has_the_seeds_that_were_taken_if_they_are_whole_numbers(
    tmp_path: Path, seeds: str, color: int | None
) -> None:
    run(tmp_path, "red")
    with Ledger(tmp_path) as ledger, ledger.file.transaction() as connection:
        connection.execute("UPDATE items SET checks = ?", (f'{{"verdicts": [], "tries": 2, "seeds": {seeds}}}',))

    records = read(tmp_path)

    assert [record.recipe.inputs for record in records.files.values()] == ([{"color": color}] if color else [])
    assert len(records.problems) == (0 if color else 1)


def test_a_folder_without_a_ledger_records_nothing(tmp_path: Path) -> None:
    assert read(tmp_path) == Records()


def test_a_damaged_ledger_is_a_problem(tmp_path: Path) -> None:
    run(tmp_path, "red")
    ledger = next((tmp_path / ".studio").glob("ledger.sqlite3"))
    ledger.write_bytes(b"no ledger" * 1000)

    (problem,) = read(tmp_path).problems

    assert problem.state == FileState.UNREADABLE
