"""`SourceLoader`: loads plugins from their sources, anew where these changed, and notes which code was loaded."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Callable, Collection, Mapping
from types import ModuleType
from typing import Any

from studio.api.origin import LOADED_NS
from studio.registry.code_match import matches_source
from studio.registry.kept_sources import KeptSources
from studio.registry.plugin_origin import PluginOrigin, find_different, list_digests, report_changed
from studio.registry.source_files import SourceFile, SourceReader
from studio.registry.source_tree import SourceTree

_MARK = "__studio_sources__"
_MODULE_MARK = "__studio_source__"
_ATTEMPTS = 3

Files = Mapping[str, SourceFile]


class SourceLoader:
    """Loads plugins one after another.

    Args:
        kept: What is known of their files from earlier processes.
    """

    def __init__(self, kept: KeptSources | None = None) -> None:
        self._kept = kept or KeptSources(None)
        self._loaded: set[str] = set()  # top names of modules that this loader found or made current

    def load(
        self, plugin: str, module_name: str, tree: SourceTree, load: Callable[[], Any]
    ) -> tuple[Any, PluginOrigin]:
        """Load a plugin, and return it with the files that its code was loaded from.

        Args:
            plugin: Its name.
            module_name: The module whose import loads it.
            tree: Its files.
            load: Imports it.

        Raises:
            PluginError: E211 if its files change while it is loaded.
        """
        place = (*tree.packages, *tree.modules)[0]
        reader = self._open_reader(place, sys.modules.get(module_name))
        files = tree.collect(reader)
        for _ in range(_ATTEMPTS):
            self._forget_stale(module_name, files)
            loaded = load()
            before, files = files, tree.collect(reader)
            changed = find_different(list_digests(before), list_digests(files))
            if not changed:
                self._mark(module_name, files)
                self._kept.keep(place, reader)
                return loaded, PluginOrigin(plugin, files, tree.collect, reader=reader)
            forget_modules(_list_tops(files))
        hint = "wait until its files are no longer written, and try again"
        raise report_changed(plugin, changed, place, hint)

    def collect(self, plugin: str, tree: SourceTree) -> PluginOrigin:
        """Return the files of a plugin that is not loaded yet, as they are now."""
        place = (*tree.packages, *tree.modules)[0]
        reader = self._kept.open_reader(place)
        files = tree.collect(reader)
        self._kept.keep(place, reader)
        return PluginOrigin(plugin, files, tree.collect, reader=reader)

    def load_given(self, plugin: str, module: ModuleType, tree: SourceTree) -> PluginOrigin:
        """Return the files of a module that a caller gives; it is executed again if they have changed.

        Raises:
            PluginError: E211 if they have changed and the module cannot be executed again.
        """
        place = (*tree.packages, *tree.modules)[0]
        reader = self._open_reader(place, module)
        files = tree.collect(reader)
        if not is_loaded_from(module, files, matches=lambda: matches_source(module)):
            loader = module.__spec__.loader if module.__spec__ is not None else None
            if loader is None or module.__name__ == "__main__":
                then = list_digests(find_note(module) or {})
                hint = "start the program again"
                raise report_changed(plugin, find_different(list_digests(files), then), place, hint)
            forget_modules({*(_list_tops(files) - self._loaded), module.__name__}, but=module)
            loader.exec_module(module)
        mark_loaded(module, files)
        self._kept.keep(place, reader)
        return PluginOrigin(plugin, files, tree.collect, reader=reader)

    def _open_reader(self, place: str, module: ModuleType | None) -> SourceReader:
        """Return a reader that knows what a module in memory was loaded from, or what earlier processes read."""
        noted = find_note(module) if module is not None else None
        return SourceReader({f.path: f for f in noted.values()}) if noted else self._kept.open_reader(place)

    def _forget_stale(self, module_name: str, files: Files) -> None:
        """Forget modules in memory that were not loaded from the files as they are now."""
        module = sys.modules.get(module_name)
        stale = module is not None and not is_loaded_from(module, files, _MARK)
        tops = _list_tops(files) - self._loaded
        for top in tops if not stale else ():
            found = sys.modules.get(top)
            if found is not None and not is_loaded_from(found, _select(files, top), _MODULE_MARK):
                stale = True
        if stale:
            forget_modules({*tops, module_name})
        elif module is None:
            forget_modules({module_name})  # an import that failed leaves modules of the package behind

    def _mark(self, module_name: str, files: Files) -> None:
        mark_loaded(sys.modules.get(module_name), files, _MARK)
        for top in _list_tops(files):
            mark_loaded(sys.modules.get(top), _select(files, top), _MODULE_MARK)
            self._loaded.add(top)


def is_loaded_from(
    module: ModuleType, files: Files, mark: str = _MARK, *, matches: Callable[[], bool] | None = None
) -> bool:
    """Return whether a module that is in memory was loaded from these files as they are now.

    Args:
        module: The module.
        files: The files.
        mark: The name of the note that says what it was loaded from.
        matches: Asked where there is no note and a file is newer than this process.
    """
    path = getattr(module, "__file__", None)
    if isinstance(path, str) and not _contains(files, path):
        return False
    noted = find_note(module, mark)
    if noted is not None:
        return list_digests(noted) == list_digests(files)
    return all(file.changed_ns < LOADED_NS for file in files.values()) or (matches is not None and matches())


def _contains(files: Files, path: str) -> bool:
    paths = {file.path for file in files.values()}
    return path in paths or os.path.realpath(path) in map(os.path.realpath, paths)


def find_note(module: ModuleType, mark: str = _MARK) -> Files | None:
    """Return the files that a module was loaded from, if that was noted."""
    return getattr(module.__spec__ or module, mark, None)


def mark_loaded(module: ModuleType | None, files: Files, mark: str = _MARK) -> None:
    """Note at a module which files it was loaded from. Loading it again by other means removes the note."""
    if module is not None:
        setattr(module.__spec__ or module, mark, dict(files))


def forget_modules(names: Collection[str], *, but: ModuleType | None = None) -> None:
    """Forget modules and those in them but one, so that they are imported again."""
    for found, module in list(sys.modules.items()):
        if module is not but and (found in names or any(found.startswith(f"{name}.") for name in names)):
            del sys.modules[found]
    importlib.invalidate_caches()


def _list_tops(files: Files) -> set[str]:
    """Return the names of the outermost modules among files."""
    return {name.partition("/")[0].removesuffix(".py") for name in files if name.endswith(".py")}


def _select(files: Files, top: str) -> Files:
    """Return the files of an outermost module."""
    return {name: file for name, file in files.items() if name == f"{top}.py" or name.startswith(f"{top}/")}
