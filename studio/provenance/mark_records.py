"""`MarkRecords`: what is kept of files by the marks in them, so that a file without its metadata leads back to it."""

from __future__ import annotations

import contextlib
import json
import re
from dataclasses import dataclass
from pathlib import Path

from studio.files import load_remakeable, write_remakeable

_FORMAT = 1
_MARK = re.compile("[0-9a-f]{16}")
_MOST = 64  # records in each of the 256 folders
_LARGEST = 4 << 20  # bytes of content credentials; larger ones, with many ingredients, are not kept


@dataclass(frozen=True)
class MarkRecord:
    """What is kept of a file that was written with a mark.

    Attributes:
        mark: The number of its mark, 16 hexadecimal digits.
        name: Its name.
        digest: BLAKE3 of its bytes, in hex.
        source_type: The name of its IPTC term, or "".
        record: The JSON text that it carried.
        manifest: Its content credentials, or b"" if it was not signed.
    """

    mark: str
    name: str
    digest: str = ""
    source_type: str = ""
    record: str = ""
    manifest: bytes = b""


class MarkRecords:
    """Keeps records by mark, the newest of each. The oldest are dropped when there are too many.

    Args:
        folder: Where they are; None for nowhere.
    """

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder

    def keep(self, one: MarkRecord) -> None:
        """Keep a record; where that is impossible, the file alone has it."""
        if self._folder is None:
            return
        path = self._name_file(self._folder, one.mark)
        manifest = one.manifest if len(one.manifest) <= _LARGEST else b""
        row = {"name": one.name, "digest": one.digest, "source_type": one.source_type, "record": one.record}
        with contextlib.suppress(OSError, ValueError):
            if manifest:
                write_remakeable(path.with_suffix(".c2pa"), manifest)
            else:
                path.with_suffix(".c2pa").unlink(missing_ok=True)
            write_remakeable(path, json.dumps({"format": _FORMAT, **row}).encode())
            _drop_oldest(path.parent)

    def find(self, mark: str) -> MarkRecord | None:
        """Return what is kept of the file with a mark, or None."""
        if self._folder is None or not _MARK.fullmatch(mark):
            return None
        path = self._name_file(self._folder, mark)
        row = load_remakeable(path, _FORMAT, dict)
        if row is None:
            return None
        manifest = b""
        with contextlib.suppress(OSError):
            manifest = path.with_suffix(".c2pa").read_bytes()
        name, digest, source_type, record = (
            str(row.get(key, "")) for key in ("name", "digest", "source_type", "record")
        )
        return MarkRecord(mark, name, digest, source_type, record, manifest)

    @staticmethod
    def _name_file(folder: Path, mark: str) -> Path:
        return folder / mark[:2] / f"{mark}.json"


def _drop_oldest(folder: Path) -> None:
    records = sorted(folder.glob("[0-9a-f]*.json"), key=lambda path: path.stat().st_mtime_ns)
    for path in records[:-_MOST]:
        path.with_suffix(".c2pa").unlink(missing_ok=True)
        path.unlink(missing_ok=True)
