"""`SourceTree`: which files a plugin's code and data are in."""

from __future__ import annotations

import os
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from studio.registry.mentions import find_mentions, find_named_files
from studio.registry.source_files import SourceFile, SourceReader, list_folder

_HOST = "studio"
_INIT = "__init__.py"
_SHARED_FOLDERS = ("site-packages", "dist-packages", os.path.basename(os.path.dirname(os.__file__)))


@dataclass(frozen=True)
class SourceTree:
    """Where a plugin's code begins: folders of packages, and modules outside of packages or given one by one.

    Of a package every file counts that is not a cache. Of a module count: the module, the modules of the same folder or
    package that it imports, and the files beside each of these that its source names. What a package imports from the
    folder that it is in counts too.

    Attributes:
        packages: Folders of packages.
        modules: Files of modules.
        owned: Names of the modules and packages that are the plugin's own beside these, or None for any.
    """

    packages: tuple[str, ...] = ()
    modules: tuple[str, ...] = ()
    owned: Container[str] | None = field(default=None, hash=False)

    def collect(self, reader: SourceReader) -> dict[str, SourceFile]:
        """Return the files as they are now, by a name that does not depend on where the tree is."""
        return _Collection(self, reader).collect()


def locate_tree(path: str, owned: Container[str] | None = None) -> SourceTree:
    """Return the tree of a package, by its folder or its `__init__.py`, or of a module."""
    if os.path.basename(path) == _INIT:
        path = os.path.dirname(path)
    return SourceTree((path,), (), owned) if os.path.isdir(path) else SourceTree((), (path,), owned)


class _Collection:
    """Follows imports from file to file."""

    def __init__(self, tree: SourceTree, reader: SourceReader) -> None:
        self._reader = reader
        self._owned = tree.owned
        self._packages = list(tree.packages)
        self._modules = list(tree.modules)
        self._files: dict[str, SourceFile] = {}
        self._seen: set[str] = set()

    def collect(self) -> dict[str, SourceFile]:
        while self._packages or self._modules:
            if self._packages:
                self._add_package(self._packages.pop())
            else:
                self._add_module(self._modules.pop())
        return self._files

    def _add_package(self, folder: str) -> None:
        if folder in self._seen:
            return
        self._seen.add(folder)
        base, own = os.path.split(folder)
        imports: set[str] = set()
        for name, path in list_folder(folder, self._reader.visit):
            found = self._add_file(f"{own}/{name}", path)
            imports |= set(found.imports) if found is not None else set()
        self._follow(base, imports - {own})

    def _follow(self, base: str, imports: Iterable[str]) -> None:
        """Add what is imported by name from the folder that a package is in."""
        for name in imports:
            if not self._is_own(name, base):
                continue
            place = os.path.join(base, name)
            if self._reader.find_file(os.path.join(place, _INIT)):
                self._packages.append(place)
            elif self._reader.find_file(f"{place}.py"):
                self._modules.append(f"{place}.py")

    def _is_own(self, name: str, base: str) -> bool:
        """Return whether what is imported by a name from a folder is the plugin's own."""
        if name == _HOST:
            return False
        return name in self._owned if self._owned is not None else os.path.basename(base) not in _SHARED_FOLDERS

    def _add_file(self, name: str, path: str) -> SourceFile | None:
        found = self._reader.read(path)
        if found is not None:
            self._files[name] = found
        return found

    def _add_module(self, path: str) -> None:
        if path in self._seen or any(path.startswith(f"{folder}{os.sep}") for folder in self._seen):
            return
        self._seen.add(path)
        folder = os.path.dirname(path)
        base = _find_base(folder, self._reader)
        prefix = os.path.relpath(folder, base).replace(os.sep, "/") + "/" if base != folder else ""
        found = self._add_file(prefix + os.path.basename(path), path)
        if found is None or not path.endswith(".py"):
            return
        mentions = find_mentions(self._reader.read_source(path))
        for level, module, names in mentions.imports:
            self._modules += self._resolve(folder, base, level, module, names)
        for name, named in find_named_files(mentions, path, self._reader):
            if named not in self._seen:
                self._add_file(prefix + name, named)

    def _resolve(self, folder: str, base: str, level: int, module: str, names: tuple[str, ...]) -> list[str]:
        """Return the files that an import names, those of the packages above them included."""
        places = [folder]
        top = module.partition(".")[0]
        if level == 0:
            inside = folder != base and folder[len(base) + 1 :].partition(os.sep)[0] == top
            places = [base] if inside or self._is_own(top, base) else []
        for _ in range(level - 1):
            places = [os.path.dirname(places[0])]
        found: list[str] = []
        for place in places:
            for name in names or ("",):
                found += _list_modules(place, [part for part in (*module.split("."), name) if part], self._reader)
        return found


def _list_modules(folder: str, parts: list[str], reader: SourceReader) -> list[str]:
    """Return the files of a module by its parts, as far as they are modules."""
    found: list[str] = []
    for part in parts:
        folder = os.path.join(folder, part)
        init = os.path.join(folder, _INIT)
        if reader.find_file(init):
            found.append(init)
        elif reader.find_file(f"{folder}.py"):
            found.append(f"{folder}.py")
    return found


def _find_base(folder: str, reader: SourceReader) -> str:
    """Return the folder that the outermost package around a folder is in; the folder itself if it is no package."""
    while reader.find_file(os.path.join(folder, _INIT)):
        folder = os.path.dirname(folder)
    return folder


def merge_trees(
    parts: Sequence[Callable[[SourceReader], Mapping[str, SourceFile]]],
) -> Callable[[SourceReader], dict[str, SourceFile]]:
    """Return what collects the files of several trees."""

    def collect(reader: SourceReader) -> dict[str, SourceFile]:
        return {name: file for part in parts for name, file in part(reader).items()}

    return collect
