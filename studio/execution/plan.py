"""`Plan`: what an executor runs: nodes, the outputs asked for, and the edges as a networkx `DiGraph`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING

from studio.api import FramePosition, NodeType, TypeSpec
from studio.graph.resolved import Bound, ResolvedGraph
from studio.graph.source import Collected, Reference, Source, find_references

if TYPE_CHECKING:
    import networkx as nx

Outputs = dict[str, tuple[Source, TypeSpec]]


@dataclass(frozen=True)
class Nesting:
    """How deep a node is in subgraphs that node types returned.

    Attributes:
        depth: How many subgraphs are around it.
        total: How many nodes there are in all subgraphs of the outermost node; shared by all of them.
    """

    depth: int = 0
    total: list[int] = field(default_factory=lambda: [0])

    def enter(self) -> Nesting:
        """Return that of the nodes of a subgraph of this node."""
        return replace(self, depth=self.depth + 1)


@dataclass(frozen=True)
class PlanNode:
    """One step of a plan: a call of a node type, or a graph that is mapped over a list.

    Attributes:
        id: Unique in the plan; nodes of a graph in a graph are named "outer/inner".
        node_type: What to call, or None for a mapped graph.
        inputs: Its inputs by name; the others have their defaults.
        outputs: Types of its outputs.
        conditions: Sources that must be true for it to run.
        depth: Lists that it is mapped over.
        stream: Whether it is mapped over the frames of a video.
        subgraph: The graph that is mapped.
        nesting: How deep it is in subgraphs, if it is in one.
        read_for: Of a node that reads a file: the first input that the file is given to, in words.
        position: Where the copy of a mapped graph stands that it is in, if it may use that.
    """

    id: str
    node_type: NodeType | None
    inputs: Mapping[str, Bound]
    outputs: Mapping[str, TypeSpec]
    conditions: tuple[Source, ...] = ()
    depth: int = 0
    stream: bool = False
    subgraph: ResolvedGraph | None = None
    nesting: Nesting | None = None
    position: FramePosition | None = None
    read_for: str = field(default="", compare=False)

    @property
    def type_name(self) -> str:
        """The node type's id, or "graph"."""
        return self.node_type.id if self.node_type else "graph"

    def find_sources(self) -> Iterable[Reference]:
        """Yield every output that this node needs or may need."""
        pending: list[Source] = [*self.conditions, *(bound.source for bound in self.inputs.values())]
        while pending:
            source = pending.pop()
            if isinstance(source, Reference):
                yield source
            elif isinstance(source, Collected):
                pending += source.entries


@dataclass(frozen=True)
class Choice:
    """A model that a node takes at an input that the graph gives no value, or could take if it were fetched.

    Attributes:
        node: The node's id in the plan.
        node_type: Its node type.
        input: Its input.
        entry: The entry of the catalog.
        gain: What is better with it.
        action: What to type to have it.
        is_taken: Whether it is here and can be opened, so that the node takes it.
        is_needed: Whether the node cannot run without it.
    """

    node: str
    node_type: str
    input: str
    entry: str
    gain: str
    action: str
    is_taken: bool
    is_needed: bool = False

    @property
    def reference(self) -> str:
        """The model reference."""
        return f"local:{self.entry}"

    @property
    def line(self) -> str:
        """What a user is told, in a line."""
        if self.is_taken:
            return f"{self.node_type} uses {self.reference}"
        return f"{self.node_type}: for {self.gain}: {self.action}"


@dataclass
class Plan:
    """What an executor runs.

    Attributes:
        nodes: The nodes by id.
        outputs: The sources of the outputs asked for, with their types.
        choices: Models of the catalog that nodes take, or could take; see `better_models`.
    """

    nodes: dict[str, PlanNode] = field(default_factory=dict)
    outputs: Outputs = field(default_factory=dict)
    choices: tuple[Choice, ...] = ()

    @cached_property
    def graph(self) -> nx.DiGraph[str]:
        """The same as a networkx DiGraph: ids as nodes, edges from what is needed to who needs it."""
        import networkx as nx  # only here: it takes a fifth of a second, and a run does without it

        graph: nx.DiGraph[str] = nx.DiGraph()
        graph.add_nodes_from(self.nodes)
        graph.add_edges_from((ref.node, node.id) for node in self.nodes.values() for ref in node.find_sources())
        return graph


def prune_plan(nodes: Mapping[str, PlanNode], outputs: Outputs) -> Plan:
    """Return the plan of the nodes that outputs need."""
    pending = list({ref.node: None for source, _ in outputs.values() for ref in find_references(source)})
    seen = set(pending)
    while pending:
        for reference in nodes[pending.pop()].find_sources():
            if reference.node not in seen:
                seen.add(reference.node)
                pending.append(reference.node)
    return Plan({node_id: node for node_id, node in nodes.items() if node_id in seen}, outputs)


def rename_nodes(plan: Plan, prefix: str) -> Plan:
    """Return a plan whose node ids begin with a prefix."""

    def rename(source: Source) -> Source:
        if isinstance(source, Reference):
            return Reference(prefix + source.node, source.output)
        if isinstance(source, Collected):
            return Collected(tuple(rename(entry) for entry in source.entries))
        return source

    nodes = {
        prefix + node.id: replace(
            node,
            id=prefix + node.id,
            inputs={name: replace(bound, source=rename(bound.source)) for name, bound in node.inputs.items()},
            conditions=tuple(rename(source) for source in node.conditions),
        )
        for node in plan.nodes.values()
    }
    outputs = {name: (rename(source), spec) for name, (source, spec) in plan.outputs.items()}
    return Plan(nodes, outputs)
