"""`Side`: what `studio diff` compares: a graph, a file with what made it, a manifest, or a folder of files."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from studio.app import Studio
from studio.batch.own_files import is_own_file
from studio.batch.records import read_ledger
from studio.cache.digest import hash_file
from studio.errors import GraphError, StudioError, UsageError
from studio.files import RECORDS_FOLDER, is_temporary_name
from studio.graph import Graph
from studio.provenance.check import find_record, read_records
from studio.provenance.difference import Made
from studio.provenance.manifest import read_manifest
from studio.provenance.record import FileRecord

_LARGEST_JSON = 256 * 2**20
_DAMAGED = (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError)


@dataclass(frozen=True)
class Side:
    """One of two things that are compared.

    Attributes:
        path: What the user named.
        made: How it was made, if that is known and the same for all of its files.
        files: The files that it consists of, by name; "" for a single one.
        records: What is recorded of these files, by name.
    """

    path: Path
    made: Made | None = None
    files: Mapping[str, Path] = field(default_factory=dict)
    records: Mapping[str, FileRecord] = field(default_factory=dict)

    @property
    def is_folder(self) -> bool:
        """Whether it is a folder, each of whose files was made in its own way."""
        return self.path.is_dir()


class SideLoader:
    """Finds out what is at paths.

    Args:
        studio: What reads graphs and files.
    """

    def __init__(self, studio: Studio) -> None:
        self._studio = studio
        self._manifests: dict[Path, Mapping[str, Any]] = {}

    def load(self, path: Path) -> Side:
        """Return what is at a path.

        Raises:
            UsageError: E026 if it is nothing that can be compared.
            GraphError: It is a graph with errors.
        """
        if path.is_dir():
            return Side(path, None, _list_files(path), read_records(path, [read_ledger]).files)
        if not path.is_file():
            hint = "name a graph, a file, a manifest or a folder"
            raise UsageError("E026", f"{str(path)!r} does not exist", hint=hint)
        found = find_record(path, [read_ledger])
        if path.suffix.lower() == ".json":
            manifest = self._read_manifest(path.absolute())
            if manifest:
                records = read_manifest(path, path.absolute().parent.parent)
                return Side(path, _describe_manifest(manifest), _list_existing(records), records)
            if found is None:
                return Side(path, _describe_graph(self._studio, self._studio.load(path)))
        return Side(path, self.describe_file(path, *(found or (path.parent, None))), {"": path})

    def describe_file(self, path: Path, folder: Path, recorded: FileRecord | None) -> Made | None:
        """Return how a file was made, as it says itself, or as is recorded of it; None if nothing says it.

        Args:
            path: The file.
            folder: The output folder that it is in.
            recorded: What is recorded of it there.
        """
        try:
            record = self._studio.read_record(path) or recorded
        except GraphError:
            record = recorded
        if record is None or not record.recipe.known:
            return None
        recipe = record.recipe
        manifest = self._find_manifest(path, folder, recorded) if recorded is not None else {}
        digests = dict(recipe.file_digests or {})
        return Made(recipe.document, recipe.inputs, dict(recipe.graphs), digests, manifest, record.output)

    def _find_manifest(self, path: Path, folder: Path, recorded: FileRecord) -> Mapping[str, Any]:
        """Return the manifest of the run that wrote a file, if the file is as that run wrote it."""
        place = folder / recorded.recorded_in
        if place.suffix != ".json" or not recorded.digest or hash_file(path).hex() != recorded.digest:
            return {}
        return self._read_manifest(place.absolute())

    def _read_manifest(self, path: Path) -> Mapping[str, Any]:
        """Return a manifest, or {} for another file."""
        if path not in self._manifests:
            self._manifests[path] = _parse_manifest(path)
        return self._manifests[path]


def _list_files(folder: Path) -> dict[str, Path]:
    """Return the files in a folder and the folders in it, by name."""
    found: dict[str, Path] = {}
    for base, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if name != RECORDS_FOLDER)
        for place in (Path(base) / name for name in sorted(names) if not is_temporary_name(name)):
            found[place.relative_to(folder).as_posix()] = place
    recorded = (folder / RECORDS_FOLDER).is_dir()
    return {name: place for name, place in found.items() if not (recorded and is_own_file(name))}


def _list_existing(records: Mapping[str, FileRecord]) -> dict[str, Path]:
    """Return the recorded files that are there; a name that leaves the folder is none of it."""
    inside = {name: record.path for name, record in records.items() if ".." not in Path(name).parts}
    return {name: path for name, path in inside.items() if not Path(name).is_absolute() and path.is_file()}


def _describe_graph(studio: Studio, graph: Graph) -> Made:
    resolved = studio.resolve(graph)
    if resolved.errors:
        raise GraphError(resolved.errors, source=str(graph.path or ""))
    try:
        parts = studio.collect_parts(resolved)
    except StudioError:  # a file that it names cannot be read: names are compared instead
        return Made(graph.json)
    return Made(graph.json, {}, {path: part.graph.json for path, part in parts.graphs.items()}, dict(parts.files))


def _describe_manifest(manifest: Mapping[str, Any]) -> Made:
    return Made(manifest["graph"]["document"], manifest["inputs"], manifest=manifest)


def _parse_manifest(path: Path) -> Mapping[str, Any]:
    try:
        if path.stat().st_size > _LARGEST_JSON:
            return {}
        found = json.loads(path.read_bytes())
        if isinstance(found, dict) and "manifest" in found:
            read_manifest(path, path.parent.parent)  # raises if it is none
            return found
    except _DAMAGED:
        pass
    return {}
