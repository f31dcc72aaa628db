"""`create_plan`: a resolved graph becomes a plan: graphs in graphs are flattened, files become nodes that read them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import lru_cache
from typing import get_args

from studio.api import File, Input, NodeType, Output, TypeSpec
from studio.api.color import ColorEncoding
from studio.errors import GraphError
from studio.execution.file_reading import FileReader
from studio.execution.plan import Plan, PlanNode, prune_plan
from studio.graph.resolved import Bound, ResolvedGraph, ResolvedNode
from studio.graph.source import Collected, Constant, FileSource, GraphInput, Reference, Source

_Conditions = tuple[Source, ...]


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
        PluginError: E211 if the code of a node type has changed since it was loaded.
    """
    if resolved.errors:
        raise GraphError(resolved.errors, source=str(resolved.graph.path or ""))
    nodes = _Nodes(reader)
    outputs = _Scope(nodes, resolved, values, "", ()).add_nodes()
    wanted = list(only) if only is not None else list(outputs)
    plan = prune_plan(nodes.by_id, {name: (outputs[name], resolved.outputs[name][1]) for name in wanted})
    for origin in {node.node_type.origin for node in plan.nodes.values() if node.node_type is not None}:
        if origin is not None:
            origin.check()
    return plan


class _Nodes:
    """The nodes of a plan while it is made."""

    def __init__(self, reader: FileReader) -> None:
        self.by_id: dict[str, PlanNode] = {}
        self._reader = reader

    def add_file(self, source: FileSource, digests: Mapping[str, str] | None, read_for: str) -> Source:
        """Add the node that reads a file for an input, once for each file and type."""
        file = source.file or self._reader.find_file(source, digests)
        file = replace(file, origin=source.origin or file.origin)
        if source.type_name == "file":
            return Constant(file)
        return self._add_reading(file, source.type_name, file.name if source.file else source.written, read_for)

    def add_check(self, node_id: str, source: Source, spec: TypeSpec, conditions: _Conditions) -> Source:
        """Add a node that passes a value on if it fits a type, once for each id."""
        if node_id not in self.by_id:
            inputs, outputs = {"value": Bound(source, spec)}, {"value": TypeSpec("any")}
            self.by_id[node_id] = PlanNode(node_id, create_check(spec), inputs, outputs, conditions)
        return Reference(node_id, "value")

    def _add_reading(self, file: File, type_name: str, written: str, read_for: str) -> Source:
        """Add the node that reads a value from a file."""
        node_id = f"file:{written}:{type_name}"
        while node_id in self.by_id and not _reads(self.by_id[node_id], file):
            node_id += "'"  # another file of the same name, or one of which the user says something else
        if node_id not in self.by_id:
            node_type = self._reader.make_node_type(type_name)
            outputs = {name: output.spec for name, output in node_type.outputs.items()}
            inputs = {"file": Bound(Constant(file), TypeSpec("file"))}
            self.by_id[node_id] = PlanNode(node_id, node_type, inputs, outputs, read_for=read_for)
        return Reference(node_id, next(iter(self.by_id[node_id].outputs)))


def _reads(node: PlanNode, file: File) -> bool:
    source = node.inputs["file"].source
    return source == Constant(file) and isinstance(source, Constant) and source.value.origin == file.origin


@lru_cache(maxsize=1024)
def create_check(spec: TypeSpec) -> NodeType:
    """Return the node type that passes a value on if it fits; its version holds the type."""

    def pass_on(ctx: object, value: object) -> object:
        return value

    taken, passed = Input("value", spec, required=True), Output("value", TypeSpec("any"))
    return NodeType(
        "studio.check",
        "1.0",
        1,
        pass_on,
        {"value": taken},
        {"value": passed},
        device_free=True,
        encodings=frozenset(get_args(ColorEncoding)),
        content_origin="unchanged",
        distribution="studio",
        distribution_version=repr(spec),
    )


def _state(source: Source, origin: str) -> Source:
    """Return a source of a graph's input, with what the graph says of files that it names."""
    if isinstance(source, Collected) and origin:
        return Collected(tuple(_state(entry, origin) for entry in source.entries))
    return replace(source, origin=origin) if isinstance(source, FileSource) and origin else source


class _Scope:
    """One graph while it is flattened: its inputs, and what its nodes' outputs are in the plan."""

    def __init__(
        self,
        nodes: _Nodes,
        resolved: ResolvedGraph,
        values: Mapping[str, Source],
        prefix: str,
        conditions: _Conditions,
    ) -> None:
        self._nodes = nodes
        self._resolved = resolved
        self._values = values
        self._prefix = prefix
        self._conditions = conditions
        self._outputs: dict[tuple[str, str], Source] = {}

    def add_nodes(self) -> dict[str, Source]:
        """Add the graph's nodes, and return the sources of its outputs."""
        for node in self._resolved.nodes.values():
            self._add_node(node)
        return {name: self._find_source(source) for name, (source, _) in self._resolved.outputs.items()}

    def _add_node(self, node: ResolvedNode) -> None:
        condition = () if node.when is None else (self._find_source(node.when),)
        conditions = (*self._conditions, *condition)
        owner = f"of node {self._prefix + node.id!r}"
        inputs = {name: self._find_bound(bound, f"input {name!r} {owner}") for name, bound in node.inputs.items()}
        if node.subgraph is not None and not node.depth:
            self._add_graph(node, node.subgraph, inputs, conditions)
            return
        node_id = self._prefix + node.id
        self._nodes.by_id[node_id] = PlanNode(
            node_id, node.node_type, inputs, node.outputs, conditions, node.depth, node.stream, node.subgraph
        )
        self._outputs |= {(node.id, name): Reference(node_id, name) for name in node.outputs}

    def _add_graph(
        self, node: ResolvedNode, graph: ResolvedGraph, inputs: Mapping[str, Bound], conditions: _Conditions
    ) -> None:
        """Add the nodes of a graph that is a node."""
        prefix = f"{self._prefix}{node.id}/"
        values = {name: given.source for name, given in inputs.items()}
        outputs = _Scope(self._nodes, graph, values, prefix, conditions).add_nodes()
        for name, source in outputs.items():
            is_inside = isinstance(source, Reference) and source.node.startswith(prefix)
            if node.when is not None and not is_inside:  # passed through, and still skipped with the node
                source = self._nodes.add_check(f"{prefix}outputs.{name}", source, TypeSpec("any"), conditions)
            self._outputs[node.id, name] = source

    def _find_bound(self, bound: Bound, place: str) -> Bound:
        source = self._find_source(bound.source, place)
        if source is bound.source:
            return bound
        return Bound(source, bound.spec, bound.depth, bound.stream, bound.is_list)

    def _find_source(self, source: Source, place: str = "") -> Source:
        """Return what a source of the graph, which is at a place, is in the plan."""
        match source:
            case Reference(node, output):
                return self._outputs[node, output]
            case GraphInput(name):
                return self._find_graph_input(name)
            case Collected(entries):
                return Collected(tuple(self._find_source(entry, place) for entry in entries))
            case FileSource():
                return self._nodes.add_file(source, self._resolved.graph.file_digests, place)
        return source

    def _find_graph_input(self, name: str) -> Source:
        end = self._resolved.inputs[name]
        place = f"input {self._prefix + name!r} of the graph"
        origin = self._resolved.graph.document.inputs[name].origin or ""
        if name not in self._values:
            return Constant(None) if end.default is None else self._find_source(_state(end.default, origin), place)
        given = self._add_files(_state(self._values[name], origin), place)
        is_limited = end.spec.limits is not None or end.spec.choices or end.spec.channels is not None
        is_checked = not self._prefix and isinstance(given, Constant)  # what a caller gives is checked already
        if is_limited and not is_checked:
            return self._nodes.add_check(f"{self._prefix}inputs.{name}", given, end.spec, self._conditions)
        return given

    def _add_files(self, given: Source, place: str) -> Source:
        """Return a value that the graph is given, with nodes for the files in it."""
        if isinstance(given, Collected):
            return Collected(tuple(self._add_files(entry, place) for entry in given.entries))
        digests = self._resolved.graph.file_digests
        return self._nodes.add_file(given, digests, place) if isinstance(given, FileSource) else given
