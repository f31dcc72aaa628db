"""Conversions: nodes of a resolved graph that turn values of an older version, which come by an edge, into today's."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import Any

from studio.api import Input, NodeType, Output
from studio.api.migration import ConvertValue, read_conversion
from studio.graph.bind import Binder
from studio.graph.inference import find_output_types, map_variables
from studio.graph.resolved import Bound, ResolvedGraph, ResolvedNode
from studio.graph.source import Reference


def bind_input(
    binder: Binder, graph: ResolvedGraph, node: ResolvedNode, declared: Input, value: Any, where: str
) -> Bound | None:
    """Return an input of a node with its source, or None after a finding.

    Values of an older version that come by an edge pass through nodes that convert them, which the graph gets.

    Args:
        binder: Turns what is written into a source.
        graph: The graph.
        node: The node.
        declared: The input.
        value: What is written there.
        where: JSON pointer of the input.
    """
    conversions = node.migrated.conversions.get(declared.name, ()) if node.migrated is not None else ()
    if not conversions or node.node_type is None:
        return binder.bind(value, declared.spec, where)
    bound = binder.bind(value, read_conversion(conversions[0])[0], where)
    if bound is None:
        return None
    for number, convert in enumerate(conversions, start=1):
        node_id = f"{node.id}:{declared.name}" if number == 1 else f"{node.id}:{declared.name}:{number}"
        added = ResolvedNode(node_id, create_conversion(node.node_type, declared.name, convert), when=node.when)
        bound = _pass_through(graph, added, bound)
    return replace(bound, spec=declared.spec)


def _pass_through(graph: ResolvedGraph, added: ResolvedNode, bound: Bound) -> Bound:
    """Add a node that converts what comes at an input, and return the input as it is bound to the node."""
    assert added.node_type is not None
    added.inputs["value"] = bound
    if added.is_mapped:
        map_variables(added, graph)
    output = added.node_type.outputs["value"]
    added.outputs = find_output_types(added, {output.name: output.spec}, graph)
    graph.nodes[added.id] = added
    return Bound(Reference(added.id, output.name), output.spec, bound.depth, bound.stream)


@lru_cache(maxsize=1024)
def create_conversion(node_type: NodeType, name: str, convert: ConvertValue) -> NodeType:
    """Return the node type that converts values of one input of a node type; the code is that of its plugin."""

    def convert_value(ctx: object, value: Any) -> Any:
        return convert(value)

    taken, returned = read_conversion(convert)
    return NodeType(
        f"{node_type.id}:{name}",
        node_type.version,
        node_type.code,
        convert_value,
        {"value": Input("value", taken, required=True)},
        {"value": Output("value", returned)},
        device_free=True,
        content_origin="unchanged",
        distribution=node_type.distribution,
        distribution_version=node_type.distribution_version,
        origin=node_type.origin,
    )
