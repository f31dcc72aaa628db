"""What lies beside a folder's files stays in that folder, whatever links and paths a record of it contains."""

from __future__ import annotations

from pathlib import Path

from studio.errors import RunError
from studio.files import RECORDS_FOLDER, resolve_path


def is_inside(folder: Path, name: str) -> bool:
    """Say whether a recorded path is a file inside an output folder, once links are followed.

    Args:
        folder: The output folder.
        name: The path, relative to it.
    """
    try:
        return resolve_path(folder / name).is_relative_to(resolve_path(folder))
    except (OSError, RuntimeError, ValueError):  # a loop of links, or a name that no file can have
        return False


def check_links(folder: Path, name: str, what: str) -> None:
    """Check that a path in an output folder follows no link out of it.

    Args:
        folder: The output folder.
        name: The path, relative to it.
        what: What would be written there, for the error.

    Raises:
        RunError: E313 if it leaves the folder.
    """
    if is_inside(folder, name):
        return
    link = next(part for part in (RECORDS_FOLDER, name) if (folder / part).is_symlink() or part == name)
    raise RunError(
        "E313",
        f"{link!r} is a link that leaves the output folder, so no {what} is written",
        where=str(folder / link),
        hint="remove the link, or name another folder with -o DIR",
    )
