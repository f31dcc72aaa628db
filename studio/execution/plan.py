"""`Plan`: a graph checked, pruned to the outputs asked for, flattened, and laid out as a networkx `DiGraph`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import get_args

import networkx as nx

from studio.api import File, Input, NodeType, Output, TypeSpec
from studio.api.color import Encoding
from studio.errors import GraphError
from studio.execution.file_reading import FileReader
from studio.graph.resolved import Bound, ResolvedGraph, ResolvedNode
from studio.graph.source import (
    Collected,
    Constant,
    FileSource,
    GraphInput,
    Reference,
    Source,
    find_references,
)


@dataclass(frozen=True)
class PlanInput:
    """One input of a node of the plan."""

    source: Source
    spec: TypeSpec
    depth: int = 0
    stream: bool = False


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
        stream: Whether it is mapped over the frames of a film.
        subgraph: The graph that is mapped.
    """

    id: str
    node_type: NodeType | None
    inputs: Mapping[str, PlanInput]
    outputs: Mapping[str, TypeSpec]
    conditions: tuple[Source, ...] = ()
    depth: int = 0
    stream: bool = False
    subgraph: ResolvedGraph | None = None

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


@dataclass
class Plan:
    """What an executor runs.

    Attributes:
        nodes: The nodes by id.
        outputs: The sources of the outputs asked for, with their types.
        graph: The same as a networkx DiGraph: ids as nodes, edges from what is needed to who needs it.
    """

    nodes: dict[str, PlanNode] = field(default_factory=dict)
    outputs: dict[str, tuple[Source, TypeSpec]] = field(default_factory=dict)
    graph: nx.DiGraph[str] = field(default_factory=nx.DiGraph)


def create_plan(
    resolved: ResolvedGraph,
    values: Mapping[str, Source],
    reader: FileReader,
    *,
    only: Iterable[str] | None = None,
) -> Plan:
    """Create the plan of a resolved graph.

    Args:
        resolved: The graph, without errors.
        values: Sources of the graph's inputs that are not left to their defaults.
        reader: How files are read.
        only: Names of the outputs to make; None for all.

    Raises:
        GraphError: The graph has errors.
    """
    if resolved.errors:
        raise GraphError(resolved.errors, source=str(resolved.graph.path or ""))
    builder = _Builder(reader)
    outputs = builder.add_graph(resolved, values, "", ())
    wanted = list(only) if only is not None else list(outputs)
    plan = Plan(outputs={name: (outputs[name], resolved.outputs[name][1]) for name in wanted})
    _prune(builder.nodes, plan)
    return plan


def _prune(nodes: Mapping[str, PlanNode], plan: Plan) -> None:
    """Keep what the outputs need, and draw the edges."""
    pending = list({ref.node: None for source, _ in plan.outputs.values() for ref in find_references(source)})
    seen = set(pending)
    edges: list[tuple[str, str]] = []
    while pending:
        node = nodes[pending.pop()]
        for reference in node.find_sources():
            edges.append((reference.node, node.id))
            if reference.node not in seen:
                seen.add(reference.node)
                pending.append(reference.node)
    plan.nodes = {node_id: node for node_id, node in nodes.items() if node_id in seen}
    plan.graph.add_nodes_from(plan.nodes)
    plan.graph.add_edges_from(edges)


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
    return Plan(nodes, {name: (rename(source), spec) for name, (source, spec) in plan.outputs.items()})


class _Builder:
    def __init__(self, reader: FileReader) -> None:
        self.reader = reader
        self.nodes: dict[str, PlanNode] = {}

    def add_graph(
        self, resolved: ResolvedGraph, values: Mapping[str, Source], prefix: str, conditions: tuple[Source, ...]
    ) -> dict[str, Source]:
        """Add a graph's nodes and return the sources of its outputs."""
        scope = _Scope(self, resolved, values, prefix, conditions)
        for node in resolved.nodes.values():
            scope.add_node(node)
        return {name: scope.find_source(binding) for name, (binding, _) in resolved.outputs.items()}

    def add_file(self, source: FileSource, digests: Mapping[str, str] | None) -> Source:
        """Add the node that reads a file, once for each file and type."""
        file = source.file or self.reader.find_file(source, digests)
        if source.type_name == "file":
            return Constant(file)
        return self.add_reading(file, source.type_name, file.name if source.file else source.written)

    def add_check(self, node_id: str, source: Source, spec: TypeSpec, conditions: tuple[Source, ...]) -> Source:
        """Add a node that hands a value on if it fits a type, once for each id."""
        if node_id not in self.nodes:
            bound = {"value": PlanInput(source, spec)}
            self.nodes[node_id] = PlanNode(node_id, _create_check(spec), bound, {"value": TypeSpec("any")}, conditions)
        return Reference(node_id, "value")

    def add_reading(self, file: File, type_name: str, written: str) -> Source:
        """Add the node that reads a value from a file."""
        node_id = f"file:{written}:{type_name}"
        while node_id in self.nodes and self.nodes[node_id].inputs["file"].source != Constant(file):
            node_id += "'"  # another file of the same name
        if node_id not in self.nodes:
            node_type = self.reader.make_node_type(type_name)
            outputs = {name: output.spec for name, output in node_type.outputs.items()}
            taken = {"file": PlanInput(Constant(file), TypeSpec("file"))}
            self.nodes[node_id] = PlanNode(node_id, node_type, taken, outputs)
        return Reference(node_id, next(iter(self.nodes[node_id].outputs)))


@lru_cache(maxsize=1024)
def _create_check(spec: TypeSpec) -> NodeType:
    """Return the node type that hands a value on if it fits; its version holds the type: no other's result counts."""

    def hand_on(ctx: object, value: object) -> object:
        return value

    given, handed = Input("value", spec, required=True), Output("value", TypeSpec("any"))
    return NodeType(
        "studio.check",
        "1.0",
        1,
        hand_on,
        {"value": given},
        {"value": handed},
        device_free=True,
        encodings=frozenset(get_args(Encoding)),
        distribution="studio",
        distribution_version=repr(spec),
    )


class _Scope:
    """One graph while it is flattened into the plan: its inputs, and where its nodes' outputs went."""

    def __init__(
        self,
        builder: _Builder,
        resolved: ResolvedGraph,
        values: Mapping[str, Source],
        prefix: str,
        conditions: tuple[Source, ...],
    ) -> None:
        self.builder = builder
        self.resolved = resolved
        self.values = values
        self.prefix = prefix
        self.conditions = conditions
        self.aliases: dict[tuple[str, str], Source] = {}

    def add_node(self, node: ResolvedNode) -> None:
        conditions = self.conditions
        if node.when is not None:
            conditions = (*conditions, self.find_source(node.when))
        inputs = {name: self.make_input(bound) for name, bound in node.inputs.items()}
        node_id = self.prefix + node.id
        if node.subgraph is not None and not node.depth:
            values = {name: given.source for name, given in inputs.items()}
            outputs = self.builder.add_graph(node.subgraph, values, node_id + "/", conditions)
            for name, source in outputs.items():
                inside = isinstance(source, Reference) and source.node.startswith(node_id + "/")
                if node.when is not None and not inside:  # handed through, and still skipped with the node
                    source = self.builder.add_check(f"{node_id}/outputs.{name}", source, TypeSpec("any"), conditions)
                self.aliases[node.id, name] = source
            return
        self.builder.nodes[node_id] = PlanNode(
            node_id, node.node_type, inputs, node.outputs, conditions, node.depth, node.stream, node.subgraph
        )
        self.aliases |= {(node.id, name): Reference(node_id, name) for name in node.outputs}

    def make_input(self, bound: Bound) -> PlanInput:
        return PlanInput(self.find_source(bound.source), bound.spec, bound.depth, bound.stream)

    def find_source(self, source: Source) -> Source:
        """Return what a source of the graph is in the plan."""
        match source:
            case Reference(node, output):
                return self.aliases[node, output]
            case GraphInput(name):
                return self.find_graph_input(name)
            case Collected(entries):
                return Collected(tuple(self.find_source(entry) for entry in entries))
            case FileSource():
                return self.builder.add_file(source, self.resolved.graph.file_digests)
        return source

    def add_files(self, given: Source) -> Source:
        """Return a value that the graph is given, with nodes for the files in it."""
        if isinstance(given, Collected):
            return Collected(tuple(self.add_files(entry) for entry in given.entries))
        return (
            self.builder.add_file(given, self.resolved.graph.file_digests) if isinstance(given, FileSource) else given
        )

    def find_graph_input(self, name: str) -> Source:
        given = self.values.get(name)
        if given is not None:
            given = self.add_files(given)
        if given is not None:
            spec = self.resolved.inputs[name].spec
            limited = spec.limits is not None or spec.choices or spec.channels is not None
            if limited and (self.prefix or not isinstance(given, Constant)):  # what the caller gave is checked already
                return self.builder.add_check(f"{self.prefix}inputs.{name}", given, spec, self.conditions)
            return given
        default = self.resolved.inputs[name].default
        return Constant(None) if default is None else self.find_source(default)
