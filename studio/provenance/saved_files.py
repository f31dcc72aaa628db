"""Files that nodes save beside a run's outputs: to which output each belongs, and which were written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from studio.cache.digest import hash_file
from studio.execution.plan import Plan
from studio.graph.pattern import find_names
from studio.graph.source import Collected, NamedPath, Source, find_references
from studio.provenance.record import FileRecord

_Identity = tuple[int, int, int]


@dataclass(frozen=True)
class SavedFile:
    """A file, or a row of numbered files, that a node may write.

    Attributes:
        output: The output that it belongs to.
        name: The name that the node was given.
        path: The file; %05d in it stands for numbers.
        before: The files that were there before the run, and what tells them from new ones.
    """

    output: str
    name: str
    path: Path
    before: Mapping[Path, _Identity]

    def list_written(self) -> list[FileRecord]:
        """Return the files that the run wrote."""
        return [
            FileRecord(self.output, path, index, hash_file(path).hex(), path.stat().st_size, saved=self.name)
            for index, path in enumerate(self.list_paths())
        ]

    def list_paths(self) -> list[Path]:
        """Return the paths of the files that the run wrote."""
        return [path for path, identity in list_files(self.path).items() if self.before.get(path) != identity]


def list_files(path: Path) -> dict[Path, _Identity]:
    """Return the files of a name, in natural order, each with what tells it from another that replaces it."""
    names = [path.name] if path.is_file() or "%" not in path.name else find_names(path.parent, path.name)
    files = [path.parent / name for name in names]
    return {file: _identify(file) for file in files if file.is_file()}


def _identify(path: Path) -> _Identity:
    status = path.stat()
    return status.st_ino, status.st_mtime_ns, status.st_size


def find_saved_names(plan: Plan) -> dict[str, str]:
    """Return the names of the files that nodes of a plan save, each with the output that it belongs to.

    That is the output that returns the file's name, or else the first one that needs the node.
    """
    names = {node_id: [name for end in node.inputs.values() for name in _list_names(end.source)]
             for node_id, node in plan.nodes.items()}  # fmt: skip
    saving = {node_id: found for node_id, found in names.items() if found}
    owners: dict[str, str] = {}
    for output, (source, _) in plan.outputs.items():
        for reference in find_references(source):
            owners |= {name: output for name in saving.get(reference.node, ()) if name not in owners}
    for output, (source, _) in plan.outputs.items() if saving else ():
        for node_id in _find_needed(plan, source):
            owners |= {name: output for name in saving.get(node_id, ()) if name not in owners}
    return owners


def _list_names(source: Source) -> Iterator[str]:
    if isinstance(source, NamedPath):
        yield source.name
    elif isinstance(source, Collected):
        for entry in source.entries:
            yield from _list_names(entry)


def _find_needed(plan: Plan, source: Source) -> set[str]:
    """Return the nodes that a source depends on."""
    waiting = [reference.node for reference in find_references(source)]
    needed: set[str] = set()
    while waiting:
        node_id = waiting.pop()
        if node_id in needed or node_id not in plan.nodes:
            continue
        needed.add(node_id)
        node = plan.nodes[node_id]
        sources = [*(end.source for end in node.inputs.values()), *node.conditions]
        waiting += [reference.node for one in sources for reference in find_references(one)]
    return needed
