"""`check_links`: what is kept beside a folder's files stays in that folder, whatever links it contains."""

from __future__ import annotations

from pathlib import Path

from studio.errors import RunError
from studio.files import RECORDS_FOLDER, resolve_path


def check_links(folder: Path, name: str, what: str) -> None:
    """Check that a path in an output folder follows no link out of it.

    Args:
        folder: The output folder.
        name: The path, relative to it.
        what: What would be written there, for the error.

    Raises:
        RunError: E313 if it leaves the folder.
    """
    if resolve_path(folder / name).is_relative_to(resolve_path(folder)):
        return
    link = next(part for part in (RECORDS_FOLDER, name) if (folder / part).is_symlink() or part == name)
    raise RunError(
        "E313",
        f"{link!r} is a link that leaves the output folder, so no {what} is written",
        where=str(folder / link),
        hint="remove the link, or name another folder with -o DIR",
    )
