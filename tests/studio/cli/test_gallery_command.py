"""What a batch leaves beside its files: a gallery, contact sheets, and a ledger that its files are checked against."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import PIL.Image
import pytest

if TYPE_CHECKING:
    from tests.studio.cli.conftest import Desk

_CARD = {
    "inputs": {"color": {"type": "text"}, "size": {"type": "int", "default": 24}},
    "nodes": {
        "paper": {
            "type": "image.gradient",
            "inputs": {
                "width": {"from": "inputs.size"},
                "height": 24,
                "colors": [{"from": "inputs.color"}, "white"],
            },
        },
        "words": {"type": "logic.template", "inputs": {"template": "all {a}", "a": {"from": "inputs.color"}}},
    },
    "outputs": {"card": {"from": "paper"}, "note": {"from": "words"}},
}


@pytest.fixture
def folder(desk: Desk) -> Path:
    """A batch of three cards and a failure."""
    desk.write_graph("card.json", _CARD)
    (desk / "items.csv").write_text("name,color\nr,red\ng,green\nb,blue\nx,no such color\n", encoding="utf-8")
    done = desk.call("batch", "card.json", "items.csv", "-o", "out", "--workers", "0", "--contact-sheet")
    assert done.code == 3, done.text
    return desk / "out"


def test_a_batch_writes_its_gallery_as_it_goes(folder: Path) -> None:
    text = (folder / "gallery_files" / "items-0.js").read_text(encoding="utf-8")
    items = json.loads(text[text.index("[") : text.rindex("]") + 1])

    assert [item["s"] for item in items] == ["done", "done", "done", "failed"]
    assert (folder / "gallery.html").is_file()


def test_a_batch_can_do_without(desk: Desk) -> None:
    desk.write_graph("card.json", _CARD)

    done = desk.call(
        "batch", "card.json", "--product", "color=red,blue", "-o", "plain", "--workers", "0", "--no-gallery"
    )

    assert done.code == 0, done.text
    assert not (desk / "plain" / "gallery.html").exists()


def test_a_gallery_is_written_again(desk: Desk, folder: Path) -> None:
    (folder / "gallery.html").unlink()

    done = desk.call("gallery", folder)

    assert (done.code, done.out) == (0, f"{folder / 'gallery.html'}\n")


def test_a_folder_without_a_batch_has_no_gallery(desk: Desk) -> None:
    done = desk.call("gallery", ".")

    assert done.code == 2
    assert "E742" in done.err


def test_contact_sheets_show_every_image(desk: Desk, folder: Path) -> None:
    with PIL.Image.open(folder / "contact_sheets" / "sheet_001.png") as sheet:
        colors = {sheet.convert("RGB").getpixel((x, y)) for x in range(0, sheet.width, 7) for y in range(0, 300, 7)}

    assert any(red > 200 > green + 60 for red, green, _ in colors)
    assert any(blue > 200 > green + 60 for _, green, blue in colors)
    again = desk.call("rerun", folder / "contact_sheets" / "sheet_001.png", "-o", "again")
    assert again.code == 0, again.text


def test_verify_checks_a_batch_against_its_ledger(desk: Desk, folder: Path) -> None:
    good = desk.call("verify", folder)
    card = next(folder.glob("g*card*"))
    card.write_bytes(card.read_bytes()[:-1])
    bad = desk.call("verify", folder)

    assert good.code == 0, good.text
    assert good.out.startswith("6 sound")
    assert bad.code == 1
    assert f"changed: {card.name}" in bad.out


def test_replayed_files_of_a_batch_come_out_the_same(desk: Desk, folder: Path) -> None:
    done = desk.call("verify", folder, "--replay", "6", "--json")

    assert done.code == 0, done.text
    assert [row["standing"] for row in done.json["replays"]] == ["same"] * 6


def test_a_text_of_a_batch_is_made_again_from_the_ledger(desk: Desk, folder: Path) -> None:
    note = next(folder.glob("g*note*"))

    done = desk.call("rerun", note, "-o", "again")

    assert done.code == 0, done.text
    assert (desk / "again" / note.name).read_text(encoding="utf-8") == note.read_text(encoding="utf-8") == "all green"


def test_two_machines_share_what_a_batch_made(desk: Desk, tmp_path: Path) -> None:
    desk.write_graph("card.json", _CARD)
    items = ("--product", "color=red,green", "--workers", "0", "--cache-url", f"file://{tmp_path}/shared", "--json")
    first = desk.call("batch", "card.json", "-o", "one", *items, "--cache-dir", tmp_path / "a")
    second = desk.call("batch", "card.json", "-o", "two", *items, "--cache-dir", tmp_path / "b")

    assert (first.code, second.code) == (0, 0), first.text + second.text
    assert first.json["cached"] == 0
    assert second.json["cached"] == second.json["calls"] > 0
    for path in (desk / "one").glob("*card*"):
        assert path.read_bytes() == (desk / "two" / path.name).read_bytes()
