"""Contact sheets: every image of a batch once, in the order of the table, on as many sheets as it takes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import PIL.Image
import pytest

import studio as package
from studio.app import Studio
from studio.batch.contact_sheets import CELL, COLUMNS, ROWS, write_contact_sheets
from studio.batch.ledger import Ledger
from studio.errors import RunError, UsageError
from studio.settings import Settings
from tests.studio.batch.conftest import from_input, graph_of

PAINTING = graph_of(
    {"paint": {"type": "image.new", "inputs": {"width": 40, "height": 30, "color": from_input("color")}}},
    {"color": {"type": "text"}},
    {"card": "paint"},
)
TALKING = graph_of(
    {"t": {"type": "logic.join_text", "inputs": {"texts": [from_input("word"), "!"]}}},
    {"word": {"type": "text"}},
    {"t": "t"},
)


@pytest.fixture
def full(tmp_path: Path) -> Iterator[Studio]:
    """A Studio with the installed plugins."""
    with Studio(Settings(cache_dir=tmp_path / "cache", device="cpu")) as made:
        yield made


def paint(studio: Studio, folder: Path, colors: list[str]) -> None:
    rows = [{"name": f"n{number:02d}", "color": color} for number, color in enumerate(colors)]
    assert all(item.state == "done" for item in package.batch(PAINTING, rows, folder, workers=0, studio=studio))


def read_cell(path: Path, place: int, columns: int) -> tuple[int, ...]:
    """Return the color in the middle of a cell."""
    with PIL.Image.open(path) as sheet:
        pixels = np.asarray(sheet.convert("RGB"))
    width, height = pixels.shape[1] / columns, pixels.shape[0] / max(1, -(-COLUMNS // columns))
    x = int((place % columns + 0.5) * width)
    y = int(min(pixels.shape[0] - 1, CELL / 2 + (place // columns) * height))
    return tuple(int(value) for value in pixels[y, x])


def test_every_image_is_on_the_sheet_in_the_order_of_the_table(full: Studio, tmp_path: Path) -> None:
    paint(full, tmp_path / "out", ["#ff0000", "#00ff00", "#0000ff"])

    (sheet,) = write_contact_sheets(full, tmp_path / "out")

    found = [np.argmax(read_cell(sheet, place, 3)) for place in range(3)]
    assert found == [0, 1, 2]
    assert sheet == tmp_path / "out/contact_sheets/sheet_001.png"


def test_a_full_sheet_is_followed_by_another_and_old_ones_go(full: Studio, tmp_path: Path) -> None:
    paint(full, tmp_path / "out", ["#102030"] * (COLUMNS * ROWS + 1))
    longer = write_contact_sheets(full, tmp_path / "out")
    paint(full, tmp_path / "out", ["#102030"] * 2)

    shorter = write_contact_sheets(full, tmp_path / "out")

    assert [path.name for path in longer] == ["sheet_001.png", "sheet_002.png"]
    assert [path.name for path in shorter] == ["sheet_001.png"]
    assert [path.name for path in (tmp_path / "out/contact_sheets").glob("*.png")] == ["sheet_001.png"]


def test_a_batch_without_images_has_no_sheets(full: Studio, tmp_path: Path) -> None:
    list(package.batch(TALKING, [{"word": "hi"}], tmp_path / "out", workers=0, studio=full))

    assert write_contact_sheets(full, tmp_path / "out") == []


def test_a_folder_without_a_batch_is_an_error(full: Studio, tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        write_contact_sheets(full, tmp_path)

    assert caught.value.code == "E742"


@pytest.mark.parametrize("name", ["contact_sheets", "gallery_files"])
def test_no_sheet_is_written_through_a_link_out_of_the_folder(tmp_path: Path, name: str) -> None:
    with Ledger(tmp_path / "batch", create=True):
        (tmp_path / "elsewhere").mkdir()
        (tmp_path / "elsewhere/sheet_001.png").write_bytes(b"mine")
        (tmp_path / "batch" / name).symlink_to(tmp_path / "elsewhere")

    with Studio(on_disk=False) as studio, pytest.raises(RunError, match="leaves the output folder"):
        write_contact_sheets(studio, tmp_path / "batch")

    assert (tmp_path / "elsewhere/sheet_001.png").read_bytes() == b"mine"
