"""Files of what can be found out again: JSON below its own digest, so that a damaged file is as good as none."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from blake3 import blake3

from studio.files import read_regular_file, write_remakeable

MOST_FILES = 8
"""How many files a folder has at most: one for each environment."""


def read_kept(path: Path) -> Any:
    """Return what a file holds.

    Raises:
        OSError, ValueError, RecursionError: It is missing or damaged.
    """
    digest, _, data = read_regular_file(path).partition(b"\n")
    if blake3(data).hexdigest().encode() != digest:
        raise ValueError(path)
    return json.loads(data)


def write_kept(path: Path, content: Any) -> None:
    """Write a file, and remove the oldest of its folder.

    Raises:
        OSError, ValueError, TypeError: It cannot be written.
    """
    data = json.dumps(content).encode()
    write_remakeable(path, blake3(data).hexdigest().encode() + b"\n" + data)
    files = sorted(path.parent.glob("[!.]*.json"), key=lambda file: file.stat().st_mtime_ns)
    for file in files[:-MOST_FILES]:
        file.unlink(missing_ok=True)
