"""Reads the file of a catalog entry, and says what is wrong with it: file, key, and what is expected."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from studio.api.model import MODEL_NAME
from studio.errors import ModelError
from studio.files import read_regular_file
from studio.runtime.catalog.entry import Entry, Figure, Part, Source, Use
from studio.suggestion import suggest

_SHA256 = re.compile(r"[0-9a-f]{64}")
_HUB = re.compile(r"[\w.-]+/[\w.-]+(@[\w./-]+)?")
_PIP = re.compile(r"pip:[A-Za-z0-9][A-Za-z0-9._-]*==[0-9][A-Za-z0-9.!+_-]*")
_NPM = re.compile(r"npm:(@[a-z0-9._-]+/)?[a-z0-9][a-z0-9._-]*@[0-9][A-Za-z0-9.+-]*")
_PLATFORM = re.compile(r"[a-z0-9_]*")
_ORIGIN_HINT = 'write "pip:NAME==VERSION", "npm:NAME@VERSION" or "file"'

_TEXT, _COUNT, _TEXTS, _TABLE, _TABLES, _FLAG = "a text", "a count", "a list of texts", "a table", "tables", "a bool"
_Keys = Mapping[str, str]

_ENTRY = {
    "title": _TEXT, "description": _TEXT, "family": _TEXT, "license": _TEXT, "author": _TEXT, "copyright": _TEXT,
    "terms": _TEXT, "homepage": _TEXT, "languages": _TEXTS, "requires": _TEXTS, "memory_bytes": _COUNT,
    "weights": _TEXT, "uses": _TABLES, "quality": _TABLES, "sources": _TABLES,
}  # fmt: skip
_REQUIRED = ("title", "description", "family", "license", "author", "sources")
_USE = {"node": _TEXT, "input": _TEXT, "gain": _TEXT, "default": _FLAG, "hint": _FLAG, "when": _TABLE, "needed": _FLAG}
_FIGURE = {"measure": _TEXT, "value": _TEXT, "source": _TEXT}
_SOURCE = {
    "hub": _TEXT, "variant": _TEXT, "only": _TEXTS, "parts": _TABLES, "convert": _TEXT, "results": _TABLE,
    "seen_in": _TEXT,
}  # fmt: skip
_PART = {"name": _TEXT, "origin": _TEXT, "path": _TEXT, "bytes": _COUNT, "sha256": _TEXT, "platform": _TEXT}


class _Problem(ValueError):
    """What is wrong at a key."""


def read_entry(path: Path) -> Entry:
    """Read the file of an entry; its name is that of the file.

    Raises:
        ModelError: E605 if it cannot be read or is not an entry.
    """
    try:
        table = tomllib.loads(read_regular_file(path).decode("utf-8"))
        return _parse(path, table)
    except _Problem as problem:
        reason = str(problem)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
    except (ValueError, RecursionError) as error:
        reason = str(error)
    raise ModelError(
        "E605", f"invalid catalog entry {path.name!r}: {reason}", where=str(path), hint="see docs/catalog.md"
    )


def _parse(path: Path, table: dict[str, Any]) -> Entry:
    if not MODEL_NAME.fullmatch(path.stem) or path.stem.startswith("."):
        raise _Problem("invalid name: letters, digits, '_', '-' and '.'")
    _check_keys("", table, _ENTRY, _REQUIRED)
    rest = {key: value for key, value in table.items() if _ENTRY[key] in (_TEXT, _COUNT)}
    sources = tuple(_parse_source(f"sources.{i}", row) for i, row in enumerate(table["sources"]))
    if not sources:
        raise _Problem("sources is empty")
    if table.get("weights"):
        _check_name("weights", table["weights"])
    return Entry(
        name=path.stem,
        sources=sources,
        uses=tuple(_parse_use(f"uses.{i}", row) for i, row in enumerate(table.get("uses", ()))),
        quality=tuple(_parse_figure(f"quality.{i}", row) for i, row in enumerate(table.get("quality", ()))),
        languages=tuple(table.get("languages", ())),
        requires=tuple(table.get("requires", ())),
        path=path,
        **rest,
    )


def _parse_use(place: str, row: dict[str, Any]) -> Use:
    _check_keys(place, row, _USE, ("node", "input"))
    when = {name: tuple(v) if isinstance(v, list) else (v,) for name, v in row.get("when", {}).items()}
    return Use(**{**row, "when": when})


def _parse_figure(place: str, row: dict[str, Any]) -> Figure:
    _check_keys(place, row, _FIGURE, tuple(_FIGURE))
    return Figure(**row)


def _parse_source(place: str, row: dict[str, Any]) -> Source:
    _check_keys(place, row, _SOURCE, ())
    hub = row.get("hub", "")
    if bool(hub) == bool(row.get("parts")):
        raise _Problem(f"{place} needs hub or parts, and not both")
    if hub and not _HUB.fullmatch(hub):
        raise _Problem(f"invalid {place}.hub {hub!r} (expected OWNER/NAME@REVISION)")
    for name, digest in row.get("results", {}).items():
        _check_name(f"{place}.results", name)
        _check_digest(f"{place}.results.{name}", digest)
    parts = tuple(_parse_part(f"{place}.parts.{i}", part) for i, part in enumerate(row.get("parts", ())))
    for name in row.get("only", ()):
        _check_name(f"{place}.only", name)
    return Source(**{**row, "parts": parts, "only": tuple(row.get("only", ()))})


def _parse_part(place: str, row: dict[str, Any]) -> Part:
    _check_keys(place, row, _PART, ("name", "origin"))
    _check_name(f"{place}.name", row["name"])
    _check_name(f"{place}.path", row.get("path", row["name"]))
    origin = row["origin"]
    if origin != "file" and not (_PIP.fullmatch(origin) or _NPM.fullmatch(origin)):
        raise _Problem(f"invalid {place}.origin {origin!r} ({_ORIGIN_HINT})")
    if "sha256" in row:
        _check_digest(f"{place}.sha256", row["sha256"])
    if not _PLATFORM.fullmatch(row.get("platform", "")):
        raise _Problem(f"invalid {place}.platform {row['platform']!r} (expected the tag of a wheel)")
    return Part(**{"path": row["name"], **row})


def _check_name(place: str, name: str) -> None:
    """Refuse a name of a file that leads out of its folder, or is hidden."""
    parts = name.split("/")
    if not name or "\\" in name or "\0" in name or PurePosixPath(name).is_absolute() or ":" in parts[0]:
        raise _Problem(f"invalid {place} {name!r} (expected a path below a folder)")
    if any(part in ("", ".", "..") or part.startswith(".") for part in parts):
        raise _Problem(f"invalid {place} {name!r} (expected a path below a folder)")


def _check_digest(place: str, digest: Any) -> None:
    if not isinstance(digest, str) or not _SHA256.fullmatch(digest):
        raise _Problem(f"invalid {place} {digest!r} (expected a SHA-256 of 64 hexadecimal digits)")


def _check_keys(place: str, row: Mapping[str, Any], keys: _Keys, required: tuple[str, ...]) -> None:
    begin = f"{place}." if place else ""
    for key, value in row.items():
        if key not in keys:
            raise _Problem(f"unknown key {begin}{key} ({suggest(key, keys, 'keys are: ' + ', '.join(keys))})")
        if not _IS[keys[key]](value):
            raise _Problem(f"invalid {begin}{key} = {str(value)[:60]!r} (expected {keys[key]})")
    for key in required:
        if row.get(key) in (None, ""):
            raise _Problem(f"missing {begin}{key}")


_IS = {
    _TEXT: lambda value: isinstance(value, str),
    _FLAG: lambda value: isinstance(value, bool),
    _COUNT: lambda value: isinstance(value, int) and not isinstance(value, bool) and value >= 0,
    _TEXTS: lambda value: isinstance(value, list) and all(isinstance(one, str) for one in value),
    _TABLE: lambda value: isinstance(value, dict),
    _TABLES: lambda value: isinstance(value, list) and all(isinstance(one, dict) for one in value),
}
