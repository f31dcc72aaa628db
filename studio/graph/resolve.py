"""Resolving: every node gets its type, every input its binding, every edge its fit; every finding is collected."""

from __future__ import annotations

import difflib
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

from studio.api import Field, Input, Model, NodeType, TypeSpec
from studio.api.type_spec import (
    PLAIN_TYPES,
    REFERENCE_TYPES,
    ValueProblem,
    check_value,
    describe_value,
    parse_type_name,
)
from studio.errors import Finding, GraphError, ModelError
from studio.graph.document import (
    EDGE_PATTERN,
    Graph,
    GraphInputDocument,
    NodeDocument,
    is_edge,
    is_file,
    is_pattern,
    is_quoted,
)
from studio.graph.fit import find_fit, join, map_output
from studio.graph.order import find_cycle, sort_nodes
from studio.graph.parse import escape, load_graph, parse_graph
from studio.graph.pattern import find_names, split_pattern
from studio.graph.requires import check_requires
from studio.graph.source import Collected, Constant, FileSource, GraphInput, NamedPath, Reference, Source

MAX_SUBGRAPH_DEPTH = 16
_EDGE = re.compile(EDGE_PATTERN)
_LARGEST = int(sys.float_info.max)
_HINTS = {
    "E112": "name a node of this graph, node.output or inputs.NAME",
    "E114": "give what is expected, or put a node between that makes it",
    "E115": "give the graph's input a default, or make it required",
    "E116": "put a node between that converts it",
    "E117": "give what is expected; `studio nodes TYPE` says more",
    "E118": "give one of these",
    "E130": "write the path relative to the folder, without ..",
    "E131": "correct the declaration of this input",
}


class Catalog(Protocol):
    """What is installed, as far as a graph needs to know."""

    @property
    def node_types(self) -> Mapping[str, NodeType]:
        """Node types by id."""
        ...

    @property
    def classes(self) -> Mapping[str, type]:
        """Classes of value types by name."""
        ...

    @property
    def distributions(self) -> Mapping[str, str]:
        """Versions of the distributions that plugins came from, by name."""
        ...

    def find_failure(self, node_type: str) -> str | None:
        """Return why the plugin that would have this node type could not be loaded, or None."""
        ...


@dataclass(frozen=True)
class Bound:
    """One input of a node as the graph gives it.

    Attributes:
        source: Where the value comes from.
        spec: What the node's input takes.
        depth: Lists that the node is mapped over through this input.
        stream: Whether it is mapped over the frames of a film.
    """

    source: Source
    spec: TypeSpec
    depth: int = 0
    stream: bool = False


@dataclass
class ResolvedNode:
    """A node that was understood: either `node_type` or `subgraph` is there."""

    id: str
    node_type: NodeType | None = None
    subgraph: ResolvedGraph | None = None
    inputs: dict[str, Bound] = field(default_factory=dict)
    outputs: dict[str, TypeSpec] = field(default_factory=dict)
    when: Source | None = None

    @property
    def depth(self) -> int:
        """Lists that the node is mapped over."""
        return max((bound.depth for bound in self.inputs.values()), default=0)

    @property
    def stream(self) -> bool:
        """Whether the node is mapped over the frames of a film."""
        return any(bound.stream for bound in self.inputs.values())


@dataclass
class ResolvedGraph:
    """A graph that was understood, as far as it could be; `findings` says how far."""

    graph: Graph
    inputs: dict[str, Input] = field(default_factory=dict)
    nodes: dict[str, ResolvedNode] = field(default_factory=dict)
    outputs: dict[str, tuple[Source, TypeSpec]] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)

    @property
    def errors(self) -> list[Finding]:
        """The findings that forbid a run."""
        return [finding for finding in self.findings if finding.severity == "error"]


def validate(graph: Graph, catalog: Catalog, *, roots: Iterable[Path] = ()) -> list[Finding]:
    """Return everything that is wrong with a graph, as far as can be told without running it."""
    return resolve_graph(graph, catalog, roots=roots).findings


def resolve_graph(
    graph: Graph,
    catalog: Catalog,
    *,
    roots: Iterable[Path] = (),
    films: Mapping[str, TypeSpec] | None = None,
    _parents: tuple[str, ...] = (),
) -> ResolvedGraph:
    """Resolve a graph against what is installed.

    Args:
        graph: The parsed graph.
        catalog: What is installed.
        roots: Folders that the graph may read besides its own.
        films: Types of inputs that are given films, or lists beside films, where one image or entry is declared: the
            graph is mapped over the frames, node by node.
    """
    resolver = _Resolver(graph, catalog, [graph.base, *roots], _parents)
    resolver.films = films or {}
    return resolver.resolve()


class _Resolver:
    def __init__(self, graph: Graph, catalog: Catalog, roots: Sequence[Path], parents: tuple[str, ...]) -> None:
        self.graph = graph
        self.catalog = catalog
        self.roots = [root.resolve() for root in roots]
        self.parents = parents
        self.result = ResolvedGraph(graph)
        self.findings = self.result.findings
        self.films: Mapping[str, TypeSpec] = {}
        self.used_inputs: set[str] = set()

    def report(
        self, code: str, where: str, message: str, *, expected: str = "", found: str = "", hint: str = ""
    ) -> None:
        self.findings.append(Finding(code, where, message, expected, found, hint or _HINTS.get(code, "")))

    def warn(self, code: str, where: str, message: str, *, hint: str = "") -> None:
        self.findings.append(Finding(code, where, message, hint=hint, severity="warning"))

    def resolve(self) -> ResolvedGraph:
        document = self.graph.document
        self.findings += check_requires(document.requires, self.catalog.distributions)
        for name, declared in document.inputs.items():
            self.result.inputs[name] = self.resolve_graph_input(name, declared)
        edges = {node_id: _find_sources(node) for node_id, node in document.nodes.items()}
        if "inputs" in document.nodes:
            self.report(
                "E127",
                "/nodes/inputs",
                "a node cannot be named 'inputs'",
                expected="another name",
                found="inputs",
                hint="that name means the graph's inputs",
            )
        order, stuck = sort_nodes(edges)
        if stuck:
            cycle = find_cycle(edges, stuck)
            self.report(
                "E119",
                f"/nodes/{cycle[0]}",
                f"a cycle: {' -> '.join([*cycle, cycle[0]])}",
                expected="edges that never lead back",
                found="a cycle",
                hint="remove one of these edges",
            )
        for node_id in [*order, *stuck]:
            self.result.nodes[node_id] = self.resolve_node(node_id, document.nodes[node_id])
        self.resolve_outputs()
        self.warn_unused(edges)
        return self.result

    # -- the graph's own ends --------------------------------------------------------------------------

    def resolve_graph_input(self, name: str, declared: GraphInputDocument) -> Input:
        where = f"/inputs/{escape(name)}"
        spec = TypeSpec("any")
        try:
            spec = parse_type_name(declared.type)
        except ValueError as error:
            self.report("E131", f"{where}/type", str(error), expected="the name of a type", found=declared.type)
        if not self.is_type(spec.name):
            known = sorted({*PLAIN_TYPES, *REFERENCE_TYPES, *self.catalog.classes})
            self.report(
                "E131",
                f"{where}/type",
                f"unknown type {declared.type!r}",
                expected=", ".join(known),
                found=declared.type,
                hint=_suggest(spec.name, known),
            )
            spec = TypeSpec("any")
        spec = self.films.get(name) or self.refine(spec, declared, where)
        if name in self.films:
            return Input(name, spec, True, None, declared.description)
        required = declared.default is None and not declared.optional
        default: Any = None
        if declared.default is not None:
            bound = self.bind(declared.default, spec, f"{where}/default", allow_edges=False)
            default = bound.source if bound is not None and bound.depth == 0 else None
            if bound is not None and bound.depth:
                self.report(
                    "E114", f"{where}/default", f"a list does not fit {spec}", expected=str(spec), found="a list"
                )
        return Input(name, spec, required, default, declared.description)

    def is_type(self, name: str) -> bool:
        return name in PLAIN_TYPES or name in REFERENCE_TYPES or name == "any" or name in self.catalog.classes

    def refine(self, spec: TypeSpec, declared: GraphInputDocument, where: str) -> TypeSpec:
        if declared.optional:
            spec = replace(spec, optional=True)
        if declared.choices is not None:
            if spec.name not in ("choice", "text", "int"):
                self.report(
                    "E131",
                    f"{where}/choices",
                    f"choices do not go with {spec.name}",
                    expected="choice, text or int",
                    found=spec.name,
                )
            spec = replace(spec, name="choice", choices=tuple(declared.choices))
        elif spec.name == "choice":
            self.report(
                "E131",
                where,
                "a choice needs choices",
                expected='"choices": [...]',
                found="none",
                hint='add "choices": ["one", "another"]',
            )
        if declared.minimum is not None or declared.maximum is not None:
            spec = self.limit(spec, declared, where)
        return spec

    def limit(self, spec: TypeSpec, declared: GraphInputDocument, where: str) -> TypeSpec:
        bounds = {"minimum": declared.minimum, "maximum": declared.maximum}
        if spec.name not in ("int", "float", "number"):
            self.report(
                "E131",
                where,
                f"minimum and maximum do not go with {spec.name}",
                expected="int, float or number",
                found=spec.name,
            )
            return spec
        for key, bound in bounds.items():
            if isinstance(bound, int) and abs(bound) > _LARGEST:
                self.report(
                    "E131",
                    f"{where}/{key}",
                    f"{key} is beyond the range of floats",
                    expected="a number up to 1.8e308",
                    found="a larger one",
                )
                return spec
        return replace(spec, limits=Field(ge=declared.minimum, le=declared.maximum))

    def resolve_outputs(self) -> None:
        outputs = self.graph.document.outputs
        if not outputs:
            self.report(
                "E125",
                "/outputs",
                "the graph has no outputs",
                expected="at least one output",
                found="none",
                hint='add "outputs": {"name": {"from": "node"}}',
            )
        for name, declared in outputs.items():
            found = self.resolve_edge(declared.source, f"/outputs/{escape(name)}/from")
            if found is not None:
                self.result.outputs[name] = found

    def warn_unused(self, edges: Mapping[str, Sequence[str]]) -> None:
        reached: set[str] = set()
        pending = [b.node for b, _ in self.result.outputs.values() if isinstance(b, Reference)]
        while pending:
            node_id = pending.pop()
            if node_id not in reached:
                reached.add(node_id)
                pending += edges.get(node_id, ())
        for node_id in self.graph.document.nodes:
            if node_id not in reached:
                self.warn(
                    "W101",
                    f"/nodes/{escape(node_id)}",
                    f"no output needs node {node_id!r}, so it does not run",
                    hint="name it in the graph's outputs if it should",
                )
        for name in self.graph.document.inputs:
            if name not in self.used_inputs:
                where = f"/inputs/{escape(name)}"
                self.warn("W102", where, f"nothing uses input {name!r}", hint="use it, or remove it")

    # -- nodes -----------------------------------------------------------------------------------------

    def resolve_node(self, node_id: str, node: NodeDocument) -> ResolvedNode:
        where = f"/nodes/{escape(node_id)}"
        resolved = ResolvedNode(node_id)
        if node.when is not None:
            found = self.resolve_edge(node.when.source, f"{where}/when/from")
            if found is not None:
                resolved.when = found[0]
                if found[1].depth or found[1].name not in ("bool", "any", "json"):
                    self.report(
                        "E126",
                        f"{where}/when",
                        f"'when' takes a bool, not {found[1]}",
                        expected="bool",
                        found=str(found[1]),
                        hint="logic.compare makes a bool",
                    )
        ends = self.find_ends(node, resolved, where)
        if ends is None:
            for name, value in node.inputs.items():  # edges of a node of unknown type are still looked at
                self.bind(value, TypeSpec("any"), f"{where}/inputs/{escape(name)}")
            return resolved
        declared_inputs, declared_outputs = ends
        values = self.migrate(node, resolved.node_type, where)
        self.resolve_inputs(resolved, declared_inputs, values, where)
        self.join_film(resolved)
        self.check_lengths(resolved, where)
        if resolved.subgraph is not None and resolved.stream and not resolved.depth:
            declared_outputs = self.resolve_for_films(resolved, where)
        variables = self.find_variables(resolved)
        for name, spec in declared_outputs.items():
            if spec.name == "any" and spec.variable in variables:
                known = variables[spec.variable]
                spec = replace(known, depth=known.depth + spec.depth, optional=spec.optional)
            resolved.outputs[name] = map_output(spec, resolved.depth, resolved.stream)
        return resolved

    def join_film(self, resolved: ResolvedNode) -> None:
        """Where a node is mapped over a film's frames, zip lists with them instead of multiplying by them."""
        if any(bound.stream and not bound.depth for bound in resolved.inputs.values()):
            for name, bound in resolved.inputs.items():
                if bound.depth == 1 and not bound.stream:
                    resolved.inputs[name] = replace(bound, depth=0, stream=True)

    def check_lengths(self, resolved: ResolvedNode, where: str) -> None:
        """Refuse lists of known, unequal lengths that a node would be mapped over."""
        lengths: dict[str, int] = {}
        for name, bound in resolved.inputs.items():
            if bound.depth == 1 and isinstance(bound.source, Collected):
                lengths[name] = len(bound.source.entries)
            elif bound.depth == 1 and isinstance(bound.source, Constant) and isinstance(bound.source.value, list):
                lengths[name] = len(bound.source.value)
        told = ", ".join(f"{name}: {length}" for name, length in lengths.items())
        if len({length for length in lengths.values() if length != 1}) > 1:
            self.report(
                "E128",
                f"{where}/inputs",
                f"lists of unequal length ({told})",
                expected="lists of one length, or of one entry",
                found=told,
                hint="logic.product makes every combination",
            )

    def resolve_for_films(self, resolved: ResolvedNode, where: str) -> dict[str, TypeSpec]:
        """Resolve a node's graph again with films at the inputs that are given films; return its outputs' types."""
        assert resolved.subgraph is not None
        films: dict[str, TypeSpec] = {}
        for name, bound in resolved.inputs.items():
            if bound.stream:
                source = self.find_type(bound.source)
                is_film = source is not None and source.name == "video"
                films[name] = TypeSpec("video") if is_film else bound.spec.listed()
        again = resolve_graph(
            resolved.subgraph.graph,
            self.catalog,
            roots=self.roots,
            films=films,
            _parents=(*self.parents, str(self.graph.path)),
        )
        self.findings += [replace(f, where=f"{where}/type#{f.where}") for f in again.errors]
        resolved.subgraph = again
        resolved.inputs = {name: replace(bound, stream=False) for name, bound in resolved.inputs.items()}
        return {name: spec for name, (_, spec) in again.outputs.items()}

    def find_ends(
        self, node: NodeDocument, resolved: ResolvedNode, where: str
    ) -> tuple[Mapping[str, Input], dict[str, TypeSpec]] | None:
        if node.type.startswith("graph:"):
            subgraph = self.resolve_subgraph(node.type[len("graph:") :], f"{where}/type")
            if subgraph is None:
                return None
            resolved.subgraph = subgraph
            return subgraph.inputs, {name: spec for name, (_, spec) in subgraph.outputs.items()}
        resolved.node_type = self.catalog.node_types.get(node.type)
        if resolved.node_type is None:
            self.report_unknown_type(node.type, f"{where}/type")
            return None
        return resolved.node_type.inputs, {o.name: o.spec for o in resolved.node_type.outputs.values()}

    def report_unknown_type(self, name: str, where: str) -> None:
        failure = self.catalog.find_failure(name)
        plugin = name.partition(".")[0]
        plugins = {node_type.plugin for node_type in self.catalog.node_types.values()}
        if failure is not None:
            self.report(
                "E123",
                where,
                f"the plugin of {name!r} could not be loaded: {failure}",
                expected="a plugin that loads",
                found=name,
                hint="see `studio plugins`",
            )
        elif "." in name and plugin not in plugins and not difflib.get_close_matches(plugin, plugins, 1, 0.7):
            self.report(
                "E103",
                where,
                f"unknown node type {name!r}: no plugin named {plugin!r} is installed",
                expected="an installed node type",
                found=name,
                hint="install the plugin; see `studio plugins`",
            )
        else:
            self.report(
                "E103",
                where,
                f"unknown node type {name!r}",
                expected="an installed node type",
                found=name,
                hint=_suggest(name, self.catalog.node_types) or "see `studio nodes`",
            )

    def resolve_subgraph(self, reference: str, where: str) -> ResolvedGraph | None:
        key = (
            f"embedded:{reference}"
            if reference in self.graph.embedded
            else str(self.find_path(reference, anywhere=True))
        )
        if key in self.parents or (self.graph.path is not None and key == str(self.graph.path)):
            self.report(
                "E121",
                where,
                f"{reference!r} contains itself",
                expected="graphs that do not contain themselves",
                found=reference,
                hint="name another graph",
            )
            return None
        if len(self.parents) >= 2 * MAX_SUBGRAPH_DEPTH:  # each level adds two names
            self.report(
                "E121",
                where,
                f"graphs in graphs more than {MAX_SUBGRAPH_DEPTH} deep",
                expected=f"at most {MAX_SUBGRAPH_DEPTH} levels",
                found=reference,
                hint="make the nesting flatter",
            )
            return None
        try:
            subgraph = self.load_subgraph(reference)
        except GraphError as error:
            self.findings += [replace(f, where=f"{where}#{f.where}") for f in error.findings]
            return None
        if subgraph is None:
            self.report(
                "E130",
                where,
                f"{reference!r} leaves the graph's folder",
                expected="a path inside it",
                found=reference,
                hint="move the file, or allow its folder with --root",
            )
            return None
        own = str(self.graph.path) if self.graph.path else ""
        resolved = resolve_graph(subgraph, self.catalog, roots=self.roots, _parents=(*self.parents, own, key))
        self.findings += [replace(f, where=f"{where}#{f.where}") for f in resolved.findings if f.severity == "error"]
        return resolved

    def load_subgraph(self, reference: str) -> Graph | None:
        embedded = self.graph.embedded.get(reference)
        if embedded is not None:
            return parse_graph(
                embedded, base=self.graph.base, embedded=self.graph.embedded, file_digests=self.graph.file_digests
            )
        path = self.find_path(reference)
        return load_graph(path) if path is not None else None

    def migrate(self, node: NodeDocument, node_type: NodeType | None, where: str) -> dict[str, Any]:
        values = dict(node.inputs)
        if node.version is None or node_type is None:
            return values
        written = int(node.version.partition(".")[0])
        if written > node_type.major:
            self.report(
                "E124",
                f"{where}/version",
                f"the graph wants version {node.version} of {node_type.id}",
                expected=f"at most {node_type.version}",
                found=node.version,
                hint="install a newer plugin",
            )
        for major in range(written, node_type.major):
            step = node_type.migrations.get(major)
            if step is None:
                self.report(
                    "E124",
                    f"{where}/version",
                    f"{node_type.id} cannot read what version {node.version} wrote",
                    expected=f"version {node_type.version}",
                    found=node.version,
                    hint=f"rewrite the node; see `studio nodes {node_type.id}`",
                )
                break
            try:
                values = dict(step(values))
            except Exception as error:  # a plugin's function, on whatever the graph has there
                problem = f"its inputs cannot be brought from version {major} to {major + 1}: {error!r}"
                self.report(
                    "E124",
                    where,
                    problem,
                    expected=f"inputs of version {major}",
                    found=node.version,
                    hint=f"rewrite the node; see `studio nodes {node_type.id}`",
                )
                break
        return values

    def resolve_inputs(
        self, resolved: ResolvedNode, declared: Mapping[str, Input], values: Mapping[str, Any], where: str
    ) -> None:
        for name, value in values.items():
            pointer = f"{where}/inputs/{escape(name)}"
            if name not in declared:
                hint = _suggest(name, declared) or f"its inputs: {', '.join(declared) or 'none'}"
                self.report(
                    "E110", pointer, f"unknown input {name!r}", expected=", ".join(declared), found=name, hint=hint
                )
                self.bind(value, TypeSpec("any"), pointer)
                continue
            bound = self.bind(value, declared[name].spec, pointer)
            if bound is not None:
                resolved.inputs[name] = bound
        for name, end in declared.items():
            if end.required and name not in values:
                self.report(
                    "E111",
                    f"{where}/inputs",
                    f"input {name!r} is missing",
                    expected=str(end.spec),
                    found="nothing",
                    hint=f'add "{name}": ...',
                )

    def find_variables(self, resolved: ResolvedNode) -> dict[str | None, TypeSpec]:
        variables: dict[str | None, TypeSpec] = {}
        if resolved.node_type is None:
            return variables
        for name, bound in resolved.inputs.items():
            declared = resolved.node_type.inputs[name].spec
            source = self.find_type(bound.source)
            if declared.name == "any" and declared.variable and source is not None:
                inner = replace(source, depth=max(0, source.depth - declared.depth - bound.depth), optional=False)
                variables[declared.variable] = join(variables.get(declared.variable), inner)
        return variables

    def find_type(self, binding: Source) -> TypeSpec | None:
        if isinstance(binding, Reference):
            node = self.result.nodes.get(binding.node)
            return node.outputs.get(binding.output) if node else None
        if isinstance(binding, GraphInput):
            return self.result.inputs[binding.name].spec
        if isinstance(binding, FileSource):
            return TypeSpec(binding.type_name)
        if isinstance(binding, Collected):
            inner: TypeSpec | None = None
            for entry in binding.entries:
                inner = join(inner, self.find_type(entry) or TypeSpec("any"))
            return (inner or TypeSpec("any")).listed()
        return _guess_type(binding.value) if isinstance(binding, Constant) else None

    # -- bindings --------------------------------------------------------------------------------------

    def bind(self, value: Any, spec: TypeSpec, where: str, *, allow_edges: bool = True) -> Bound | None:
        if allow_edges and is_edge(value):
            return self.bind_edge(value["from"], spec, f"{where}/from")
        if is_pattern(value) and (spec.name == "file" or spec.name in self.catalog.classes):
            return self.bind_files(value["files"], spec, where)
        if isinstance(value, list) and (_holds_references(value) or (value and spec.name in REFERENCE_TYPES)):
            return self.bind_list(value, spec, where, allow_edges)
        if is_quoted(value):
            value = value["literal"]
        elif is_file(value) and spec.name not in ("json", "any"):
            return self.bind_file(value["file"], spec, where)
        return self.bind_literal(value, spec, where)

    def bind_edge(self, source: Any, spec: TypeSpec, where: str) -> Bound | None:
        if not isinstance(source, str) or not _EDGE.fullmatch(source):
            self.report(
                "E112",
                where,
                f"{describe_value(source)} is not an edge",
                expected="node, node.output or inputs.name",
                found=describe_value(source),
                hint='a value that looks like an edge is written {"literal": ...}',
            )
            return None
        found = self.resolve_edge(source, where)
        if found is None:
            return None
        binding, source_spec = found
        fit = find_fit(source_spec, spec)
        if fit.problem:
            message = {
                "E114": f"{source_spec} from {source!r} does not fit {spec}",
                "E115": f"{source!r} may be empty, and this input may not",
                "E116": f"{source_spec} from {source!r} does not fit {spec}",
            }[fit.problem]
            self.report(
                fit.problem,
                where,
                message,
                expected=str(spec),
                found=str(source_spec),
                hint=_hint_fit(source_spec, spec),
            )
            return None
        return Bound(binding, spec, fit.depth, fit.stream)

    def bind_list(self, values: list[Any], spec: TypeSpec, where: str, allow_edges: bool) -> Bound | None:
        mapped = spec.depth == 0 and spec.name not in ("any", "json")
        entry_spec = _find_entry_spec(spec)
        entries = [
            self.bind(value, entry_spec, f"{where}/{i}", allow_edges=allow_edges) for i, value in enumerate(values)
        ]
        bound = [entry for entry in entries if entry is not None]
        if any(entry.depth or entry.stream for entry in bound):
            self.report(
                "E114",
                where,
                "an entry of a list cannot itself be a list here",
                expected=str(entry_spec),
                found="a list",
                hint="concatenate the lists with logic.concatenate",
            )
            return None
        if len(bound) != len(values) or not self.check_length(spec, len(values), where):
            return None
        return Bound(Collected(tuple(entry.source for entry in bound)), spec, 1 if mapped else 0)

    def check_length(self, spec: TypeSpec, length: int, where: str) -> bool:
        """Report a list that is too short or too long; without entries, only its length is checked."""
        limits = spec.limits
        if not spec.depth or limits is None or (limits.min_length or 0) <= length <= (limits.max_length or length):
            return True
        at_least, at_most = limits.min_length or 0, "any number" if limits.max_length is None else limits.max_length
        self.report(
            "E117", where, f"a list of {length}", expected=f"{at_least} to {at_most} entries", found=str(length)
        )
        return False

    def bind_file(self, written: str, spec: TypeSpec, where: str) -> Bound | None:
        if spec.depth or (spec.name != "file" and spec.name not in self.catalog.classes):
            self.report("E114", where, f"a file does not fit {spec}", expected=str(spec), found=f"the file {written!r}")
            return None
        path = self.find_path(written)
        if path is None:
            self.refuse_path(written, where)
            return None
        if not _is_file(path) and written not in (self.graph.file_digests or ()):
            self.report(
                "E129",
                where,
                f"no file {written!r}",
                expected=f"a file in {self.graph.base}",
                found="nothing",
                hint="check the name, or give another with --set NAME=@PATH",
            )
            return None
        return Bound(FileSource(path, spec.name, written), spec)

    def bind_files(self, pattern: str, spec: TypeSpec, where: str) -> Bound | None:
        """Bind the files of a folder that fit a pattern: a list of them, or one after the other where one is taken."""
        known = self.graph.file_digests
        if known is None and self.find_path(split_pattern(self.graph.base, pattern)[0]) is None:
            self.refuse_path(pattern, where)
            return None
        names = find_names(self.graph.base, pattern, known)
        if not names:
            self.report(
                "E129",
                where,
                f"no file fits {pattern!r}",
                expected=f"files in {self.graph.base}",
                found="nothing",
                hint="in the name * stands for anything and %05d for a number; folders have no wild cards",
            )
            return None
        return self.bind_list([{"file": name} for name in names], spec, where, allow_edges=False)

    def refuse_path(self, written: str, where: str) -> None:
        self.report(
            "E130",
            where,
            f"{written!r} leaves the graph's folder",
            expected="a path inside it",
            found=written,
            hint="move the file there, or allow its folder with --root",
        )

    def bind_literal(self, value: Any, spec: TypeSpec, where: str) -> Bound | None:
        if value is not None and spec.depth == 0:
            if spec.name == "file" and isinstance(value, str):
                return self.bind_file(value, spec, where)
            if spec.name == "path" and isinstance(value, str):
                return self.bind_output_path(value, spec, where)
            if spec.name == "model":
                return self.bind_model(value, spec, where)
        if isinstance(value, list) and spec.depth == 0 and spec.name in PLAIN_TYPES - {"json"}:
            return self.bind_mapped(value, spec, where)
        try:
            return Bound(Constant(check_value(spec, value, self.catalog.classes)), spec)
        except ValueProblem as problem:
            code = "E117" if spec.limits is not None else "E118" if spec.choices else "E114"
            hint = _suggest(str(value), [str(c) for c in spec.choices]) if spec.choices else ""
            if spec.name in self.catalog.classes and isinstance(value, str):
                hint = f'write {{"file": {value!r}}} to read a file'.replace("'", '"')
            self.report(code, where, str(problem), expected=problem.expected, found=problem.found, hint=hint)
            return None

    def bind_mapped(self, values: list[Any], spec: TypeSpec, where: str) -> Bound | None:
        """Bind a list of literals to an input that takes one: each entry must fit."""
        entry_spec = replace(spec, optional=False)
        checked: list[Any] = []
        for index, value in enumerate(values):
            if isinstance(value, list):
                self.report(
                    "E114",
                    f"{where}/{index}",
                    "an entry of a list cannot itself be a list here",
                    expected=str(entry_spec),
                    found="a list",
                    hint="concatenate the lists with logic.concatenate",
                )
                continue
            bound = self.bind_literal(value, entry_spec, f"{where}/{index}")
            if bound is not None and isinstance(bound.source, Constant):
                checked.append(bound.source.value)
        return Bound(Constant(checked), spec, 1) if len(checked) == len(values) else None

    def bind_output_path(self, value: str, spec: TypeSpec, where: str) -> Bound | None:
        parts = Path(value).parts
        if not value or "\0" in value or Path(value).is_absolute() or ".." in parts or len(value) > 1000:
            self.report(
                "E130", where, f"{value!r} leaves the output folder", expected="a path inside it", found=value[:80]
            )
            return None
        return Bound(NamedPath(value), spec)

    def bind_model(self, value: Any, spec: TypeSpec, where: str) -> Bound | None:
        try:
            if not isinstance(value, str) and not (
                isinstance(value, dict)
                and isinstance(value.get("model"), str)
                and set(value) <= {"model", "options"}
                and _are_options(value.get("options", {}))
            ):
                raise ModelError(
                    "E601",
                    f"{describe_value(value)} is not a model reference",
                    hint='write "builtin:NAME", "file:PATH" or "hub:OWNER/NAME@REVISION"',
                )
            model = Model.from_json(value)
        except (ModelError, TypeError, AttributeError) as error:
            message = error.message if isinstance(error, ModelError) else str(error)
            self.report("E114", where, message, expected="a model reference", found=describe_value(value))
            return None
        return Bound(Constant(model), spec)

    def find_path(self, written: str, *, anywhere: bool = False) -> Path | None:
        """Return the absolute path if it lies inside a root, else None; links are followed first."""
        if "\0" in written or len(written) > 4000:
            return None
        try:
            path = (self.graph.base / written).resolve()
        except (OSError, RuntimeError, ValueError):  # ValueError: lone surrogates
            return None
        return path if anywhere or any(path.is_relative_to(root) for root in self.roots) else None

    def resolve_edge(self, source: str, where: str) -> tuple[Source, TypeSpec] | None:
        head, _, tail = source.partition(".")
        if head == "inputs":
            self.used_inputs.add(tail)
            end = self.result.inputs.get(tail)
            if end is None:
                known = list(self.graph.document.inputs)
                self.report(
                    "E112",
                    where,
                    f"the graph has no input {tail!r}",
                    expected=", ".join(known) or "no inputs",
                    found=source,
                    hint=_suggest(tail, known) or "declare it in the graph's inputs",
                )
                return None
            spec = replace(end.spec, optional=end.spec.optional and end.default is None)
            return GraphInput(tail), spec
        if head not in self.graph.document.nodes:
            self.report(
                "E112",
                where,
                f"there is no node {head!r}",
                expected="a node of this graph",
                found=source,
                hint=_suggest(head, self.graph.document.nodes),
            )
            return None
        node = self.result.nodes.get(head)
        if node is None or (node.node_type is None and node.subgraph is None):
            return None  # a node on a cycle, or of unknown type: reported already
        if tail and tail not in node.outputs:
            self.report(
                "E113",
                where,
                f"node {head!r} has no output {tail!r}",
                expected=", ".join(node.outputs),
                found=source,
                hint=_suggest(tail, node.outputs) or f"its outputs: {', '.join(node.outputs)}",
            )
            return None
        if not node.outputs:
            return None
        output = tail or next(iter(node.outputs))
        return Reference(head, output), node.outputs[output]


def _find_sources(node: NodeDocument) -> list[str]:
    found = [node.when.source] if node.when is not None else []
    for value in node.inputs.values():
        found += [edge for _, edge in find_edges(value)]
    return [source.partition(".")[0] for source in found if not source.startswith("inputs.")]


def find_edges(value: Any, where: str = "") -> Iterator[tuple[str, str]]:
    """Yield (pointer, source) of each edge at an input: the value itself, or an entry of a list, however deep."""
    if is_edge(value):
        if isinstance(value["from"], str):
            yield where, value["from"]
    elif isinstance(value, list):
        for index, entry in enumerate(value):
            yield from find_edges(entry, f"{where}/{index}")


def _holds_references(values: list[Any]) -> bool:
    """Say whether entries of a list are bound one by one: an edge, a file or a quoted literal is among them."""
    return any(
        is_edge(v) or is_file(v) or is_quoted(v) or (isinstance(v, list) and _holds_references(v)) for v in values
    )


def _find_entry_spec(spec: TypeSpec) -> TypeSpec:
    """Return what an entry of a list at an input must be; limits of a list's length are not limits of its entries."""
    if not spec.depth:
        return replace(spec, optional=False)
    limits = spec.limits
    is_entry_limit = spec.depth == 1 and limits is not None and limits.min_length is None and limits.max_length is None
    return replace(spec.item(), limits=limits if is_entry_limit else None)


def _are_options(options: Any) -> bool:
    return isinstance(options, dict) and all(v is None or isinstance(v, str | int | float) for v in options.values())


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):  # a name longer than the file system takes
        return False


def _guess_type(value: Any) -> TypeSpec:
    if isinstance(value, bool):
        return TypeSpec("bool")
    if isinstance(value, list):
        inner: TypeSpec | None = None
        for entry in value:
            inner = join(inner, _guess_type(entry))
        return (inner or TypeSpec("json")).listed()
    names: dict[type, str] = {int: "int", float: "float", str: "text", Model: "model"}
    return TypeSpec(names.get(type(value), "json"))


def _suggest(name: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(name, list(known), 1, 0.6)
    return f"did you mean {near[0]!r}?" if near else ""


def _hint_fit(source: TypeSpec, target: TypeSpec) -> str:
    if source.name == "mask" and target.name == "image":
        return "image.from_mask makes an image of a mask"
    if source.name == "image" and target.name == "mask":
        return "image.mask_from_luma makes a mask of an image"
    if source.name == target.name and source.depth < target.depth:
        return 'put it into a list: [{"from": ...}]'
    if source.channels and target.channels:
        return "image.convert changes the channels"
    return ""
