"""Contact sheets: the images of a batch on a few large ones, laid out by a graph."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from studio.app import Studio
from studio.batch.item import ItemState
from studio.batch.item_rows import ItemRow
from studio.batch.ledger import Ledger
from studio.batch.own_files import FILES, SHEETS
from studio.batch.previews import describe_file
from studio.errors import RunError
from studio.files import resolve_path
from studio.graph import parse_graph
from studio.provenance.folder_links import check_links
from studio.provenance.output_folder import OutputFolder

COLUMNS, ROWS = 6, 5
CELL = 300
_LABEL = 34


def write_contact_sheets(studio: Studio, folder: Path) -> list[Path]:
    """Lay out the images and first frames of a batch on sheets of 30; return the files.

    Raises:
        RunError: E742 if the folder contains no batch, E758 if a sheet cannot be made, E313 if it would be written
            outside of the folder.
        GraphError: No installed plugin provides `image.grid`.
    """
    written: list[Path] = []
    page: list[tuple[Path, str]] = []
    for name in (SHEETS, f"{FILES}/thumbs"):
        check_links(folder, name, "contact sheet")
    with Ledger(folder) as ledger:
        for row in ledger.items(states=(ItemState.DONE,)):
            page += _find_images(studio, folder, row)
            while len(page) >= COLUMNS * ROWS:
                written.append(_write_sheet(studio, folder, page[: COLUMNS * ROWS], len(written)))
                page = page[COLUMNS * ROWS :]
    if page:
        written.append(_write_sheet(studio, folder, page, len(written)))
    _remove_others(folder / SHEETS, written)
    return written


def _find_images(studio: Studio, folder: Path, row: ItemRow) -> Iterator[tuple[Path, str]]:
    """Yield a small image of each of an item's images and videos, and its label."""
    thumbs = folder / FILES / "thumbs"
    several = len(row.outputs) > 1
    for output in row.outputs:
        name = describe_file(folder, output, thumbs, studio.settings.media).get("m")
        if name is not None:
            label = f"{row.name} {output.output}" if several else row.name
            yield thumbs / name, label if len(label) <= _LABEL else label[: _LABEL - 1] + "…"


def _write_sheet(studio: Studio, folder: Path, page: list[tuple[Path, str]], number: int) -> Path:
    output = OutputFolder(folder / SHEETS, f"sheet_{number + 1:03d}.png")
    result = studio.run(parse_graph(_make_graph(folder, page), base=folder), output=output)
    if not result.files:
        reason = result.errors[0].message if result.errors else "the graph returned no image"
        raise RunError("E758", f"a contact sheet cannot be made: {reason}", where=str(folder / SHEETS))
    return result.files[0].path


def _make_graph(folder: Path, page: list[tuple[Path, str]]) -> dict[str, Any]:
    """Return the graph that lays out images; it names their files, so that a sheet can be made again."""
    inputs = {
        "images": [{"file": path.relative_to(folder).as_posix()} for path, _ in page],
        "labels": [label for _, label in page],
        "columns": min(COLUMNS, len(page)),
        "cell_width": CELL,
        "cell_height": CELL,
        "label_size": CELL / 16,
    }
    node = {"type": "image.grid", "inputs": inputs}
    return {"studio": 1, "title": "Contact sheet", "nodes": {"sheet": node}, "outputs": {"sheet": {"from": "sheet"}}}


def _remove_others(folder: Path, written: list[Path]) -> None:
    """Remove sheets of an earlier, longer batch."""
    for path in folder.glob("sheet_*.png"):
        if resolve_path(path) not in {resolve_path(made) for made in written}:
            path.unlink()
