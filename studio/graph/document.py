"""The graph document, version 1: the JSON form as pydantic models, and `Graph`, the parsed form."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

FORMAT_VERSION = 1
NAME_PATTERN = r"^[A-Za-z_][A-Za-z0-9_-]{0,127}$"
TYPE_PATTERN = r"^(list\[)*[a-z][a-z0-9_]*\]*$"
VERSION_PATTERN = r"^[0-9]{1,9}(\.[0-9]{1,9}){0,2}$"
EDGE_PATTERN = r"^[A-Za-z_][A-Za-z0-9_-]*(\.[A-Za-z_][A-Za-z0-9_-]*)?$"

Name = Annotated[str, Field(pattern=NAME_PATTERN)]


class _Part(BaseModel):
    model_config = ConfigDict(
        strict=True, extra="forbid", allow_inf_nan=False, frozen=True, validate_by_name=False, validate_by_alias=True
    )


class EdgeDocument(_Part):
    """`{"from": "node"}`, `{"from": "node.output"}` or `{"from": "inputs.name"}`."""

    edge: Annotated[str, Field(alias="from", pattern=EDGE_PATTERN)]


class GraphInputDocument(_Part):
    """One input of a graph."""

    type: Annotated[str, Field(pattern=TYPE_PATTERN)]
    default: Any = None
    optional: bool = False
    description: str = ""
    minimum: int | float | None = None
    maximum: int | float | None = None
    choices: list[str | int] | None = None


class NodeDocument(_Part):
    """One node: a node type's id, or `graph:FILE` for another graph."""

    type: Annotated[str, Field(min_length=1, max_length=512)]
    inputs: dict[Name, Any] = {}
    when: EdgeDocument | None = None
    version: Annotated[str, Field(pattern=VERSION_PATTERN)] | None = None
    description: str = ""
    ui: Any = None


class OutputDocument(EdgeDocument):
    """One output of a graph."""

    description: str = ""


class GraphDocument(_Part):
    """A whole graph."""

    model_config = ConfigDict(title="Studio graph")

    schema_url: Annotated[str | None, Field(alias="$schema")] = None
    studio: Literal[1]
    title: str = ""
    description: str = ""
    inputs: dict[Name, GraphInputDocument] = {}
    nodes: dict[Name, NodeDocument] = {}
    outputs: dict[Name, OutputDocument] = {}
    requires: dict[str, str] = {}
    ui: Any = None


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
