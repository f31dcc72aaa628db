"""Errors as clients are told: plain JSON of a bounded size, without paths of this machine."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from studio.errors import GraphError, RunError, StudioError, UsageError
from studio.files import is_disk_full
from studio.server.hidden_paths import hide_paths

RETRY_CODES = frozenset({"E301", "E304", "E305", "E310", "E312", "E401", "E402", "E602", "E800", "E823", "E999"})
"""Of errors after which the same job may succeed: memory, time, disks, missing weights, and what nobody foresaw.

A full disk counts whatever the code is: E512 is also a file name without a known format, which stays wrong."""

_SENT = ("nodes", "inputs", "outputs", "values", "graph", "only", "formats", "metadata", "requires", "ui")
_PLACES = tuple(f"/{name}/" for name in _SENT)
_LONGEST_TEXT = 1000
_MOST_ROWS = 100


def describe_errors(errors: Iterable[StudioError]) -> dict[str, Any]:
    """Return the first of several errors as plain JSON, with the others beside it."""
    found = [describe_error(error) for error in errors]
    if not found:
        found = [describe_error(RunError("E999", "the run failed without an error", hint="report it"))]
    return {**found[0], "others": found[1:_MOST_ROWS]} if len(found) > 1 else found[0]


def describe_error(error: StudioError) -> dict[str, Any]:
    """Return an error as a client is told, and whether the same may succeed later."""
    written = {name: value for name, value in error.to_json().items() if name != "details"}  # a traceback
    row: dict[str, Any] = hide_paths(_shorten(written))
    if isinstance(error, GraphError | UsageError):
        _restore_places(row, written)
    return {**row, "retry": error.code in RETRY_CODES or is_disk_full(error)}


def _restore_places(row: dict[str, Any], written: Mapping[str, Any]) -> None:
    """Put back the JSON pointers into what a client sent, which look like paths where `/outputs` is a folder."""
    for shown, own in zip([row, *row.get("findings", ())], [written, *written.get("findings", ())], strict=False):
        where = str(own.get("where", ""))
        if where.startswith(_PLACES):
            shown["where"] = where[:_LONGEST_TEXT]


def _shorten(value: Any) -> Any:
    """Return plain JSON with long texts cut, as errors may quote all that a client sent, and with short lists."""
    if isinstance(value, str):
        return value if len(value) <= _LONGEST_TEXT else value[:_LONGEST_TEXT] + " ..."
    if isinstance(value, Mapping):
        return {name: _shorten(entry) for name, entry in value.items()}
    return [_shorten(entry) for entry in value[:_MOST_ROWS]] if isinstance(value, list | tuple) else value
