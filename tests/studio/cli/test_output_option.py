"""Where a run writes: a folder, a file for the only output, or a file for each output that is named."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from studio.cli.output_option import fill_inputs

if TYPE_CHECKING:
    from tests.studio.cli.conftest import Desk

VALUES: dict[str, Any] = {
    "seed": 7,
    "words": "a/b: v1.2",
    "photo": {"file": "in/red.one.jpg"},
    "none": None,
    "on": True,
}


@pytest.mark.parametrize(("template", "filled"), [
    ("{seed:04d}_{output}.{ext}", "0007_{output}.{ext}"),
    ("{input.seed}-{words}.png", "7-a_b_ v1.2.png"),
    ("{photo}_{none}.{ext}", "red.one_none.{ext}"),
    ("{words}", "a_b_ v1.2.{ext}"),
    ("{output}", "{output}"),
    ("{{seed}}_{index:03d}", "{{seed}}_{index:03d}"),
    ("{nope}", "{nope}"),
    ("{", "{"),
])  # fmt: skip
def test_inputs_are_filled_into_a_template(template: str, filled: str) -> None:
    assert fill_inputs(template, VALUES) == filled


def list_files(folder: Path) -> list[str]:
    return sorted(
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.is_file() and ".studio" not in path.parts and path.suffix != ".json"
    )


@pytest.mark.parametrize(("args", "files"), [
    (("-o", "made/result.jpg", "--only", "picture"), ["made/result.jpg"]),
    (("-o", "picture=poster.jpg", "-o", "shout=texts/words.txt"), ["poster.jpg", "texts/words.txt"]),
    (("-o", "made", "-o", "picture=poster.jpg"), ["made/poster.jpg", "made/shout.txt"]),
    (("-o", "made", "-o", "picture={words}.png", "-s", "words=Hi"), ["made/Hi.png", "made/shout.txt"]),
    (("--name", "{words}_{output}.{ext}", "-s", "words=Hi"), ["out/Hi_picture.png", "out/Hi_shout.txt"]),
    (("-o", "v1.2",), ["v1.2/picture.png", "v1.2/shout.txt"]),
])  # fmt: skip
def test_outputs_are_written_where_the_option_says(
    desk: Desk, card: Path, args: tuple[str, ...], files: list[str]
) -> None:
    done = desk.call("run", card, *args)

    assert done.code == 0, done.text
    assert list_files(desk.folder) == files
    assert (desk / files[0]).read_bytes().startswith(b"\xff\xd8" if files[0].endswith("jpg") else b"\x89PNG")


def test_a_second_run_finds_its_files_as_they_are(desk: Desk, card: Path) -> None:
    places = ("-o", "picture=poster.jpg", "-o", "shout=words.txt")
    assert desk.call("run", card, *places).code == 0
    before = (desk / "poster.jpg").stat().st_mtime_ns

    assert desk.call("run", card, *places).code == 0
    assert (desk / "poster.jpg").stat().st_mtime_ns == before


@pytest.mark.parametrize(("args", "message"), [
    (("-o", "result.png"), "'result.png' names one file, and the outputs are: picture, shout"),
    (("-o", "a", "-o", "b"), "two output folders: a and b"),
    (("-o", "pictur=x.png"), "unknown output 'pictur' in -o pictur=x.png"),
    (("-o", "picture=a.png", "-o", "picture=b.png"), "output 'picture' has two files"),
    (("-o", "picture="), "output 'picture' has no file"),
    (("-o", "made", "-o", "picture=../x.png"), "'../x.png' leaves the output folder"),
    (("-o", "picture=x.mp3"), "unsupported image file extension '.mp3' of output 'picture'"),
    (("--name", "{words:04d}_{output}.png"), "{words:04d} takes a whole number"),
    (("--name", "{output}.mp3"), "unsupported image file extension '.mp3' of output 'picture'"),
])  # fmt: skip
def test_places_that_cannot_be_meant_are_refused_before_anything_runs(
    desk: Desk, card: Path, args: tuple[str, ...], message: str
) -> None:
    done = desk.call("run", card, *args)

    assert done.code == 2
    assert f"E003 {message}" in done.err
    assert list_files(desk.folder) == []


def test_a_plain_value_is_not_written_as_media(desk: Desk) -> None:
    document = {"nodes": {"a": {"type": "logic.calculate", "inputs": {"expression": "1 + 1"}}},
                "outputs": {"facts": {"from": "a"}}}  # fmt: skip
    graph = desk.write_graph("facts_graph.json", document)

    assert desk.call("run", graph, "-o", "facts.json").code == 0
    assert json.loads((desk / "facts.json").read_text(encoding="utf-8")) == 2
    for name in ("facts.mp3", "facts.gif"):
        done = desk.call("run", graph, "-o", f"facts={name}")
        assert (done.code, "E003" in done.err) == (2, True), done.text
