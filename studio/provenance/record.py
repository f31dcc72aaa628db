"""`FileRecord`: what is known of a file that Studio wrote, and of how it was made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from studio.graph import Graph, parse_graph
from studio.provenance.builds import Builds

CARRIED_FORMAT = 2
"""The format of what a file carries. In format 1 the graphs in a graph named things from its folder, not theirs."""

STRIPPED = "stripped"
"""Says that a file was written without its graph."""


@dataclass(frozen=True)
class Recipe:
    """How a file was made: a graph and the values of its inputs.

    Attributes:
        document: The graph document; empty where the recipe is not known.
        inputs: The values of the graph's inputs as plain JSON.
        base: The folder that the graph's relative paths start from.
        graphs: Documents of the graphs in the graph, by path. What a file carries holds all of them; others are looked
            up on disk.
        file_digests: Digests of the files that the graph reads, by path; None where they are not recorded.
        roots: Further folders that the graph may read.
    """

    document: Mapping[str, Any] = field(default_factory=dict)
    inputs: Mapping[str, Any] = field(default_factory=dict)
    base: Path = Path()
    graphs: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    file_digests: Mapping[str, str] | None = None
    roots: tuple[Path, ...] = ()

    @property
    def known(self) -> bool:
        """Whether anything is known of how the file was made."""
        return bool(self.document)

    @cached_property
    def graph(self) -> Graph:
        """The graph, parsed.

        Raises:
            GraphError: The document has errors.
        """
        return parse_graph(self.document, base=self.base, embedded=self.graphs, file_digests=self.file_digests)


@dataclass(frozen=True)
class FileRecord:
    """A file that Studio wrote.

    A run returns one for each file. A manifest, the ledger of a batch and the file itself hold the same; each leaves
    out what it does not know.

    Attributes:
        output: The output that the file holds, or "".
        path: The file.
        index: Its place in an output that is a list of media.
        digest: BLAKE3 of its bytes, in hex, or "".
        size: Its size in bytes.
        loss: What the file does not keep of the value, or "".
        recorded_in: What records it, such as ".studio/20260102-030405-1f.json"; "" for a file that a run just wrote.
        recipe: How it was made.
        saved: The name that a node saved it by, as the graph has it; "" for a file of the output itself.
        source_type: The name of the IPTC term for the source of its content, such as "humanEdits", or "".
        builds: The builds of the distributions that made it, by name; empty where they are not recorded.
        value_digest: Digest of the value that was written, or "" where it is not recorded.
        mark: The number of the mark in it, 16 hexadecimal digits, or "".
    """

    output: str
    path: Path
    index: int = 0
    digest: str = ""
    size: int = 0
    loss: str = ""
    recorded_in: str = ""
    recipe: Recipe = Recipe()
    saved: str = ""
    source_type: str = ""
    builds: Builds = field(default_factory=dict)
    value_digest: str = ""
    mark: str = ""
