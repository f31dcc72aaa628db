"""`Carried`: what came with a graph in one file, found by the paths that the graph and the graphs in it write."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping
from typing import TypeVar

V = TypeVar("V")

_NO_NAME = "\0"
_ROOT = "/" + f"{_NO_NAME}/" * 64


class Carried(Mapping[str, V]):
    """Entries by path, seen from the folder of the graph that a file carries, or of a graph in it.

    A path may be written in any way: `./a.png` is `a.png`.

    Args:
        entries: The entries by their paths, seen from the folder of the carried graph.
        folder: The folder that paths are written from, seen from the folder of the carried graph.
    """

    def __init__(self, entries: Mapping[str, V], folder: str = "") -> None:
        self._entries = {posixpath.normpath(path): value for path, value in entries.items()}
        self._folder = folder

    def __getitem__(self, path: str) -> V:
        return self._entries[join_paths(self._folder, path)]

    def __iter__(self) -> Iterator[str]:
        names = (_write_path(path, self._folder) for path in self._entries)
        return (name for name in names if name is not None)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def enter(self, folder: str) -> Carried[V]:
        """Return the entries seen from another folder, which is written as this one's graph writes it."""
        return Carried(self._entries, join_paths(self._folder, folder))


def join_paths(folder: str, path: str) -> str:
    """Return the path, seen from here, of what a graph in a folder writes as `path`."""
    return posixpath.normpath(posixpath.join(folder, path))


def _write_path(path: str, folder: str) -> str | None:
    """Return how a graph in a folder writes a path; None if it cannot without knowing the names of folders above."""
    if posixpath.isabs(path) or posixpath.isabs(folder):
        return path if posixpath.isabs(path) else None
    written = posixpath.relpath(posixpath.join(_ROOT, path), posixpath.join(_ROOT, folder))
    return None if _NO_NAME in written else written
