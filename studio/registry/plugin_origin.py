"""`PluginOrigin`: the code that a plugin was loaded from, and whether it is still that."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import InitVar, dataclass
from functools import cached_property

from studio.errors import PluginError
from studio.registry.source_files import SourceFile, SourceReader, digest_sources
from studio.registry.source_snapshot import take_snapshot

_CHECK_SECONDS = 0.05
_CHECK_SHARE = 20  # looking takes at most one part in so many of the time, also on a slow disk
_RESTART = "start the program again, or make another Studio()"

Collect = Callable[[SourceReader], Mapping[str, SourceFile]]
"""Returns the files of a plugin as they are now."""


@dataclass(eq=False)
class PluginOrigin:
    """The files that a plugin was loaded from.

    Attributes:
        plugin: Its name.
        found: Its files as they were when it was loaded.
        collect: Returns them as they are now.
        state: What its code depends on besides its files.
        named: Whether files and state name all of the code.
        in_version: Whether the plugin's version names the files, so that `sources` is "".
        reader: What found all of the files, if it is known.
    """

    plugin: str
    found: Mapping[str, SourceFile]
    collect: Collect
    state: str = ""
    named: bool = True
    in_version: bool = False
    reader: InitVar[SourceReader | None] = None

    def __post_init__(self, reader: SourceReader | None) -> None:
        self._reader = SourceReader({file.path: file for file in self.found.values()})
        self._snapshot = take_snapshot(self.found.values(), reader) if reader is not None else None
        self._guard = threading.Lock()
        self._next_check = 0.0
        self._changed: list[str] = []

    @cached_property
    def files(self) -> Mapping[str, str]:
        """Digests of the files, by name."""
        return list_digests(self.found)

    @cached_property
    def sources(self) -> str | None:
        """Digest of the files, "" if the version names them, None if nothing names all of the code."""
        if not self.named:
            return None
        return "" if self.in_version else digest_sources(self.files, self.state)

    def find_changed(self) -> list[str]:
        """Return the names of the files that have changed since; looked at again after a twentieth of a second."""
        if self._changed or time.monotonic() < self._next_check:
            return self._changed  # without a lock: a graph may call a node type many times
        with self._guard:
            begin = time.monotonic()
            if not self._changed and begin >= self._next_check:
                if self._snapshot is None or not self._snapshot.holds():
                    self._changed = self._look()
                now = time.monotonic()
                self._next_check = now + max(_CHECK_SECONDS, _CHECK_SHARE * (now - begin))
            return self._changed

    def _look(self) -> list[str]:
        """Find the files anew, and return the names of those that have changed."""
        self._reader.begin()
        found = self.collect(self._reader)
        self._snapshot = take_snapshot(found.values(), self._reader)
        return find_different(self.files, list_digests(found))

    def check(self) -> None:
        """Raise PluginError E211 if a file has changed since the code was loaded."""
        if changed := self.find_changed():
            raise report_changed(self.plugin, changed, self._find_folder(changed[0]), _RESTART)

    def _find_folder(self, name: str) -> str:
        return os.path.dirname(self.found[name].path) if name in self.found else ""


def list_digests(files: Mapping[str, SourceFile]) -> dict[str, str]:
    """Return the digests of files by name."""
    return {name: file.digest for name, file in files.items()}


def find_different(now: Mapping[str, str], then: Mapping[str, str]) -> list[str]:
    """Return the names of files that are only in one of two, or differ."""
    return sorted(name for name in {*now, *then} if now.get(name) != then.get(name))


def report_changed(plugin: str, changed: list[str], where: str, hint: str) -> PluginError:
    """Return the error that names what has changed since a plugin was loaded."""
    more = f" and {len(changed) - 3} more" if len(changed) > 3 else ""
    message = f"plugin {plugin!r} has changed since it was loaded: {', '.join(changed[:3])}{more}"
    return PluginError("E211", message, where=where, hint=hint)
