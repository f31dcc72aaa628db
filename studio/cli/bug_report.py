"""Writes a report about a bug of Studio's own, where the user finds it."""

from __future__ import annotations

import sys
import tempfile
import time
import traceback
from collections.abc import Sequence
from pathlib import Path

from studio.errors import StudioError, describe_exception
from studio.redaction import redact
from studio.settings import find_reports_folder
from studio.version import VERSION


def report_bug(error: Exception, arguments: Sequence[str]) -> StudioError:
    """Write a report and return the error that the user reads.

    The report lies in the reports folder of the user, or in the folder for temporary files where that one cannot be
    written.
    """
    details = _format_traceback(error)
    text = redact(f"studio {VERSION}\npython {sys.version}\narguments {list(arguments)}\n\n{details}")
    path = _write_report(text)
    hint = f"please report it with {path}"
    if path is None:
        hint = f"please report it with this text; no folder for a report can be written\n{text}"
    found = StudioError("E999", f"a bug in Studio: {describe_exception(error)}", hint=hint)
    found.__cause__ = error
    return found


def _format_traceback(error: Exception) -> str:
    try:
        return "".join(traceback.format_exception(error))
    except Exception:  # an exception in the chain may raise whatever is asked of it
        return "".join(traceback.format_tb(error.__traceback__)) + describe_exception(error)


def _write_report(text: str) -> Path | None:
    name = f"report-{time.strftime('%Y%m%d-%H%M%S')}.txt"
    for find_folder in (find_reports_folder, lambda: Path(tempfile.gettempdir()) / "studio-reports"):
        try:
            folder = find_folder()
            folder.mkdir(parents=True, exist_ok=True)
            path = _choose_path(folder / name)
            path.write_text(text, encoding="utf-8", errors="backslashreplace")
            return path
        except (OSError, RuntimeError, ValueError):  # a user without a home, a path with a NUL
            continue
    return None


def _choose_path(path: Path) -> Path:
    """Return a path that no other report has."""
    number = 1
    chosen = path
    while chosen.exists():
        number += 1
        chosen = path.with_stem(f"{path.stem}-{number}")
    return chosen
