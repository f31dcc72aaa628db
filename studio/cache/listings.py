"""`Listings`: digests of the files that code came from, so that a later run can name the file that changed."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping
from pathlib import Path

from studio.files import read_regular_file, write_remakeable


class Listings:
    """Listings by name; each is kept once.

    Args:
        folder: Where they are.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._kept: set[str] = set()

    def keep(self, name: str, files: Mapping[str, str]) -> None:
        """Keep the digests of files under a name; where that is impossible they are not known later."""
        if name in self._kept:
            return
        self._kept.add(name)
        path = self._locate(name)
        with contextlib.suppress(OSError, ValueError):
            if not path.exists():
                write_remakeable(path, json.dumps(dict(files)).encode())

    def find(self, name: str) -> dict[str, str] | None:
        """Return the digests of files by their names, or None."""
        try:
            found = json.loads(read_regular_file(self._locate(name)))
            return {str(file): str(digest) for file, digest in found.items()}
        except (OSError, ValueError, AttributeError, RecursionError):
            return None

    def _locate(self, name: str) -> Path:
        return self._folder / f"files-{name[:32]}.json"
