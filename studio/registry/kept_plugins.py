"""`KeptPlugins`: what installed plugins declared in earlier processes, kept in the cache folder.

There is one file for each environment: Python, Studio, and the distributions that are installed. In it, a plugin's
declarations count only as long as its code is what it was. A file that is damaged is as good as none.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

from studio.api.origin import Provider
from studio.registry.declarations import Unkeepable
from studio.registry.deferred import DeferredPlugin
from studio.registry.distributions import find_module
from studio.registry.environment import name_environment
from studio.registry.installed_point import InstalledPoint, describe_points, load_declared, read_code
from studio.registry.kept_file import read_kept, write_kept
from studio.registry.kept_provided import KeptProvided, describe_provided
from studio.registry.loading import SourceLoader
from studio.registry.passed_checks import PassedChecks
from studio.registry.plugin_origin import PluginOrigin
from studio.registry.provided import Provided
from studio.registry.registry import PluginRow, Registry

_FORMAT = 3
_PASSED = "passed"
_FAULTS = (OSError, ValueError, TypeError, KeyError, AttributeError, IndexError, RecursionError)


class KeptPlugins:
    """Reads and writes what is kept.

    Args:
        folder: Where, or None to keep nothing.
        studio: What provides Studio's own code.
        loader: Knows what earlier processes read.
        writes: Whether what is declared now is kept too.
    """

    def __init__(self, folder: Path | None, studio: Provider, loader: SourceLoader, *, writes: bool = True) -> None:
        environment = name_environment(studio) if folder is not None else None
        self._path = folder / f"{environment[:32]}.json" if folder is not None and environment is not None else None
        self._loader = loader
        self._writes = writes
        self._points: list[InstalledPoint] = []
        self._plugins: dict[str, Any] = {}
        self._codes: dict[str, str] = {}
        self._fresh = False
        if self._path is not None:
            with contextlib.suppress(*_FAULTS):
                self._read(self._path)

    def list_points(self) -> list[InstalledPoint]:
        """Return the entry points of plugins in the order in which they are loaded, or none if they are not kept."""
        if self._path is not None and not self._points:
            self._points = describe_points()
            self._fresh = bool(self._points)
        return self._points

    def find(self, point: InstalledPoint) -> KeptProvided | None:
        """Return what a plugin declared, if its code is what it was and nobody has imported it yet."""
        declared = self._plugins.get(point.name)
        if declared is None or point.top in sys.modules or find_module(point.top) != point.place:
            return None
        with contextlib.suppress(*_FAULTS):
            code = read_code(point, self._loader)
            kept, models = declared["provided"], declared["provided"]["models"].values()
            if code.name != declared["code"] or not all(map(os.path.exists, models)):
                return None
            row = PluginRow(point.name, point.distribution, point.version, where=kept["where"], origin=code.origin)
            row.hooks = list(kept["hooks"])
            deferred = DeferredPlugin(partial(load_declared, point, self._loader, code))
            found = KeptProvided(row, deferred, declarations=kept, deferred=deferred)
            found.restore()
            self._codes[point.name] = code.name
            return found
        return None

    def keep(self, provided: Sequence[Provided]) -> None:
        """Keep what plugins declare that were loaded now and work; where that is impossible they are loaded again."""
        if self._path is None or not self._writes:
            return
        points = {point.name: point for point in self._points}
        for one in provided:
            point = points.get(one.row.name)
            if not isinstance(one, KeptProvided):
                self._codes.pop(one.row.name, None)
            if point is not None and not isinstance(one, KeptProvided) and one.row.status == "ok":
                with contextlib.suppress(Unkeepable, *_FAULTS):
                    self._describe(one, point)
        if self._fresh:
            with contextlib.suppress(OSError, ValueError, TypeError):
                self._write(self._path)

    def _describe(self, one: Provided, point: InstalledPoint) -> None:
        code = read_code(point, self._loader, one.row.origin if isinstance(one.row.origin, PluginOrigin) else None)
        described = {"code": code.name, "provided": describe_provided(one)}
        if code.settled:
            self._codes[point.name] = code.name
            if described != self._plugins.get(point.name):
                self._plugins[point.name], self._fresh = described, True

    def keep_checks(self, registry: Registry, provided: Sequence[Provided]) -> None:
        """Let the checks of plugins whose declarations are kept know which literals have passed, and keep that too."""
        if self._path is None or not self._writes:
            return
        registry.passed = PassedChecks(self._path.parent / _PASSED / self._path.name)
        for one in provided:
            code = self._codes.get(one.row.name)
            if code is not None and one.row.status == "ok":
                own = [registry.node_types[node_type.id] for node_type in one.node_types]
                deferred = one.deferred if isinstance(one, KeptProvided) and one.plugin is one.deferred else None
                wrapped = registry.passed.wrap(own, one.row.name, code, deferred)
                registry.node_types |= {node_type.id: node_type for node_type in wrapped}

    def _read(self, path: Path) -> None:
        content = read_kept(path)
        if content["format"] == _FORMAT:
            self._points = [InstalledPoint(**row) for row in content["points"]]
            self._plugins = dict(content["plugins"])

    def _write(self, path: Path) -> None:
        write_kept(path, {"format": _FORMAT, "points": list(map(asdict, self._points)), "plugins": self._plugins})
