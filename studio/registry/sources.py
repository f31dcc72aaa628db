"""Where plugins come from: installed distributions, a folder, and objects that a caller gives."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import sys
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import replace
from functools import partial, reduce
from pathlib import Path
from types import ModuleType
from typing import Any, cast

from blake3 import blake3

from studio import api
from studio.api.hooks import PROJECT
from studio.api.origin import Provider
from studio.errors import PluginError, UsageError
from studio.registry.distributions import find_module, find_owned, is_released
from studio.registry.kept_sources import KeptSources
from studio.registry.loading import SourceLoader
from studio.registry.plugin_origin import PluginOrigin
from studio.registry.registry import PluginRow
from studio.registry.requirements import check_requirements
from studio.registry.source_tree import SourceTree, locate_tree
from studio.version import VERSION

ENTRY_POINTS = "studio"
GIVEN = "given"
LOCAL_VERSION = "0+local"
"""Version of a plugin that comes from no distribution, as PEP 440 writes it; a digest of its code may follow."""

Found = tuple[PluginRow, Callable[[], Any]]
"""A plugin's row, and what imports it."""


def find_studio(kept: KeptSources) -> Provider:
    """Return what provides Studio's own code: a release, or the files of its API."""
    place = os.path.dirname(os.path.abspath(api.__file__))
    try:
        distribution = importlib.metadata.distribution(PROJECT)
    except importlib.metadata.PackageNotFoundError:
        distribution = None
    if is_released(distribution, os.path.dirname(place)):
        return Provider(PROJECT, VERSION)
    tree = SourceTree((place,), owned=())
    reader = kept.open_reader(place)
    files = tree.collect(reader)
    kept.keep(place, reader)
    return Provider(PROJECT, VERSION, PluginOrigin(PROJECT, files, tree.collect, reader=reader))


def find_installed(loader: SourceLoader | None = None, but: Collection[str] = ()) -> Iterator[Found]:
    """Yield the plugins of installed distributions, Studio's own first.

    Args:
        loader: Notes which files they are loaded from; None where nobody asks.
        but: Modules that are left out.
    """
    for point in sort_points(importlib.metadata.entry_points(group=ENTRY_POINTS)):
        if point.module in but:
            continue
        distribution = point.dist
        name = distribution.metadata["Name"] if distribution else ""
        row = PluginRow(point.name, name, find_version(distribution) if distribution else "")
        yield row, partial(load_point, row, point, loader)


def find_version(distribution: importlib.metadata.Distribution) -> str:
    """Return a distribution's version; Studio's own is that of its code, whatever an old installation says."""
    return VERSION if distribution.metadata["Name"] == PROJECT else distribution.version


def sort_points(points: Iterable[importlib.metadata.EntryPoint]) -> list[importlib.metadata.EntryPoint]:
    """Return entry points with Studio's own first, so that a plugin that clashes with one of them fails."""
    return sorted(points, key=lambda point: (not point.dist or point.dist.name != PROJECT, point.name))


def find_distribution(row: PluginRow) -> importlib.metadata.Distribution | None:
    """Return the distribution that a plugin came from, or None for a plugin of a folder or of a caller."""
    points = importlib.metadata.entry_points(group=ENTRY_POINTS, name=row.name)
    return next((p.dist for p in points if p.dist is not None and p.dist.name == row.distribution), None)


def load_point(row: PluginRow, point: importlib.metadata.EntryPoint, loader: SourceLoader | None) -> Any:
    """Import a plugin if this environment has what its distribution requires; PluginError E209 if it has not."""
    check_requirements(point.dist, point.extras)
    if loader is None:
        return point.load()
    top = point.module.partition(".")[0]
    place = find_module(top)
    if place is None or is_released(point.dist, place):
        return point.load()
    tree = locate_tree(place, find_owned(point.dist, place))
    plugin, row.origin = loader.load(row.name, top, tree, point.load)
    return plugin


def find_in_folder(folder: Path | None, loader: SourceLoader | None = None) -> Iterator[Found]:
    """Yield the plugins in a folder: each `studio_*.py` file or package in it.

    Raises:
        UsageError: E204 if there is no such folder.
    """
    if folder is None:
        return
    if not folder.is_dir():
        raise UsageError(
            "E204", f"there is no plugins folder {str(folder)!r}", hint="name a folder that exists with --plugins-dir"
        )
    loader = loader or SourceLoader()
    for path in sorted(folder.glob("studio_*")):
        source = _find_source(path)
        if source is not None:
            row = PluginRow(path.stem, str(folder), f"{LOCAL_VERSION}.{_digest_sources(path)}", where=str(source))
            yield row, partial(_load_file, row, source, loader)


def _load_file(row: PluginRow, source: Path, loader: SourceLoader) -> ModuleType:
    """Import a plugin from the plugins folder; its version names all of its code if that is Python alone."""
    path = source.parent if source.name == "__init__.py" else source
    _check_module_name(row.name, source)
    module, origin = loader.load(row.name, row.name, locate_tree(os.path.abspath(path)), partial(_import_file, source))
    row.version = f"{LOCAL_VERSION}.{_digest_sources(path)}"
    names = {f"{path.name}/{file.name}" for file in path.glob("*.py")} if path.is_dir() else {path.name}
    row.origin = replace(origin, in_version=names == set(origin.files))
    return cast("ModuleType", module)


def _find_source(path: Path) -> Path | None:
    """Return the file that a module or a package begins with, or None if the path is neither."""
    if path.is_dir() and (path / "__init__.py").is_file():
        return path / "__init__.py"
    return path if path.suffix == ".py" else None


def _digest_sources(path: Path) -> str:
    """Return a digest of a local plugin's code. It has no version that its author raises, so every edit counts."""
    sources = sorted(path.rglob("*.py")) if path.is_dir() else [path]
    hasher = blake3()
    for source in sources:
        data = source.read_bytes()
        hasher.update(f"{source.name}:{len(data)}:".encode() + data)
    return hasher.hexdigest(length=6)


def find_given(plugins: Iterable[tuple[str, Any]], loader: SourceLoader | None = None) -> Iterator[Found]:
    """Yield plugins that a caller gives, as (name, module or object)."""
    loader = loader or SourceLoader()
    for name, plugin in plugins:
        row = PluginRow(name, GIVEN, LOCAL_VERSION)
        yield row, partial(_take_given, row, plugin, loader)


def find_given_modules(plugins: Iterable[Any]) -> set[str]:
    """Return the names of modules that a caller gives, and of those whose entry points name an object of the caller."""
    every = list(plugins)
    objects = {id(plugin) for plugin in every if not isinstance(plugin, ModuleType)}
    points = importlib.metadata.entry_points(group=ENTRY_POINTS) if objects else ()
    named = {point.module for point in points if id(_look_up(point)) in objects}
    return named | {plugin.__name__ for plugin in every if isinstance(plugin, ModuleType)}


def _look_up(point: importlib.metadata.EntryPoint) -> Any:
    """Return what an entry point names, or None if its module was not imported."""
    module = sys.modules.get(point.module)
    return reduce(lambda found, name: getattr(found, name, None), point.attr.split(".") if point.attr else (), module)


def _take_given(row: PluginRow, plugin: Any, loader: SourceLoader) -> Any:
    """Return what a caller gives; a module whose files have changed is executed again."""
    path = getattr(plugin, "__file__", None)
    if isinstance(plugin, ModuleType) and isinstance(path, str) and path.endswith(".py"):
        row.origin = loader.load_given(row.name, plugin, locate_tree(os.path.abspath(path)))
    return plugin


def _check_module_name(name: str, source: Path) -> None:
    """Refuse a file that would take the place of an installed module.

    Raises:
        PluginError: E208 if another module of that name can be imported.
    """
    for finder in sys.meta_path:
        spec = finder.find_spec(name, None)
        if spec is not None and spec.origin is not None and spec.has_location:
            if not _is_same(Path(spec.origin), source):
                message = f"the module {name!r} of the plugins folder has the name of an installed module"
                place = source.parent.name if source.name == "__init__.py" else source.name
                hint = f"rename {place!r}; the installed one is {spec.origin}"
                raise PluginError("E208", message, where=str(source), hint=hint)
            return


def _is_same(one: Path, other: Path) -> bool:
    try:
        return one.samefile(other)
    except OSError:
        return False


def _import_file(source: Path) -> ModuleType:
    is_package = source.name == "__init__.py"
    name = source.parent.name if is_package else source.stem
    if name in sys.modules and getattr(sys.modules[name], "__file__", None) == str(source):
        return sys.modules[name]
    places = [str(source.parent)] if is_package else None
    spec = importlib.util.spec_from_file_location(name, source, submodule_search_locations=places)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module
