"""Outputs for nodes whose results somebody wants to see, though no output of the graph has them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from studio.graph.document import Graph, OutputDocument


def add_node_outputs(graph: Graph, only: Iterable[str] | None) -> tuple[Graph, list[str] | None]:
    """Return the graph with an output for each node that `only` names, and the names of the outputs to make.

    A node is named by its id, or with one of its outputs: "paint" or "parts.mask", whose output is called "parts_mask".
    A name that an output of the graph has means that output, and one that nothing has stays as it is.
    """
    if only is None:
        return graph, None
    added: dict[str, dict[str, str]] = {}
    names = []
    for name in [only] if isinstance(only, str) else map(str, only):
        node, _, output = name.partition(".")
        if name in graph.document.outputs or node not in graph.document.nodes:
            names.append(name)
            continue
        free = _find_free_name(f"{node}_{output}" if output else node, graph)
        added[free] = {"from": name}
        names.append(free)
    if not added:
        return graph, names
    outputs = {name: OutputDocument(one["from"]) for name, one in added.items()}
    document = replace(graph.document, outputs={**graph.document.outputs, **outputs})
    json = {**graph.json, "outputs": {**graph.json.get("outputs", {}), **added}}
    return replace(graph, document=document, json=json), names


def _find_free_name(name: str, graph: Graph) -> str:
    while name in graph.document.outputs:
        name += "_"
    return name
