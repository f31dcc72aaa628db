"""`SourceSnapshot`: the status of a plugin's files and of the folders that were searched for them."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from studio.registry.source_files import SETTLED_NS, SourceFile, SourceReader, Status, find_any_status

_FULL_SECONDS = 1.0  # some network file systems do not change the time of a folder with its content


@dataclass(frozen=True)
class SourceSnapshot:
    """What a look at a plugin's files found. While it holds, another look would find the same.

    Attributes:
        statuses: The status of each file and folder; None for those that do not exist.
        expires: When it no longer counts, on the monotonic clock.
    """

    statuses: Mapping[str, Status | None]
    expires: float

    def holds(self) -> bool:
        """Say whether every file and folder is as it was."""
        if time.monotonic() >= self.expires:
            return False
        return all(find_any_status(path) == status for path, status in self.statuses.items())


def take_snapshot(files: Iterable[SourceFile], reader: SourceReader) -> SourceSnapshot | None:
    """Return the snapshot of what a reader has just looked at; None where an equal status may hide a change.

    Args:
        files: The files that were found.
        reader: What has read them.
    """
    found = list(files)
    newest = reader.begun_ns - SETTLED_NS
    places = reader.places
    if reader.missed or not places or not all(file.settled for file in found):
        return None
    if any(status is not None and max(status[1], status[2]) > newest for status in places.values()):
        return None
    statuses = {**places, **{file.path: file.status for file in found}}
    return SourceSnapshot(statuses, time.monotonic() + _FULL_SECONDS)
