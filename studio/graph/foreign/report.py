"""What an import reports: for each foreign node how well it was turned into the graph, and the files to fetch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

Status = Literal["exact", "close", "dropped", "missing"]
PICKLES = (".ckpt", ".pt", ".pth", ".bin", ".pkl")
"""Extensions of files that Studio never opens, because opening them runs code."""


@dataclass
class NodeReport:
    """How a foreign node was turned into the graph.

    Attributes:
        id: Its id in the document.
        kind: Its class.
        title: Its title.
        status: "exact", "close" (why says what differs), "dropped" (nothing is lost), "missing" (why says what).
        why: Reasons.
        nearest: What comes nearest to a missing thing.
        nodes: Names of the nodes that were made of it.
    """

    id: str
    kind: str
    title: str = ""
    status: Status = "exact"
    why: list[str] = field(default_factory=list)
    nearest: str = ""
    nodes: list[str] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        """Return the report as plain JSON."""
        row: dict[str, Any] = {"id": self.id, "class": self.kind, "title": self.title, "status": self.status}
        return row | {"why": "; ".join(self.why), "nearest": self.nearest, "nodes": self.nodes}


@dataclass(frozen=True)
class FileReport:
    """Weights or media that the graph needs.

    Attributes:
        name: Name of the file, or of a repository.
        folder: Folder that it belongs in; "" for media, and for what `studio models pull` fetches.
        url: Address to fetch it from; "" if the document has none.
        path: Where it was found; "" if it is not there.
        pickle: Whether it is a pickle, which Studio never opens.
    """

    name: str
    folder: str
    url: str = ""
    path: str = ""
    pickle: bool = False

    def to_json(self) -> dict[str, Any]:
        """Return the report as plain JSON."""
        return dict(self.__dict__)


@dataclass(frozen=True)
class Report:
    """What an import led to.

    Attributes:
        program: Program that wrote the document.
        nodes: The nodes of the document.
        files: Files that the graph needs.
    """

    program: str
    nodes: Sequence[NodeReport]
    files: Sequence[FileReport]

    @property
    def result(self) -> Status:
        """The worst of what its nodes are: "exact", "close" or "missing"."""
        found = {node.status for node in self.nodes}
        return "missing" if "missing" in found else "close" if "close" in found else "exact"

    def to_json(self) -> dict[str, Any]:
        """Return the report as plain JSON."""
        return {
            "program": self.program,
            "result": self.result,
            "nodes": [node.to_json() for node in self.nodes],
            "files": [file.to_json() for file in self.files],
        }


def is_pickle(name: str) -> bool:
    """Return whether a file is a pickle, by its name."""
    return name.lower().endswith(PICKLES)
