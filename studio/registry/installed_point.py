"""`InstalledPoint`: an entry point of a plugin as it is kept, and `PointCode`: the code that it leads to."""

from __future__ import annotations

import importlib.metadata
import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from blake3 import blake3

from studio.api.origin import LOADED_NS
from studio.registry.distributions import find_module, find_owned, is_released
from studio.registry.loading import SourceLoader
from studio.registry.plugin_origin import PluginOrigin, list_digests, report_changed
from studio.registry.registry import PluginRow
from studio.registry.source_files import digest_sources, find_status, list_folder
from studio.registry.source_tree import SourceTree, locate_tree
from studio.registry.sources import ENTRY_POINTS, find_version, load_point, sort_points

_SETTLED_NS = 2 * 10**9


@dataclass(frozen=True)
class InstalledPoint:
    """What is kept of an entry point, so that no metadata is read.

    Attributes:
        name: Its name.
        value: What it names.
        distribution: The distribution that it belongs to.
        version: The distribution's version.
        place: The package's folder or the module's file.
        released: Whether name and version say enough of the code.
        owned: What else of that folder belongs to the distribution; None for all.
    """

    name: str
    value: str
    distribution: str
    version: str
    place: str
    released: bool
    owned: Sequence[str] | None

    @property
    def top(self) -> str:
        """The outermost package or module."""
        return self.value.partition(":")[0].strip().partition(".")[0]

    @property
    def tree(self) -> SourceTree:
        """Its files."""
        return locate_tree(self.place, frozenset(self.owned) if self.owned is not None else None)


def describe_points() -> list[InstalledPoint]:
    """Return the entry points that are installed, or none if one of them cannot be kept.

    That is so if it belongs to no distribution, has no files, or has the name of another one, which is an error.
    """
    points = sort_points(importlib.metadata.entry_points(group=ENTRY_POINTS))
    if len({point.name for point in points}) < len(points):
        return []
    described = []
    for point in points:
        distribution, place = point.dist, find_module(point.module.partition(".")[0])
        if distribution is None or place is None:
            return []
        owned = find_owned(distribution, place)
        described.append(
            InstalledPoint(
                point.name,
                point.value,
                distribution.metadata["Name"],
                find_version(distribution),
                place,
                is_released(distribution, place),
                sorted(owned) if owned is not None else None,
            )
        )
    return described


@dataclass(frozen=True)
class PointCode:
    """The code of a plugin as it is now.

    Attributes:
        name: Names it.
        origin: Its files; None for a release.
        settled: Whether an equal name means an equal content.
    """

    name: str
    origin: PluginOrigin | None
    settled: bool = True


def read_code(point: InstalledPoint, loader: SourceLoader, origin: PluginOrigin | None = None) -> PointCode:
    """Look at the files of a plugin; those of a release are not read, as their status says enough.

    Args:
        point: Its entry point.
        loader: Knows what earlier processes read.
        origin: The files, if they are known.
    """
    head = f"{point.place} {point.value} {point.distribution} {point.version}"
    if point.released:
        listed = list_folder(point.place) if os.path.isdir(point.place) else [("", point.place)]
        files = sorted((name, find_status(path)) for name, path in listed)
        settled = all(max(status[1:3]) < LOADED_NS - _SETTLED_NS for _, status in files)
        name = blake3(repr((head, files)).encode("utf-8", "surrogateescape")).hexdigest()
        return PointCode(name, None, settled)
    origin = origin or loader.collect(point.name, point.tree)
    return PointCode(digest_sources(list_digests(origin.found), head), origin)


def load_point_again(row: PluginRow, loader: SourceLoader) -> Any:
    """Import the plugin of an entry point that was described; errors as for `load_point`."""
    distribution = importlib.metadata.distribution(row.distribution)  # looking through all of them takes time
    (point,) = distribution.entry_points.select(group=ENTRY_POINTS, name=row.name)
    return load_point(row, point, loader)


def load_declared(point: InstalledPoint, loader: SourceLoader, code: PointCode) -> Any:
    """Import a plugin whose declarations are known already.

    Raises:
        PluginError: E211 if its code is not what was declared.
        BaseException: What the import raises.
    """
    row = PluginRow(point.name, point.distribution, point.version)
    module = load_point_again(row, loader)
    now = read_code(point, loader, row.origin if isinstance(row.origin, PluginOrigin) else None)
    if now.name != code.name:
        changed = code.origin.find_changed() if code.origin is not None else []
        hint = "start the program again, or make another Studio()"
        raise report_changed(point.name, changed or [os.path.basename(point.place)], point.place, hint)
    return module
