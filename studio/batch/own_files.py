"""Names of the files that Studio itself writes into a batch's folder, beside the files of its items."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path, PurePosixPath

from studio.files import RECORDS_FOLDER
from studio.graph.paths import find_output_fault
from studio.provenance.folder_links import is_inside

PAGE = "gallery.html"
FILES = "gallery_files"
SHEETS = "contact_sheets"

HELD = "held_items"
"""The folder of the files of held items."""

REMAKABLE = (PAGE, FILES, SHEETS)
"""What can be made again from the ledger."""

_OWN = {name.casefold() for name in (*REMAKABLE, RECORDS_FOLDER)}


def is_own_file(path: str) -> bool:
    """Say whether a path, relative to the batch's folder, is one of Studio's own or is inside one."""
    parts = PurePosixPath(path).parts
    return bool(parts) and parts[0].casefold() in _OWN


def is_held_file(path: str) -> bool:
    """Say whether a path, relative to the batch's folder, is where the files of held items are."""
    parts = PurePosixPath(path).parts
    return bool(parts) and parts[0].casefold() == HELD


def remove_held_files(folder: Path, paths: Iterable[str]) -> None:
    """Remove files that an item had while it was held, of these paths relative to the batch's folder; no others."""
    for path in paths:
        if is_held_file(path) and not find_output_fault(path) and is_inside(folder, path):
            with suppress(OSError):
                (folder / path).unlink()
