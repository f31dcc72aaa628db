"""`studio rerun`: one file is made again from what it carries, or from what is recorded of it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.studio.cli.conftest import Desk

_PAIR = {
    "inputs": {"color": {"type": "text", "default": "navy"}},
    "nodes": {
        "paper": {
            "type": "image.gradient",
            "inputs": {"width": 32, "height": 24, "colors": [{"from": "inputs.color"}, "orange"]},
        },
        "small": {"type": "image.resize", "inputs": {"image": {"from": "paper"}, "width": 16}},
        "words": {"type": "logic.template", "inputs": {"template": "painted {c}", "values": {"c": 3}}},
    },
    "outputs": {"large": {"from": "paper"}, "small": {"from": "small"}, "note": {"from": "words"}},
}


@pytest.fixture
def folder(desk: Desk) -> Path:
    desk.write_graph("pair.json", _PAIR)
    done = desk.call("run", "pair.json", "-o", "out")
    assert done.code == 0, done.text
    return desk / "out"


def test_one_file_is_made_again_byte_for_byte(desk: Desk, folder: Path) -> None:
    done = desk.call("rerun", folder / "small.png", "-o", "again", "--no-cache")

    assert done.code == 0, done.text
    assert [path.name for path in (desk / "again").iterdir() if path.is_file()] == ["small.png"]
    assert (desk / "again" / "small.png").read_bytes() == (folder / "small.png").read_bytes()


def test_an_input_takes_another_value(desk: Desk, folder: Path) -> None:
    desk.succeed("rerun", folder / "large.png", "-o", "again", "--set", "color=red")

    assert (desk / "again" / "large.png").read_bytes() != (folder / "large.png").read_bytes()


def test_one_entry_of_a_list_is_made_again(desk: Desk) -> None:
    desk.write_graph(
        "three.json",
        {
            "nodes": {
                "papers": {"type": "image.gradient", "inputs": {"width": [8, 9, 10], "height": 8}},
            },
            "outputs": {"paper": {"from": "papers"}},
        },
    )
    made = desk.call("run", "three.json", "-o", "out")
    assert made.code == 0, made.text

    done = desk.call("rerun", "out/paper_001.png", "-o", "again")

    assert done.code == 0, done.text
    assert [path.name for path in (desk / "again").iterdir() if path.is_file()] == ["paper_001.png"]
    assert (desk / "again" / "paper_001.png").read_bytes() == (desk / "out" / "paper_001.png").read_bytes()


def test_a_text_is_made_again_from_its_manifest(desk: Desk, folder: Path) -> None:
    done = desk.call("rerun", folder / "note.txt", "-o", "again")

    assert done.code == 0, done.text
    assert (desk / "again" / "note.txt").read_text(encoding="utf-8") == (folder / "note.txt").read_text(
        encoding="utf-8"
    )


def test_a_foreign_text_has_nothing_to_be_made_from(desk: Desk) -> None:
    (desk / "foreign.txt").write_text("hello", encoding="utf-8")

    done = desk.call("rerun", "foreign.txt")

    assert done.code == 2
    assert "E755" in done.err


def test_a_file_of_a_batch_is_made_again_from_its_ledger(desk: Desk) -> None:
    nodes = {"t": {"type": "logic.template", "inputs": {"template": "a {c}", "values": {"c": {"from": "inputs.c"}}}}}
    desk.write_graph("words.json", {"inputs": {"c": {"type": "int"}}, "nodes": nodes, "outputs": {"t": {"from": "t"}}})
    (desk / "items.csv").write_text("name,c\nx,3\ny,4\n", encoding="utf-8")
    made = desk.call("batch", "words.json", "items.csv", "-o", "out", "--workers", "0")
    assert made.code == 0, made.text

    done = desk.call("rerun", "out/y.txt", "-o", "again")

    assert done.code == 0, done.text
    assert (desk / "again" / "y.txt").read_text(encoding="utf-8") == (desk / "out" / "y.txt").read_text(
        encoding="utf-8"
    )


def test_a_file_that_does_not_exist_is_a_usage_error(desk: Desk) -> None:
    done = desk.call("rerun", "nosuch.png")

    assert done.code == 2
    assert "E120" in done.err
