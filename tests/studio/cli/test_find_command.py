"""`studio find`: files by what made them, from what they carry, manifests and ledgers; hostile files are harmless."""

from __future__ import annotations

import json
import os
import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image, PngImagePlugin

from studio.provenance.facts import list_run_facts

if TYPE_CHECKING:
    from tests.studio.cli.conftest import Desk


def find(desk: Desk, *args: str | Path) -> list[str]:
    done = desk.call("find", *args, "--paths")
    assert done.code in (0, 1), done.text
    return done.out.split()


@pytest.fixture
def cards(desk: Desk, card: Path) -> Desk:
    """Two folders of output: a card that says "Hello", and one of width 40 with "A black Cat"."""
    assert desk.call("run", card).code == 0
    assert desk.call("run", card, "-o", "more/cats", "-s", "words=A black Cat", "-s", "width=40").code == 0
    return desk


def test_files_are_found_by_the_values_of_inputs(cards: Desk) -> None:
    assert find(cards, "words=Hello") == ["out/picture.png", "out/shout.txt"]
    assert find(cards, "words~cat width=33..") == ["more/cats/picture.png", "more/cats/shout.txt"]
    assert find(cards, "words~cat", "out") == []


def test_the_help_names_each_fact_of_a_run(desk: Desk) -> None:
    machine = dict.fromkeys(("device", "dtype", "python", "system"), "x")
    manifest = {"machine": machine, "run": "1", "studio": "0.2", "started": "now", "status": "done"}
    names = {fact.field for fact in list_run_facts({**manifest, "nodes": {"a": {"plugin": "studio-image"}}})}

    text = desk.call("find", "--help").out

    assert len(names) == 9
    assert [name for name in names if f"{name}=" not in text] == []


def test_a_line_says_what_fits(cards: Desk) -> None:
    done = cards.call("find", "words~cat node=image.caption output=picture")

    assert done.out == 'more/cats/picture.png  words="A black Cat"  node=image.caption (words)  output="picture"\n'
    assert done.err == "1 of 4 files fit\n"
    assert done.code == 0


def test_device_and_plugins_come_from_the_manifest(cards: Desk) -> None:
    assert len(find(cards, "device~cpu plugin~studio status=done")) == 4


def test_json_has_every_fact(cards: Desk) -> None:
    found = cards.call("find", "width=40 output=shout", "--json").json

    assert found["files"] == [
        {
            "path": "more/cats/shout.txt",
            "matched": [
                {"field": "width", "place": "width", "value": 40},
                {"field": "output", "place": "output", "value": "shout"},
            ],
        }
    ]
    assert (found["searched"], found["unreadable"]) == (4, [])


def test_items_of_a_batch_are_found(desk: Desk, card: Path) -> None:
    desk.write_picture("unrelated.png")
    (desk / "items.csv").write_text("name,words\none,Hello\ntwo,Bye\n", encoding="utf-8")
    assert desk.call("batch", card, "items.csv", "-o", "cards", "--workers", "0", "--no-gallery").code == 0

    assert len(find(desk, "item=two words=Bye")) == 2
    assert len(find(desk, "state=done")) == 4


def test_failed_items_are_found_by_their_folder(desk: Desk) -> None:
    graph = desk.write_graph("g.json", {
        "inputs": {"n": {"type": "number"}},
        "nodes": {"x": {"type": "logic.calculate", "inputs": {"expression": "1 / a", "a": {"from": "inputs.n"}}}},
        "outputs": {"answer": {"from": "x"}}})  # fmt: skip
    (desk / "items.csv").write_text("name,n\none,0\ntwo,1\n", encoding="utf-8")
    assert desk.call("batch", graph, "items.csv", "-o", "sums", "--workers", "0", "--no-gallery").code == 3

    assert desk.call("find", "state=failed").out == 'sums  item="one"  state="failed"\n'
    assert len(find(desk, "n=1")) == 1


def test_a_model_that_no_node_names_is_its_type_s_own(desk: Desk) -> None:
    graph = {"studio": 1, "nodes": {"big": {"type": "upscale.image", "inputs": {"image": {"from": "inputs.image"}}}}}
    write_carrier(desk / "big.png", {"studio": 2, "graph": graph, "inputs": {}})
    write_carrier(desk / "other.png", {"studio": 2, "graph": {"nodes": {}}, "inputs": {"weights": "builtin:mini"}})

    assert find(desk, "model=builtin:mini") == ["other.png"]
    assert "big.png" in find(desk, "model~builtin")


def test_a_single_file_may_be_named(cards: Desk) -> None:
    assert find(cards, "device~cpu", "out/shout.txt") == ["out/shout.txt"]


def test_none_is_1_and_a_mistyped_field_is_suggested(cards: Desk) -> None:
    done = cards.call("find", "wdth=40")

    assert (done.code, done.out) == (1, "")
    assert "no file has a field 'wdth'; did you mean 'width'?" in done.err


@pytest.mark.parametrize(("args", "code"), [(["seed=9..1"], "E024"), (["seed=1", "nosuch"], "E025")])
def test_an_invalid_query_or_folder_is_2(desk: Desk, args: list[str], code: str) -> None:
    done = desk.call("find", *args)

    assert (done.code, code in done.err) == (2, True)


def write_carrier(path: Path, carried: Any) -> None:
    info = PngImagePlugin.PngInfo()
    info.add_itxt("studio", carried if isinstance(carried, str) else json.dumps(carried))
    Image.new("RGB", (4, 4)).save(path, pnginfo=info)


@pytest.mark.parametrize(
    "carried",
    [
        "not JSON",
        "[]",
        "[" * 100_000,
        json.dumps({"studio": 99}),
        json.dumps({"studio": 2, "graph": {"nodes": {"x": 3, "y": {"type": 4, "inputs": [1]}}, "inputs": "no"}}),
        json.dumps({"studio": 2, "graph": None, "inputs": {"words": "\x1b[2J\x9b31m"}, "graphs": [1]}),
        '{"studio": 2, "inputs": {"seed": NaN, "big": ' + "9" * 400 + "}}",
    ],
)
def test_hostile_files_are_harmless(desk: Desk, card: Path, carried: str) -> None:
    desk.succeed("run", card)
    write_carrier(desk / "hostile.png", carried)

    done = desk.call("find", "words~l")

    assert "out/picture.png" in done.out
    assert "\x1b[2J" not in done.text
    assert "\x9b" not in done.text


def test_unreadable_files_are_told_at_the_end(desk: Desk, card: Path) -> None:
    desk.succeed("run", card)
    (desk / "out/broken.png").write_bytes(b"\x89PNG\r\n\x1a\n\x00")
    write_carrier(desk / "out/damaged.png", "{")
    (desk / "out/.studio/20990101-000000-x.json").write_text("{}", encoding="utf-8")
    os.mkfifo(desk / "out/pipe.png")
    with sqlite3.connect(desk / "out/.studio/ledger.sqlite3") as connection:
        connection.execute("CREATE TABLE batch (key, value)")
    connection.close()

    done = desk.call("find", "words=Hello")

    assert done.code == 0
    assert "out/picture.png" in done.out
    for name in ("damaged.png", "20990101-000000-x.json", "ledger.sqlite3"):
        assert any(name in line and line.startswith("warning: cannot read") for line in done.err.splitlines()), name


def test_finding_never_loads_torch(cards: Desk) -> None:
    assert not {"torch", "cv2"} & cards.list_modules("find", "words=Hello")
