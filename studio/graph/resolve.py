"""Resolving: every node gets its type, every input its source, every edge its fit; every finding is collected."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from studio.api import Input, TypeSpec
from studio.errors import Finding, GraphError
from studio.files import resolve_path
from studio.graph.bind import Binder, may_map
from studio.graph.carried import Carried
from studio.graph.catalog import Catalog
from studio.graph.conversion import bind_input
from studio.graph.declared_inputs import DeclaredInputs
from studio.graph.document import EdgeDocument, Graph, NodeDocument
from studio.graph.edges import Edges, find_needed_nodes, find_used_outputs
from studio.graph.findings import Findings
from studio.graph.inference import (
    check_expansion,
    check_lengths,
    find_output_types,
    find_type,
    join_video,
    map_variables,
)
from studio.graph.json_pointer import escape
from studio.graph.migration import may_migrate, migrate_node
from studio.graph.node_checks import find_input_faults, locate_fault
from studio.graph.node_lookup import NODE_TYPE_WARNINGS, find_node_type
from studio.graph.order import find_cycle, sort_nodes
from studio.graph.parse import load_graph, parse_graph
from studio.graph.paths import Paths
from studio.graph.requires import check_requires
from studio.graph.resolved import ResolvedGraph, ResolvedNode
from studio.suggestion import find_nearest, suggest

MAX_SUBGRAPH_DEPTH = 16
_Place = Path | None
"""Where a graph comes from: its file, the place it would have if it came embedded, or None if that is unknown."""
_Places = tuple[_Place, ...]
_Declared = tuple[Mapping[str, Input], dict[str, TypeSpec]]


def check_graph(graph: Graph, catalog: Catalog, *, roots: Iterable[Path] = ()) -> list[Finding]:
    """Return everything that is wrong with a graph, as far as it is known without running it."""
    return resolve_graph(graph, catalog, roots=roots).findings


def resolve_graph(
    graph: Graph,
    catalog: Catalog,
    *,
    roots: Iterable[Path] = (),
    videos: Mapping[str, TypeSpec] | None = None,
    reads_files: bool = True,
    _parents: _Places = (),
) -> ResolvedGraph:
    """Resolve a graph against what is installed.

    Args:
        graph: The parsed graph.
        catalog: What is installed.
        roots: Folders that the graph may read besides its own.
        videos: Types of inputs that are given videos, or lists beside videos, where one image or entry is declared.
            The graph is mapped over the frames, node by node.
        reads_files: Whether it may read files at all, and graphs in files.
    """
    folders = tuple(resolve_path(root) for root in [graph.base, *roots]) if reads_files else ()
    paths = Paths(graph.base, folders, graph.file_digests)
    return _Resolver(graph, catalog, paths, videos or {}, _parents).resolve()


def enter_part(graph: Graph, reference: str, document: Mapping[str, Any]) -> Graph:
    """Return a graph that came embedded with another; its paths start from the folder that it lay in."""
    embedded, digests, base = graph.embedded, graph.file_digests, graph.base
    if isinstance(embedded, Carried):
        folder = os.path.dirname(reference)
        embedded, base = embedded.enter(folder), base / folder
        digests = digests.enter(folder) if isinstance(digests, Carried) else digests
    return parse_graph(document, base=base, embedded=embedded, file_digests=digests)


class _Resolver:
    def __init__(
        self, graph: Graph, catalog: Catalog, paths: Paths, videos: Mapping[str, TypeSpec], parents: _Places
    ) -> None:
        self.graph = graph
        self.catalog = catalog
        self.paths = paths
        self.videos = videos
        self.parents = parents
        self.result = ResolvedGraph(graph)
        self.findings = Findings(self.result.findings)
        self.edges = Edges(self.result, self.findings)
        self.binder = Binder(catalog.classes, paths, self.findings, self.edges)
        self.broken_nodes: set[str] = set()
        self.has_broken_output = False
        self.used_outputs: Mapping[str, Collection[str]] | None = None

    def resolve(self) -> ResolvedGraph:
        document = self.graph.document
        self.findings.extend(
            check_requires(document.requires, self.catalog.distributions, self.catalog.find_plugin_failure)
        )
        self.resolve_inputs()
        if "inputs" in document.nodes:
            self.findings.report(
                "E127",
                "/nodes/inputs",
                "a node cannot be named 'inputs'",
                expected="another name",
                found="inputs",
                hint="that name means the graph's inputs",
            )
        needed = {node_id: find_needed_nodes(node) for node_id, node in document.nodes.items()}
        for node_id in self.sort(needed):
            dangling = self.edges.dangling
            self.result.nodes[node_id] = self.resolve_node(node_id, document.nodes[node_id])
            if self.edges.dangling > dangling:
                self.broken_nodes.add(node_id)
        self.resolve_outputs()
        self.warn_unused(needed)
        return self.result

    def resolve_inputs(self) -> None:
        binder = Binder(self.catalog.classes, self.paths, self.findings)
        inputs = DeclaredInputs(self.catalog, binder, self.findings)
        for name, declared in self.graph.document.inputs.items():
            self.result.inputs[name] = inputs.resolve(name, declared, self.videos.get(name))

    def sort(self, needed: Mapping[str, Sequence[str]]) -> list[str]:
        """Return the nodes so that each comes after those it needs; those in a cycle come last."""
        order, stuck = sort_nodes(needed)
        if stuck:
            cycle = find_cycle(needed, stuck)
            self.findings.report(
                "E119",
                f"/nodes/{cycle[0]}",
                f"a cycle: {' -> '.join([*cycle, cycle[0]])}",
                expected="edges that never lead back",
                found="a cycle",
                hint="remove one of these edges",
            )
        return [*order, *stuck]

    def resolve_outputs(self) -> None:
        outputs = self.graph.document.outputs
        dangling = self.edges.dangling
        if not outputs:
            self.findings.report(
                "E125",
                "/outputs",
                "the graph has no outputs",
                expected="at least one output",
                found="none",
                hint='add "outputs": {"name": {"from": "node"}}',
            )
        for name, declared in outputs.items():
            found = self.edges.find(declared.edge, f"/outputs/{escape(name)}/from")
            if found is not None:
                self.result.outputs[name] = found
        self.has_broken_output = not outputs or self.edges.dangling > dangling

    def warn_unused(self, needed: Mapping[str, Sequence[str]]) -> None:
        """Warn of nodes and inputs that nothing needs, but where a broken edge may lead to them."""
        if self.has_broken_output:
            return
        document = self.graph.document
        reached = self.find_reached(needed)
        if not self.broken_nodes & reached:
            self.warn_unused_nodes([node_id for node_id in document.nodes if node_id not in reached])
        if not self.broken_nodes:
            self.warn_unused_inputs([name for name in document.inputs if name not in self.edges.used_inputs])

    def find_reached(self, needed: Mapping[str, Sequence[str]]) -> set[str]:
        """Return the names of the nodes that the graph's outputs need."""
        reached: set[str] = set()
        pending = [output.edge.partition(".")[0] for output in self.graph.document.outputs.values()]
        while pending:
            node_id = pending.pop()
            if node_id not in reached:
                reached.add(node_id)
                pending += needed.get(node_id, ())
        return reached

    def warn_unused_nodes(self, names: Sequence[str]) -> None:
        for node_id in names:
            where, message = f"/nodes/{escape(node_id)}", f"no output needs node {node_id!r}, so it does not run"
            self.findings.warn("W101", where, message, hint="name it in the graph's outputs if it should")

    def warn_unused_inputs(self, names: Sequence[str]) -> None:
        for name in names:
            where = f"/inputs/{escape(name)}"
            self.findings.warn("W102", where, f"nothing uses input {name!r}", hint="use it, or remove it")

    # -- nodes -----------------------------------------------------------------------------------------

    def resolve_node(self, node_id: str, node: NodeDocument) -> ResolvedNode:
        where = f"/nodes/{escape(node_id)}"
        resolved = ResolvedNode(node_id)
        if node.when is not None:
            self.resolve_condition(resolved, node.when, where)
        declared = self.find_declared(node, resolved, where)
        if declared is None:
            for name, value in node.inputs.items():  # the edges of a node of unknown type are checked too
                self.binder.bind(value, TypeSpec("any"), f"{where}/inputs/{escape(name)}")
            return resolved
        declared_inputs, declared_outputs = declared
        before = self.findings.count_errors()
        if resolved.node_type is not None and may_migrate(node, resolved.node_type):
            find_used = partial(self.find_used_outputs, node_id)
            resolved.migrated = migrate_node(node, resolved.node_type, find_used, where, self.findings)
        values = node.inputs if resolved.migrated is None else resolved.migrated.inputs
        has_errors = resolved.subgraph is not None and bool(resolved.subgraph.errors)
        resolved.is_broken = has_errors or self.findings.count_errors() > before
        self.bind_inputs(resolved, declared_inputs, values, where)
        self.check_literals(resolved, where)
        if resolved.is_mapped:
            map_variables(resolved, self.result)
            join_video(resolved)
            check_lengths(resolved, where, self.findings)
            check_expansion(resolved, where, self.findings)
            if resolved.subgraph is not None and resolved.stream and not resolved.depth:
                declared_outputs = self.resolve_for_videos(resolved, where)
        resolved.outputs = find_output_types(resolved, declared_outputs, self.result)
        return resolved

    def resolve_condition(self, resolved: ResolvedNode, when: EdgeDocument, where: str) -> None:
        found = self.edges.find(when.edge, f"{where}/when/from")
        if found is None:
            return
        resolved.when, spec = found
        if spec.depth or spec.name not in ("bool", "any", "json"):
            self.findings.report(
                "E126",
                f"{where}/when",
                f"'when' takes a bool, not {spec}",
                expected="bool",
                found=str(spec),
                hint="logic.compare makes a bool",
            )

    def find_declared(self, node: NodeDocument, resolved: ResolvedNode, where: str) -> _Declared | None:
        """Find a node's type or graph, and return its inputs and the types of its outputs."""
        if node.type.startswith("graph:"):
            subgraph = self.resolve_subgraph(node.type[len("graph:") :], f"{where}/type")
            if subgraph is None:
                return None
            resolved.subgraph = subgraph
            return subgraph.inputs, {name: spec for name, (_, spec) in subgraph.outputs.items()}
        resolved.node_type = find_node_type(node.type, f"{where}/type", self.catalog, self.findings)
        if resolved.node_type is None:
            return None
        return resolved.node_type.inputs, {o.name: o.spec for o in resolved.node_type.outputs.values()}

    def find_used_outputs(self, node_id: str) -> Collection[str]:
        """Return the names of a node's outputs that edges of the graph name."""
        if self.used_outputs is None:
            self.used_outputs = find_used_outputs(self.graph.document)
        return self.used_outputs.get(node_id, ())

    def bind_inputs(
        self, resolved: ResolvedNode, declared: Mapping[str, Input], values: Mapping[str, Any], where: str
    ) -> None:
        written = resolved.migrated.written if resolved.migrated is not None else {}
        self.binder.node_type = resolved.node_type.id if resolved.node_type is not None else ""
        is_migrated = resolved.node_type is None or not resolved.is_broken
        for name, value in values.items():
            pointer = f"{where}/inputs/{escape(written.get(name, name))}"
            if name not in declared:
                self.bind_unknown(resolved, declared, name, value, pointer, reports=is_migrated)
                continue
            bound = bind_input(self.binder, self.result, resolved, declared[name], value, pointer)
            if bound is not None:
                resolved.inputs[name] = bound
            else:
                resolved.refused.add(name)
                resolved.is_broken |= may_map(value)
        missing = [name for name, end in declared.items() if end.required and name not in values]
        if missing:
            resolved.is_broken = True
            self.broken_nodes.add(resolved.id)
        for name in missing if is_migrated else ():
            if name not in resolved.refused:
                self.report_missing(declared[name], where)

    def bind_unknown(
        self,
        resolved: ResolvedNode,
        declared: Mapping[str, Input],
        name: str,
        value: Any,
        where: str,
        *,
        reports: bool,
    ) -> None:
        """Report an input that a node type does not have; the one that is meant has that finding, too."""
        if reports:
            near, known = find_nearest(name, declared), ", ".join(declared)
            hint = suggest(name, declared) or f"its inputs: {known or 'none'}"
            message = f"unknown input {name!r}"
            self.findings.report("E110", where, message, expected=known, found=name, hint=hint, alternatives=declared)
            resolved.refused |= {near} if near is not None else set(declared)
        self.binder.bind(value, TypeSpec("any"), where)
        resolved.is_broken |= may_map(value)

    def report_missing(self, wanted: Input, where: str) -> None:
        self.findings.report(
            "E111",
            f"{where}/inputs",
            f"missing input {wanted.name!r}",
            expected=str(wanted.spec),
            found="nothing",
            hint=f'add "{wanted.name}": ...',
        )

    def check_literals(self, resolved: ResolvedNode, where: str) -> None:
        """Report what the node type refuses in what is written at the node."""
        if resolved.node_type is None:
            return
        for fault in find_input_faults(resolved.node_type, resolved.inputs, lambda _: None, unknown=resolved.refused):
            if not fault.is_warning:  # warnings may need the models
                place = locate_fault(fault, where, resolved.list_written())
                self.findings.extend([fault.create_finding(place)])

    # -- graphs in graphs ------------------------------------------------------------------------------

    def resolve_subgraph(self, reference: str, where: str) -> ResolvedGraph | None:
        """Resolve the graph that a node names, or report why it cannot be."""
        if self.graph.is_carried and reference not in self.graph.embedded:
            self.findings.report(
                "E134",
                where,
                f"the file that names the graph {reference!r} does not carry it",
                expected="a file that carries every graph it was made by",
                found=reference,
                hint="run the graph itself: studio run GRAPH.json",
            )
            return None
        place = self.find_place(reference)
        if not self.check_nesting(reference, place, where):
            return None
        try:
            subgraph = self.load_subgraph(reference)
        except GraphError as error:
            self.findings.extend(replace(f, where=f"{where}#{f.where}") for f in error.findings)
            return None
        if subgraph is None:
            self.findings.report(
                "E130",
                where,
                f"{reference!r} leaves the graph's folder",
                expected="a path inside it",
                found=reference,
                hint="move the file, or allow its folder with --root",
            )
            return None
        resolved = self.resolve_again(subgraph, {}, (self.graph.path, place))
        known = [f for f in resolved.findings if f.severity == "error" or f.code in NODE_TYPE_WARNINGS]
        self.findings.extend(replace(f, where=f"{where}#{f.where}") for f in known)
        return resolved

    def check_nesting(self, reference: str, place: _Place, where: str) -> bool:
        """Report a graph that contains itself, or graphs that are nested too deep."""
        if place is not None and place in (*self.parents, self.graph.path):
            message, expected = f"{reference!r} contains itself", "graphs that do not contain themselves"
            self.findings.report("E121", where, message, expected=expected, found=reference, hint="name another graph")
            return False
        if len(self.parents) >= 2 * MAX_SUBGRAPH_DEPTH:  # each level adds two places
            message = f"graphs in graphs more than {MAX_SUBGRAPH_DEPTH} deep"
            expected = f"at most {MAX_SUBGRAPH_DEPTH} levels"
            self.findings.report(
                "E121", where, message, expected=expected, found=reference, hint="make the nesting flatter"
            )
            return False
        return True

    def find_place(self, reference: str) -> _Place:
        """Return where the graph that a reference names lies, or would lie if the file did not carry it."""
        if reference in self.graph.embedded:
            return Path(os.path.normpath(self.graph.base / reference))
        return self.paths.resolve(reference)

    def load_subgraph(self, reference: str) -> Graph | None:
        """Return the graph that a reference names, or None if it lies outside the roots."""
        embedded = self.graph.embedded.get(reference)
        if embedded is not None:
            return enter_part(self.graph, reference, embedded)
        path = self.paths.find(reference)
        return load_graph(path) if path is not None else None

    def resolve_again(self, graph: Graph, videos: Mapping[str, TypeSpec], parents: _Places) -> ResolvedGraph:
        roots = self.paths.roots or ()
        return resolve_graph(graph, self.catalog, roots=roots, videos=videos, _parents=(*self.parents, *parents))

    def resolve_for_videos(self, resolved: ResolvedNode, where: str) -> dict[str, TypeSpec]:
        """Resolve a node's graph with videos at the inputs that are given videos; return the types of its outputs."""
        assert resolved.subgraph is not None
        videos: dict[str, TypeSpec] = {}
        for name, bound in resolved.inputs.items():
            if bound.stream:
                source = find_type(bound.source, self.result)
                is_video = source is not None and source.name == "video"
                videos[name] = TypeSpec("video") if is_video else bound.spec.listed()
        again = self.resolve_again(resolved.subgraph.graph, videos, (self.graph.path,))
        self.findings.extend(replace(f, where=f"{where}/type#{f.where}") for f in again.errors)
        resolved.subgraph = again
        resolved.inputs = {name: replace(bound, stream=False) for name, bound in resolved.inputs.items()}
        return {name: spec for name, (_, spec) in again.outputs.items()}
