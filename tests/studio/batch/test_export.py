"""The ledger as a table: each item in a row, and nothing in it that a spreadsheet would run."""

from __future__ import annotations

import csv
import io
import json
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from studio.batch.export import write_rows
from studio.batch.item import ItemOutput, ItemState
from studio.batch.item_rows import ItemRow
from studio.batch.tables import open_table
from studio.errors import RunError


def create_row(**more: Any) -> ItemRow:
    outputs = (ItemOutput("o", "a b.png", "1" * 64, 3, "image"), ItemOutput("p", "a.txt", "2" * 64, 4, "text"))
    known: dict[str, Any] = {
        "index": 3, "name": "mug", "source": "items.csv:5", "values": {"seed": 7, "word": "é"}, "fingerprint": "f",
        "state": ItemState.DONE, "attempts": 1, "crashes": 0, "worker": None, "error": None, "warnings": (),
        "outputs": outputs, "seconds": 1.5, "calls": 4, "cached": 2, "started": 1.0, "finished": 2.5, "updated": 2.5,
    }  # fmt: skip
    return ItemRow(**{**known, **more})


def read_csv(*rows: ItemRow) -> list[dict[str, str]]:
    stream = io.StringIO()
    write_rows(rows, "csv", stream)
    return list(csv.DictReader(io.StringIO(stream.getvalue(), newline="")))


def test_a_table_has_a_row_for_each_item_with_its_values_files_and_digests() -> None:
    (row,) = read_csv(create_row())

    assert row == {
        "name": "mug", "index": "3", "state": "done", "attempts": "1", "seconds": "1.5", "calls": "4", "cached": "2",
        "source": "items.csv:5", "error_code": "", "error": "", "files": "a b.png a.txt",
        "digests": f"{'1' * 64} {'2' * 64}", "values": '{"seed": 7, "word": "é"}', "not_passed": "",
    }  # fmt: skip


def test_a_failed_item_has_its_code_and_message() -> None:
    (row,) = read_csv(create_row(state=ItemState.FAILED, error={"code": "E301", "message": "two\nlines"}, outputs=()))

    assert (row["state"], row["error_code"], row["error"], row["files"]) == ("failed", "E301", "two\nlines", "")


def test_a_held_item_names_the_check_that_holds_it_first() -> None:
    common = {"passed": False, "sentence": "contrast 1.8 (expected at least 3)"}
    verdicts = [
        {"node": "sharp", "check": "sharpness", "passed": True, "on_fail": "hold", "sentence": "sharpness 9"},
        {"node": "loud", "check": "loudness", "passed": False, "on_fail": "warn", "sentence": "-30 LUFS"},
        {"node": "text", "check": "contrast", "on_fail": "hold", **common},
    ]

    (row,) = read_csv(create_row(state=ItemState.HELD, checks={"verdicts": verdicts, "tries": 1}))

    expected = "text: contrast: contrast 1.8 (expected at least 3); loud: loudness: -30 LUFS"
    assert (row["state"], row["not_passed"]) == ("held", expected)


@pytest.mark.parametrize("stored", [3, [3], "x", [{}], {"passed": False}, None])
def test_a_ledger_from_elsewhere_may_have_anything_as_verdicts(stored: Any) -> None:
    (row,) = read_csv(create_row(checks={"verdicts": stored}))

    assert row["not_passed"] in ("", ": : ")


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", "\tx", "\rx"])
def test_a_text_that_a_spreadsheet_would_run_is_a_text(text: str) -> None:
    (row,) = read_csv(create_row(name=text))

    assert (row["name"], row["index"], row["state"]) == (f"'{text}", "3", "done")


def escape(text: str) -> str:
    """Return the text that a cell holds: spreadsheets must not run it."""
    return f"'{text}" if text[:1] in set("=+-@\t\r") else text


HOSTILE = st.text(
    st.sampled_from("\r\n\t\x00\",;'= \\a\ufeff\x85\u2028é") | st.characters(exclude_categories=["Cs"]), max_size=6
)


@example(names=["a\rb", "\r", "a\r", "a\r\n", '"', "", "\x85\x0b\x0c"], message="\r\n")
@given(names=st.lists(HOSTILE, max_size=4), message=HOSTILE)
def test_any_text_is_read_back_by_python_and_as_a_table_of_items(names: list[str], message: str) -> None:
    rows = [create_row(name=name, index=n, error={"message": message}) for n, name in enumerate(names)]
    expected = [(escape(name), str(n), escape(message)) for n, name in enumerate(names)]

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "table.csv"
        write_rows(rows, "csv", path)
        with path.open(encoding="utf-8", newline="") as file:
            read = list(csv.DictReader(file, strict=True))
        items = list(open_table(path)()) if rows else []  # a table without rows is an error

    assert [(row["name"], row["index"], row["error"]) for row in read] == expected
    assert [row.problem for row in items] == [""] * len(names)
    cells = ("name", "index", "error")
    assert [tuple(row.values[name] for name in cells) for row in items] == expected


def test_lines_end_with_a_line_feed_alone() -> None:
    """As they always did; only a cell may hold a carriage return, and then it is quoted."""
    stream = io.StringIO(newline="")

    write_rows([create_row(name="a\rb", outputs=())], "csv", stream)

    header, row, rest = stream.getvalue().split("\n")
    assert (header[:9], header[-1], row[:6], row[-1], rest) == ("name,inde", "d", '"a\rb",', ",", "")


def test_json_lines_hold_all_that_the_ledger_knows() -> None:
    stream = io.StringIO()

    write_rows([create_row(), create_row(name="cup")], "jsonl", stream)

    rows = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert [row["name"] for row in rows] == ["mug", "cup"]
    assert rows[0] == json.loads(json.dumps(create_row().to_json()))


def test_a_file_appears_whole_or_not_at_all(tmp_path: Path) -> None:
    target = tmp_path / "table.csv"
    target.write_text("old", encoding="utf-8")

    def rows() -> Any:
        yield create_row()
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_rows(rows(), "csv", target)

    assert target.read_text(encoding="utf-8") == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["table.csv"]
    write_rows([create_row()], "csv", target)
    assert target.read_text("utf-8").startswith("name,index,state")


def test_a_file_that_cannot_be_written_is_an_error_that_names_it(tmp_path: Path) -> None:
    with pytest.raises(RunError) as caught:
        write_rows([], "csv", tmp_path / "nowhere" / "table.csv")

    assert (caught.value.code, caught.value.where) == ("E742", str(tmp_path / "nowhere" / "table.csv"))
