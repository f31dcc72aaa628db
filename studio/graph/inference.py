"""Types that follow from what a node is given: through lists, videos and type variables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from studio.api import Model, TypeSpec
from studio.graph.findings import Findings
from studio.graph.fit import join, map_output
from studio.graph.json_pointer import escape
from studio.graph.resolved import Bound, ResolvedGraph, ResolvedNode
from studio.graph.source import Collected, Constant, FileSource, GraphInput, Reference, Source


def join_video(node: ResolvedNode) -> None:
    """Where a node is mapped over a video's frames, zip lists with them instead of multiplying by them."""
    if any(bound.stream and not bound.depth for bound in node.inputs.values()):
        for name, bound in node.inputs.items():
            if bound.depth == 1 and not bound.stream:
                node.inputs[name] = replace(bound, depth=0, stream=True, is_list=True)


def map_variables(node: ResolvedNode, resolved: ResolvedGraph) -> None:
    """Where a node is mapped, map it over the lists and frames at its inputs of any type, too.

    An input of any type takes a list whole, as long as nothing else maps the node. Otherwise, the lists zip.
    """
    stream = node.stream
    depth = node.depth or int(stream)
    for name, bound in node.inputs.items():
        source = find_type(bound.source, resolved) if bound.spec.name == "any" else None
        if source is None:
            continue
        node.inputs[name] = replace(
            bound,
            depth=min(depth, max(0, source.depth - bound.spec.depth)),
            stream=stream and source.name == "video" and not bound.spec.depth and source.depth <= node.depth,
        )


def check_lengths(node: ResolvedNode, where: str, findings: Findings) -> None:
    """Refuse lists of known, unequal lengths that a node would be mapped over."""
    mapped = [(name, bound) for name, bound in node.inputs.items() if bound.depth]
    if len(mapped) < 2:
        return
    known = {name: _find_length(bound) for name, bound in mapped}
    lengths = {name: length for name, length in known.items() if length is not None}
    shown = ", ".join(f"{name}: {length}" for name, length in lengths.items())
    if len({length for length in lengths.values() if length != 1}) > 1:
        findings.report(
            "E128",
            f"{where}/inputs",
            f"lists of unequal length ({shown})",
            expected="lists of one length, or of one entry",
            found=shown,
            hint="logic.product makes every combination",
        )


def check_expansion(node: ResolvedNode, where: str, findings: Findings) -> None:
    """Refuse to map a node type that returns subgraphs over frames: each frame would have a graph of its own."""
    if node.node_type is None or not node.node_type.expands or not node.stream:
        return
    for name, bound in node.inputs.items():
        if bound.stream and not bound.is_list:
            findings.report(
                "E114",
                f"{where}/inputs/{escape(name)}",
                f"a video does not fit {bound.spec}: {node.node_type.id} returns graphs, and is not mapped over frames",
                expected=str(bound.spec),
                found="video",
                hint="video.frames makes a list of images",
            )


def _find_length(bound: Bound) -> int | None:
    """Return the length of the list that a node is mapped over through an input, if it is known."""
    if bound.depth != 1:
        return None
    if isinstance(bound.source, Collected):
        return len(bound.source.entries)
    value = bound.source.value if isinstance(bound.source, Constant) else None
    return len(value) if isinstance(value, list) else None


def find_output_types(
    node: ResolvedNode, declared: Mapping[str, TypeSpec], resolved: ResolvedGraph
) -> dict[str, TypeSpec]:
    """Return the types of a node's outputs, from its type's and from what it is mapped over.

    Args:
        node: The node, with its inputs.
        declared: What its type declares.
        resolved: The graph as far as it is resolved.
    """
    has_variables = any([spec.variable for spec in declared.values()])  # noqa: C419  # a list is faster here
    if not (has_variables or node.is_mapped):
        return dict(declared)
    depth, stream = node.depth, node.stream
    variables = _find_variables(node, resolved) if has_variables else {}
    types: dict[str, TypeSpec] = {}
    for name, spec in declared.items():
        if spec.name == "any" and spec.variable in variables:
            known = variables[spec.variable]
            spec = replace(known, depth=known.depth + spec.depth, optional=spec.optional)
        types[name] = map_output(spec, depth, stream)
    return types


def _find_variables(node: ResolvedNode, resolved: ResolvedGraph) -> dict[str | None, TypeSpec]:
    """Return the types that the variables of a node type have in one node."""
    variables: dict[str | None, TypeSpec] = {}
    for name, bound in node.inputs.items() if node.node_type is not None else ():
        assert node.node_type is not None
        declared = node.node_type.inputs[name].spec
        source = find_type(bound.source, resolved)
        if declared.name == "any" and declared.variable and source is not None:
            inner = _find_entry_type(bound, source)
            variables[declared.variable] = join(variables.get(declared.variable), inner)
    return variables


def _find_entry_type(bound: Bound, source: TypeSpec) -> TypeSpec:
    """Return what a variable stands for at an input: without the lists of the input and those it is mapped over."""
    depth = source.depth - bound.spec.depth - bound.depth
    if bound.stream and source.name == "video":
        return TypeSpec("image", max(0, depth))
    return replace(source, depth=max(0, depth - bound.stream), optional=False)


def find_type(source: Source, resolved: ResolvedGraph) -> TypeSpec | None:
    """Return the type of what a source gives, or None if it is unknown."""
    match source:
        case Reference(node_id, output):
            node = resolved.nodes.get(node_id)
            return node.outputs.get(output) if node else None
        case GraphInput(name):
            return resolved.inputs[name].spec
        case FileSource(type_name=type_name):
            return TypeSpec(type_name)
        case Collected(entries):
            inner: TypeSpec | None = None
            for entry in entries:
                inner = join(inner, find_type(entry, resolved) or TypeSpec("any"))
            return (inner or TypeSpec("any")).listed()
        case Constant(value):
            return guess_type(value)
    return None


def guess_type(value: Any) -> TypeSpec:
    """Return the type of a literal."""
    if isinstance(value, bool):
        return TypeSpec("bool")
    if isinstance(value, list):
        inner: TypeSpec | None = None
        for entry in value:
            inner = join(inner, guess_type(entry))
        return (inner or TypeSpec("json")).listed()
    names: dict[type, str] = {int: "int", float: "float", str: "text", Model: "model"}
    return TypeSpec(names.get(type(value), "json"))
