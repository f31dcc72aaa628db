"""Explains to a user why a plugin failed to load."""

from __future__ import annotations

import inspect
import traceback
from pathlib import Path
from typing import Any

import pluggy

from studio.api import API_VERSION, Hooks
from studio.api.import_problem import find_import_hint
from studio.errors import StudioError
from studio.redaction import redact
from studio.registry.hook_names import locate_function
from studio.registry.registry import PluginRow
from studio.version import VERSION

_STUDIO = str(Path(__file__).parents[1])
_REPORT = "report it to its authors"


def record_failure(row: PluginRow, error: BaseException, plugin: Any) -> None:
    """Mark a plugin's row as failed, with the reason and the place."""
    row.status = "failed"
    if isinstance(error, pluggy.PluginValidationError):
        row.problem, row.where = _explain_hook(error, plugin)
    elif isinstance(error, StudioError):
        row.problem = f"{error.code} {error.message}" + (f" ({error.hint})" if error.hint else "")
        row.where = error.where or row.where
    else:
        row.where = _find_line(error) or row.where
        row.problem = redact(f"{type(error).__name__}: {error} ({_find_hint(error, row.where)})")


def _explain_hook(error: pluggy.PluginValidationError, plugin: Any) -> tuple[str, str]:
    """Return which hook has an argument that Studio does not pass, and where it is."""
    for name, specification in vars(Hooks).items():
        function = getattr(plugin, name, None) if name.startswith("studio_") else None
        if function is None:
            continue
        known = list(inspect.signature(specification).parameters)[1:]
        unknown = [argument for argument in inspect.signature(function).parameters if argument not in known]
        if unknown:
            takes = f"it takes {', '.join(known)}" if known else "it takes no arguments"
            return f"E205 hook {name} has no argument {unknown[0]!r} ({takes})", locate_function(function)
    return " ".join(str(error).split()), getattr(plugin, "__file__", "") or ""


def _find_hint(error: BaseException, where: str) -> str:
    if isinstance(error, SystemExit):
        return f"it ends the program while it is loaded; {_REPORT}"
    return _find_neighbor_hint(error, where) or find_import_hint(error, VERSION, API_VERSION) or _REPORT


def _find_neighbor_hint(error: BaseException, where: str) -> str:
    """Return what to do if a plugin that is one file imports a module beside it."""
    if not isinstance(error, ModuleNotFoundError) or not error.name:
        return ""
    file, name = Path(where.rpartition(":")[0]), error.name.partition(".")[0]
    if not any((file.parent / found).exists() for found in (f"{name}.py", name)):
        return ""
    return (
        f"a plugin that is one file imports no module beside it: put both into a folder {file.stem!r} with the plugin "
        f"as __init__.py, and import .{name}"
    )


def _find_line(error: BaseException) -> str:
    """Return the line of the plugin's code that raised, without the frames of Studio and of the import system."""
    if isinstance(error, SyntaxError) and error.filename:
        return f"{error.filename}:{error.lineno}"
    frames = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if not frame.filename.startswith((_STUDIO, "<frozen")) and "importlib" not in frame.filename
    ]
    return f"{frames[-1].filename}:{frames[-1].lineno}" if frames else ""
