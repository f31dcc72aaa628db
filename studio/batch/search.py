"""Searches folders for files that were made in some way: in what files carry, in manifests and in ledgers."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from studio.api import NodeType, ValueType
from studio.batch.item import CURRENT_STATES
from studio.batch.ledger import LEDGER_NAME, Ledger
from studio.batch.own_files import is_own_file
from studio.errors import GraphError, StudioError
from studio.files import RECORDS_FOLDER, is_temporary_name
from studio.provenance.embedded import find_media_type, parse_carried, read_carried_text
from studio.provenance.facts import Fact, list_facts, list_input_facts, list_node_facts, list_run_facts
from studio.provenance.manifest import find_manifests, read_manifest
from studio.provenance.query import Query

_LARGEST_MANIFEST = 64 * 2**20
_DAMAGED = (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError)

Facts = list[Fact]
Recorded = tuple[Sequence[Fact], Sequence[Fact]]
"""What several files have in common, and what is known of one."""


@dataclass(frozen=True)
class FoundFile:
    """A file that a search found, with the facts that it was found by; the folder, for an item without files."""

    path: Path
    facts: Sequence[Fact]

    def to_json(self) -> dict[str, Any]:
        """Return it as plain JSON."""
        return {"path": str(self.path), "matched": [fact.to_json() for fact in self.facts]}


@dataclass
class Search:
    """A search through folders.

    Attributes:
        query: What is looked for.
        value_types: Those that are registered; they read files.
        node_types: Those that are installed.
        max_length: Most characters that a file may carry.
        known: How many files were found of which it is known how they were made.
        fields: Fields of what is known, to suggest a right name.
        unreadable: Files that cannot be read, with the reason.
    """

    query: Query
    value_types: Sequence[ValueType[Any]]
    node_types: Mapping[str, NodeType]
    max_length: int
    known: int = 0
    fields: set[str] = field(default_factory=set)
    unreadable: list[tuple[Path, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._recorded: dict[str, Recorded] = {}  # of files that are still to come
        self._fileless: list[tuple[Path, Fact, Facts]] = []  # items without files, such as failed ones

    def find(self, places: Sequence[Path]) -> Iterator[FoundFile]:
        """Yield the files in folders, and single files, that fit."""
        for place in places:
            if place.is_dir():
                for base, folders, names in os.walk(place, onerror=self._note_folder):
                    folders.sort()
                    yield from self._find_in_folder(Path(base), names, folders)
            else:
                root = next((above for above in place.absolute().parents if (above / RECORDS_FOLDER).is_dir()), None)
                recorded = self._read_records(root) if root is not None else {}
                yield from self._match(place, recorded)

    def _find_in_folder(self, folder: Path, names: Sequence[str], folders: list[str]) -> Iterator[FoundFile]:
        recorded_here = RECORDS_FOLDER in folders
        if recorded_here:
            folders.remove(RECORDS_FOLDER)
            self._recorded |= self._read_records(folder)
            while self._fileless:
                place, item, facts = self._fileless.pop(0)
                for found in self._match_facts(place, facts):
                    yield FoundFile(place, found.facts if item in found.facts else [item, *found.facts])
        folders[:] = [name for name in folders if not (recorded_here and is_own_file(name))]
        for name in sorted(names):
            if not is_temporary_name(name):
                yield from self._match(folder / name, self._recorded)

    def _match(self, path: Path, recorded: dict[str, Recorded]) -> Iterator[FoundFile]:
        shared, own = recorded.pop(os.path.abspath(path), ((), ()))
        yield from self._match_facts(path, [*self._read_media(path), *own, *shared])

    def _match_facts(self, path: Path, facts: Facts) -> Iterator[FoundFile]:
        if not facts:
            return
        self.known += 1
        facts = list({(fact.place, repr(fact.value), fact.field): fact for fact in facts}.values())
        self.fields.update(fact.field for fact in facts)
        found = self.query.find(facts)
        if found is not None:
            yield FoundFile(path, found)

    # -- reading ---------------------------------------------------------------------------------------

    def _read_media(self, path: Path) -> Facts:
        """Return what a media file carries; [] if it carries nothing or is no media."""
        value_type = find_media_type(path, self.value_types)
        if value_type is None:
            return []
        try:
            if not path.is_file():  # a pipe, or a link that leads nowhere
                return []
            text = read_carried_text(path, value_type, max_length=self.max_length)
            if text is None:
                return []
            carried = parse_carried(text, path)
            facts = list_facts(carried.get("graph"), carried.get("inputs"), carried.get("graphs"), self.node_types)
            return [*facts, Fact("output", "output", carried.get("output"))]
        except (StudioError, *_DAMAGED) as error:
            self._note(path, error)
            return []

    def _read_records(self, folder: Path) -> dict[str, Recorded]:
        """Return what the manifests and the ledger of an output folder say, by the paths of the files."""
        found: dict[str, Recorded] = {}
        try:
            paths = find_manifests(folder)
        except OSError as error:
            self._note(folder / RECORDS_FOLDER, error)
            paths = []
        for path in paths:
            try:
                found |= self._read_manifest(path, folder)
            except _DAMAGED as error:
                self._note(path, error)
        if (folder / LEDGER_NAME).is_file():
            try:
                found |= self._read_ledger(folder)
            except (StudioError, *_DAMAGED) as error:
                self._note(folder / LEDGER_NAME, error)
        return found

    def _read_manifest(self, path: Path, folder: Path) -> dict[str, Recorded]:
        if path.stat().st_size > _LARGEST_MANIFEST:
            raise ValueError(f"it has more than {_LARGEST_MANIFEST} bytes")
        manifest = json.loads(path.read_bytes())
        records = read_manifest(path, folder)
        shared = [*list_facts(manifest["graph"]["document"], manifest["inputs"], None, self.node_types)]
        shared += list_run_facts(manifest)
        return {
            os.path.abspath(folder / name): (shared, [Fact("output", "output", record.output)])
            for name, record in records.items()
        }

    def _read_ledger(self, folder: Path) -> dict[str, Recorded]:
        found: dict[str, Recorded] = {}
        with Ledger(folder) as ledger:
            document = ledger.describe()["spec"]["graph"]
            nodes = list(list_node_facts(document, self.node_types))
            for row in ledger.items(states=CURRENT_STATES):
                facts = list(list_input_facts(document, row.used_values))
                facts += [Fact("item", "item", row.name), Fact("state", "state", str(row.state))]
                if not row.outputs:
                    self._fileless.append((folder, facts[-2], [*facts, *nodes]))
                for made in row.outputs:
                    found[os.path.abspath(folder / made.path)] = nodes, [*facts, Fact("output", "output", made.output)]
        return found

    def _note(self, path: Path, error: Exception) -> None:
        message = error.findings[0].message if isinstance(error, GraphError) else str(error)
        self.unreadable.append((path, message or type(error).__name__))

    def _note_folder(self, error: OSError) -> None:
        self._note(Path(error.filename or ""), error)
