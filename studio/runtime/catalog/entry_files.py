"""Which files a plugin's part of the catalog consists of; they are read later."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path


def list_entry_files(paths: Iterable[Path]) -> list[Path]:
    """Return the files of entries that paths name: `.toml` files, or folders of them."""
    found: list[Path] = []
    for path in paths:
        found += sorted(path.glob("*.toml")) if path.is_dir() else [path]
    return found
