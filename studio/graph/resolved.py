"""`ResolvedGraph`: a graph whose nodes have their types and whose inputs have their sources."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from studio.api import Input, NodeType, TypeSpec
from studio.errors import Finding
from studio.graph.document import Graph
from studio.graph.migration import MigratedNode
from studio.graph.source import Source


@dataclass(frozen=True)
class Bound:
    """One input of a node, in a graph and in its plan.

    Attributes:
        source: Where the value comes from.
        spec: What the node's input takes.
        depth: Lists that the node is mapped over through this input.
        stream: Whether it is mapped over the frames of a video.
        is_list: Whether it is a list beside a video, whose entries go with the frames.
    """

    source: Source
    spec: TypeSpec
    depth: int = 0
    stream: bool = False
    is_list: bool = False


@dataclass
class ResolvedNode:
    """A node of a graph; it has a `node_type` or a `subgraph` if its type is known.

    Attributes:
        id: Its name in the graph.
        node_type: Its node type.
        subgraph: Its graph, for a node that is a graph.
        inputs: Its inputs that have a source.
        outputs: Types of its outputs.
        refused: Names of its inputs whose values have a finding.
        when: The condition that it runs under.
        migrated: How it is read, if it was written for another version of its type.
        is_broken: Whether the types of its outputs are unknown because of an error, in it or before it.
        chosen: Model references that a run chose for inputs without a source.
    """

    id: str
    node_type: NodeType | None = None
    subgraph: ResolvedGraph | None = None
    inputs: dict[str, Bound] = field(default_factory=dict)
    outputs: dict[str, TypeSpec] = field(default_factory=dict)
    refused: set[str] = field(default_factory=set)
    when: Source | None = None
    migrated: MigratedNode | None = None
    is_broken: bool = False
    chosen: Mapping[str, str] = field(default_factory=dict)

    def list_written(self) -> dict[str, str]:
        """Return the names of the inputs that the node gives, each with how the graph writes it."""
        written = self.migrated.written if self.migrated is not None else {}
        return {name: written.get(name, name) for name in self.inputs}

    @property
    def is_mapped(self) -> bool:
        """Whether the node is mapped over lists or frames."""
        return any([bound.depth or bound.stream for bound in self.inputs.values()])  # noqa: C419  # as below

    @property
    def depth(self) -> int:
        """Lists that the node is mapped over."""
        return max([bound.depth for bound in self.inputs.values()], default=0)

    @property
    def stream(self) -> bool:
        """Whether the node is mapped over the frames of a video."""
        return any([bound.stream for bound in self.inputs.values()])  # noqa: C419  # a list is twice as fast here


@dataclass
class ResolvedGraph:
    """A graph as far as it can be resolved; `findings` says what is wrong."""

    graph: Graph
    inputs: dict[str, Input] = field(default_factory=dict)
    nodes: dict[str, ResolvedNode] = field(default_factory=dict)
    outputs: dict[str, tuple[Source, TypeSpec]] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)

    @property
    def errors(self) -> list[Finding]:
        """The findings that forbid a run."""
        return [finding for finding in self.findings if finding.severity == "error"]


def needs_kinds(resolved: ResolvedGraph) -> bool:
    """Say whether a node of a graph, or of a graph in it, takes models of some kinds only."""
    waiting = [resolved]
    while waiting:
        for node in waiting.pop().nodes.values():
            if node.node_type is not None and node.node_type.needs_kinds:
                return True
            if node.subgraph is not None:
                waiting.append(node.subgraph)
    return False
