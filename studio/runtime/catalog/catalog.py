"""`Catalog`: the entries that plugins bring, found by name, by words and by the node type that they serve."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property
from pathlib import Path

from studio.errors import ModelError
from studio.files import read_regular_file
from studio.runtime.catalog.entry import Entry, Use
from studio.runtime.catalog.entry_reading import read_entry
from studio.suggestion import join_words, list_nearest


class Catalog:
    """The entries of the catalog; their files are read when an entry is first asked for.

    Args:
        files: Files of entries by name.

    Attributes:
        problems: What is wrong with files of entries, once `entries` was asked for.
    """

    def __init__(self, files: dict[str, Path]) -> None:
        self._files = files
        self.problems: list[str] = []
        self._uses: dict[str, list[tuple[Entry, Use]]] = {}

    @cached_property
    def entries(self) -> dict[str, Entry]:
        """All valid entries by name; `problems` has the others."""
        found = {}
        for name, path in sorted(self._files.items()):
            try:
                found[name] = read_entry(path)
            except ModelError as error:
                self.problems.append(f"{error.message} ({error.where})")
        return found

    def find_uses(self, nodes: Iterable[str]) -> dict[str, list[tuple[Entry, Use]]]:
        """Return which entries some node types use by default, or would gain from; tested entries first.

        This is asked before every run, and for every item of a batch: only files that mention a node type are parsed,
        once. Invalid ones do not count.
        """
        return {node: uses for node in nodes if (uses := self._find_uses_of(node))}

    def _find_uses_of(self, node: str) -> list[tuple[Entry, Use]]:
        if node not in self._uses:
            entries = [read for data, path in self._offers if node.encode() in data and (read := _read_valid(path))]
            entries.sort(key=lambda entry: (entry.status != "tested", entry.name))
            offered = [(entry, use) for entry in entries for use in entry.uses if use.default or use.hint]
            self._uses[node] = [(entry, use) for entry, use in offered if use.node == node]
        return self._uses[node]

    @cached_property
    def _offers(self) -> list[tuple[bytes, Path]]:
        """The files of entries that are a default or have a hint, with what is in them."""
        found = [(_read_any(path), path) for path in self._files.values()]
        return [(data, path) for data, path in found if b"default" in data or b"hint" in data]

    def __contains__(self, name: object) -> bool:
        return name in self._files

    def find(self, name: str) -> Entry:
        """Return the entry of a name, written with or without `local:`.

        Raises:
            ModelError: E608 if there is none.
        """
        short = name.removeprefix("local:")
        if short not in self._files:
            near = list_nearest(short, self._files)
            hint = f"did you mean {join_words(near)}?" if near else "see what it has: studio models search"
            raise ModelError("E608", f"the catalog has no model {name!r}", hint=hint)
        return read_entry(self._files[short])

    def search(self, words: Iterable[str] = ()) -> list[Entry]:
        """Return the entries in which each of the words occurs, those first whose name or family has one."""
        wanted = [word.lower() for word in words]
        found = [entry for entry in self.entries.values() if all(word in _list_text(entry) for word in wanted)]
        return sorted(found, key=lambda entry: (not _is_named(entry, wanted), entry.status != "tested", entry.name))

    def find_for(self, node: str) -> list[Entry]:
        """Return the entries that serve a node type, tested ones first."""
        found = [entry for entry in self.entries.values() if any(use.node == node for use in entry.uses)]
        return sorted(found, key=lambda entry: (entry.status != "tested", entry.name))


def _read_any(path: Path) -> bytes:
    try:
        return read_regular_file(path)
    except OSError:  # `studio models search` reports it
        return b""


def _read_valid(path: Path) -> Entry | None:
    try:
        return read_entry(path)
    except ModelError:  # likewise
        return None


def _list_text(entry: Entry) -> str:
    uses = [f"{use.node} {use.input} {use.gain}" for use in entry.uses]
    parts = [entry.name, entry.title, entry.description, entry.family, entry.author, entry.license, *uses]
    return " ".join([*parts, *entry.languages]).lower()


def _is_named(entry: Entry, wanted: Sequence[str]) -> bool:
    return any(word in f"{entry.name} {entry.family}".lower() for word in wanted)
