"""`Source`: where the value at an input comes from; one union, from the graph file to the running plan."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from studio.api import File


@dataclass(frozen=True)
class Constant:
    """A value that is known before the run."""

    value: Any


class Reference(NamedTuple):  # a run counts the uses of each: a tuple is hashed in a sixth of the time
    """An output of a node."""

    node: str
    output: str


@dataclass(frozen=True)
class Collected:
    """A list whose entries are sources."""

    entries: tuple[Source, ...]


@dataclass(frozen=True)
class FileSource:
    """A file to read. The plan turns it into a node that reads it.

    Attributes:
        path: The file.
        type_name: The value type to read it as, or "file".
        written: How the graph or the caller names it.
        by_caller: Whether a caller names it; the file may then have any content.
        file: The file with its digest, once it is known.
        origin: What the graph says of where it comes from, or "".
    """

    path: Path
    type_name: str
    written: str
    by_caller: bool = False
    file: File | None = None
    origin: str = ""


@dataclass(frozen=True)
class NamedPath:
    """A file to write, relative to the run's output folder."""

    name: str


@dataclass(frozen=True)
class GraphInput:
    """An input of the graph; a plan contains none of these."""

    name: str


@dataclass(frozen=True)
class Given:
    """A result that the executor provides: one entry of the list that a mapped graph gets as an input.

    Graphs know nothing of results, so its class is the executor's.
    """

    result: object


Source = Constant | Reference | Collected | FileSource | NamedPath | GraphInput | Given


def find_references(source: Source) -> list[Reference]:
    """Return the outputs that a source depends on."""
    if isinstance(source, Reference):
        return [source]
    return [r for entry in source.entries for r in find_references(entry)] if isinstance(source, Collected) else []
