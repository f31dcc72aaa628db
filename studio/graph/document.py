"""The graph document, version 1: its parts, and `Graph`, the parsed form."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from studio.api.content_origin import STATED_ORIGINS
from studio.graph.document_fields import (
    allow_null,
    choose_text,
    collect_named,
    declare,
    limit_text,
    match_text,
    nest,
    read_any,
    read_choices,
    read_flag,
    read_number,
    read_text,
)

FORMAT_VERSION = 1
NAME_PATTERN = r"^[A-Za-z_][A-Za-z0-9_-]{0,127}$"
TYPE_PATTERN = r"^(list\[)*[a-z][a-z0-9_]*\]*$"
VERSION_PATTERN = r"^[0-9]{1,9}(\.[0-9]{1,9}){0,2}$"
EDGE_PATTERN = r"^[A-Za-z_][A-Za-z0-9_-]*(\.[A-Za-z_][A-Za-z0-9_-]*)?$"


@dataclass(frozen=True)
class EdgeDocument:
    """`{"from": "node"}`, `{"from": "node.output"}` or `{"from": "inputs.name"}`."""

    edge: str = declare(match_text(EDGE_PATTERN, "edge"), key="from")


@dataclass(frozen=True)
class GraphInputDocument:
    """One input of a graph."""

    type: str = declare(match_text(TYPE_PATTERN))
    default: Any = declare(read_any, default=None)
    optional: bool = declare(read_flag, default=False)
    description: str = declare(read_text, default="")
    minimum: int | float | None = declare(allow_null(read_number), default=None)
    maximum: int | float | None = declare(allow_null(read_number), default=None)
    choices: list[str | int] | None = declare(allow_null(read_choices), default=None)
    origin: str | None = declare(allow_null(choose_text(*STATED_ORIGINS)), default=None)


@dataclass(frozen=True)
class NodeDocument:
    """One node: a node type's id, or `graph:FILE` for another graph."""

    type: str = declare(limit_text(1, 512))
    inputs: dict[str, Any] = declare(collect_named(read_any, NAME_PATTERN), default_factory=dict)
    when: EdgeDocument | None = declare(allow_null(nest(EdgeDocument)), default=None)
    version: str | None = declare(allow_null(match_text(VERSION_PATTERN)), default=None)
    description: str = declare(read_text, default="")
    ui: Any = declare(read_any, default=None)


@dataclass(frozen=True)
class OutputDocument(EdgeDocument):
    """One output of a graph."""

    description: str = declare(read_text, default="")


@dataclass(frozen=True)
class GraphDocument:
    """A whole graph."""

    schema_url: str | None = declare(allow_null(read_text), key="$schema", default=None)
    studio: int = declare(read_any, default=FORMAT_VERSION)
    title: str = declare(read_text, default="")
    description: str = declare(read_text, default="")
    inputs: dict[str, GraphInputDocument] = declare(
        collect_named(nest(GraphInputDocument), NAME_PATTERN), default_factory=dict
    )
    nodes: dict[str, NodeDocument] = declare(collect_named(nest(NodeDocument), NAME_PATTERN), default_factory=dict)
    outputs: dict[str, OutputDocument] = declare(
        collect_named(nest(OutputDocument), NAME_PATTERN), default_factory=dict
    )
    requires: dict[str, str] = declare(collect_named(read_text), default_factory=dict)
    ui: Any = declare(read_any, default=None)


@dataclass(frozen=True)
class Graph:
    """A parsed graph: the document, its place, and the graphs that came embedded with it.

    Attributes:
        document: The checked document.
        json: The JSON object it was parsed from, as it was written.
        base: Folder that its paths are relative to.
        path: Its file, if it came from one.
        embedded: Documents of `graph:` references that are not looked up on disk, by reference.
        file_digests: For a graph that a media file carried: digests of the files it reads, by path. It may read no
            others. None for any other graph.
    """

    document: GraphDocument
    json: Mapping[str, Any]
    base: Path
    path: Path | None = None
    embedded: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    file_digests: Mapping[str, str] | None = None

    @property
    def name(self) -> str:
        """The file's name without extension, or "graph"."""
        return self.path.stem if self.path else "graph"

    @property
    def is_carried(self) -> bool:
        """Whether a media file carried it, so that it may use only what came with it or has a known digest."""
        return self.file_digests is not None


def is_edge(value: Any) -> bool:
    """Say whether a value at an input is an edge."""
    return isinstance(value, dict) and len(value) == 1 and "from" in value


def is_file(value: Any) -> bool:
    """Say whether a value at an input names a file: `{"file": "photo.jpg"}`."""
    return isinstance(value, dict) and len(value) == 1 and isinstance(value.get("file"), str)


def is_pattern(value: Any) -> bool:
    """Say whether a value at an input names several files of a folder: `{"files": "frames/*.png"}`."""
    return isinstance(value, dict) and len(value) == 1 and isinstance(value.get("files"), str)


def is_quoted(value: Any) -> bool:
    """Say whether a value at an input is a quoted literal: `{"literal": ...}`."""
    return isinstance(value, dict) and len(value) == 1 and "literal" in value
