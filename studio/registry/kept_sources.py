"""`KeptSources`: what is known of source files from earlier processes, kept in the cache folder."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import Any

from blake3 import blake3

from studio.files import load_remakeable, write_remakeable
from studio.registry.source_files import SourceFile, SourceReader

_FORMAT = 1


class KeptSources:
    """Readers of source files, one for each place, which know what earlier processes read.

    Args:
        folder: Where that is kept, or None to keep nothing.
        writes: Whether what is read now is kept too.
    """

    def __init__(self, folder: Path | None, *, writes: bool = True) -> None:
        self._folder = folder
        self.writes = writes

    def open_reader(self, place: str) -> SourceReader:
        """Return a reader of the files at a place."""
        if self._folder is None:
            return SourceReader()
        return SourceReader(load_remakeable(self._name_file(self._folder, place), _FORMAT, _parse))

    def keep(self, place: str, reader: SourceReader) -> None:
        """Keep what a reader has read, if something is new; where that is impossible it is read again next time."""
        if self._folder is None or not self.writes or not reader.fresh:
            return
        files = {f.path: [*f.status, f.digest, *f.imports] for f in reader.known.values() if f.settled}
        if not files:
            return
        with contextlib.suppress(OSError, ValueError):  # names may be no text
            data = json.dumps({"format": _FORMAT, "files": files}).encode()
            write_remakeable(self._name_file(self._folder, place), data)

    def _name_file(self, folder: Path, place: str) -> Path:
        return folder / f"{blake3(place.encode('utf-8', 'surrogateescape')).hexdigest(8)}.json"


def _parse(row: dict[str, Any]) -> dict[str, SourceFile]:
    found = {}
    for path, (size, changed, status_changed, inode, digest, *imports) in row["files"].items():
        status = (int(size), int(changed), int(status_changed), int(inode))
        found[str(path)] = SourceFile(str(path), status, str(digest), tuple(map(str, imports)))
    return found
