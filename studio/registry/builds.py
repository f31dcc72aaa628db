"""Which builds of distributions are installed: names that are equal only where the installed files are equal.

A distribution that was installed from a wheel is named by its RECORD, which holds a SHA-256 of each of its files. Rows
that differ from one environment to the next (scripts, compiled code, how it was installed) do not count. A plugin that
is used from its sources is named by its code, and one of an archive by that archive's hash too (PEP 610).
"""

from __future__ import annotations

import contextlib
import csv
import json
import os
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path
from typing import Any

from blake3 import blake3

from studio.api.hooks import PROJECT
from studio.files import load_remakeable, write_remakeable
from studio.registry.registry import PluginRow, Registry

Build = dict[str, str]
"""Of one distribution: its "version", and what names its files: "record", "code", "archive" where they are known."""

_FORMAT = 1
_DIGEST_BYTES = 16
_KEPT = "builds.json"
_NAME = re.compile(r"[A-Za-z0-9][\w.-]*")
_OF_THE_ENVIRONMENT = ("INSTALLER", "REQUESTED", "RECORD", "direct_url.json")


def describe_builds(registry: Registry, folder: Path | None = None) -> dict[str, Build]:
    """Return the builds of Studio, of the plugins, and of what their distributions require.

    Args:
        registry: The plugins.
        folder: Where the digests of RECORDs are kept for later processes; None for nowhere.
    """
    rows = [row for row in registry.plugins if row.status == "ok"]
    names = sorted({PROJECT, *(row.distribution for row in rows if not _is_local(row))})
    builds = {name: dict(build) for name, build in _find_kept(names, folder).items()}
    codes: dict[str, list[str]] = {}
    if registry.studio.origin is not None:
        codes[PROJECT] = [f"{PROJECT} {registry.studio.origin.sources}"]
    for row in rows:
        name = row.name if _is_local(row) else row.distribution
        builds.setdefault(name, {"version": row.version})
        if row.origin is not None:
            codes.setdefault(name, []).append(f"{row.name} {row.origin.sources or row.version}")
    for name, sources in codes.items():
        build = builds.setdefault(name, {"version": ""})
        build.pop("record", None)  # of an editable installation it names a link to the sources
        build["code"] = _digest(sorted(sources))
    return dict(sorted(builds.items()))


def _is_local(row: PluginRow) -> bool:
    return row.version.startswith("0+local")


def _digest(rows: Iterable[str]) -> str:
    return blake3("\n".join(rows).encode("utf-8", "surrogateescape")).hexdigest(_DIGEST_BYTES)


# -- distributions -------------------------------------------------------------------------------------


def _list_builds(names: Iterable[str]) -> Iterator[tuple[str, Build]]:
    """Yield name and build of distributions and of what they require; those that are missing are left out."""
    pending, seen = list(names), set(names)
    wanted = set(pending)
    while pending:
        name = pending.pop()
        with contextlib.suppress(PackageNotFoundError, ValueError, OSError):
            found = distribution(name)
            yield name, describe_distribution(found)
            fresh = _list_requirements(found) - seen if name in wanted else set()
            seen |= fresh
            pending += sorted(fresh)


def _list_requirements(found: Distribution) -> set[str]:
    """Return the names of what a distribution needs, without its extras."""
    needed = [row for row in found.requires or () if "extra" not in row.partition(";")[2]]
    return {match.group() for row in needed if (match := _NAME.match(row)) is not None}


def describe_distribution(found: Distribution) -> Build:
    """Return the build of an installed distribution."""
    build = {"version": found.version}
    record = found.read_text("RECORD")
    if record is not None:
        build["record"] = _digest(_list_rows(record))
    with contextlib.suppress(ValueError, AttributeError, TypeError):
        hashes = json.loads(found.read_text("direct_url.json") or "{}").get("archive_info", {}).get("hashes", {})
        if isinstance(hashes, dict) and isinstance(hashes.get("sha256"), str):
            build["archive"] = f"sha256:{hashes['sha256']}"
    return build


def _list_rows(record: str) -> list[str]:
    """Return name and hash of the files that a wheel brought, in order."""
    rows = [row for row in csv.reader(record.splitlines()) if len(row) >= 2 and row[1]]
    return sorted(f"{path} {digest}" for path, digest, *_ in rows if not _is_of_the_environment(path))


def _is_of_the_environment(path: str) -> bool:
    folder, _, name = path.replace("\\", "/").rpartition("/")
    return path.startswith("..") or (folder.endswith(".dist-info") and name in _OF_THE_ENVIRONMENT)


# -- kept for later processes --------------------------------------------------------------------------


def _find_kept(names: list[str], folder: Path | None) -> Mapping[str, Build]:
    """Return the builds of distributions; they are looked up again if a folder of packages has changed."""
    changes = tuple((place, _find_change(place)) for place in sys.path if place.endswith("-packages"))
    key = [names, [list(change) for change in changes]]
    if folder is not None and (kept := _read(folder / _KEPT, key)) is not None:
        return kept
    found = _look_up(tuple(names), changes)
    if folder is not None:
        with contextlib.suppress(OSError, ValueError):
            data = json.dumps({"format": _FORMAT, "key": key, "builds": found}).encode()
            write_remakeable(folder / _KEPT, data)
    return found


@lru_cache(maxsize=2)
def _look_up(names: tuple[str, ...], changes: tuple[tuple[str, int], ...]) -> Mapping[str, Build]:
    """Return the builds of distributions, once for each state of the folders of packages."""
    return dict(_list_builds(names))


def _find_change(place: str) -> int:
    """Return when a folder last got or lost an entry, as it does when a distribution is installed into it."""
    try:
        return os.stat(place).st_mtime_ns
    except OSError:
        return 0


def _read(path: Path, key: Any) -> Mapping[str, Build] | None:
    def parse(row: dict[str, Any]) -> Mapping[str, Build] | None:
        if row["key"] != key:
            return None
        return {str(name): {str(k): str(v) for k, v in build.items()} for name, build in row["builds"].items()}

    return load_remakeable(path, _FORMAT, parse)
