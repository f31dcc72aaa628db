"""`FlatNode`: the nodes of a graph and of the graphs in it, with the values that reach them; for comparing graphs."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from studio.api import NodeType
from studio.graph.carried import join_paths
from studio.graph.document import is_edge

SUBGRAPH = "graph:"
_DEEPEST = 32


@dataclass
class FlatNode:
    """A node, named as in a plan: `finish/tone` is the node `tone` of the graph at the node `finish`.

    Attributes:
        type: Its type; "graph" for the outputs of a graph, whose inputs are what they come from.
        version: The version that the graph states, or "".
        inputs: Its inputs: plain JSON, or an edge `{"from": "finish/tone.image"}`. Values of the graph's inputs are
            filled in, and so are defaults of its type.
    """

    type: str
    version: str = ""
    inputs: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class _Part:
    document: Mapping[str, Any]
    prefix: str
    folder: str
    values: Mapping[str, Any]
    depth: int
    when: Any = None


@dataclass(frozen=True)
class _Lookup:
    """What nodes stand for."""

    graphs: Mapping[str, Any]
    node_types: Mapping[str, NodeType]

    def find_graph(self, type_name: str, folder: str) -> Mapping[str, Any] | None:
        """Return the document of a graph in a graph, if it is known."""
        if not type_name.startswith(SUBGRAPH):
            return None
        document = self.graphs.get(join_paths(folder, type_name.removeprefix(SUBGRAPH)))
        return document if isinstance(document, Mapping) else None

    def find_output(self, type_name: str, folder: str) -> str:
        """Return the name, after a dot, of a node's only output; "" if it is not known, or has several."""
        document, node_type = self.find_graph(type_name, folder), self.node_types.get(type_name)
        names = list(read_mapping(document.get("outputs")) if document else node_type.outputs if node_type else ())
        return f".{names[0]}" if len(names) == 1 else ""


def flatten_document(
    document: Any, values: Any, graphs: Mapping[str, Any], node_types: Mapping[str, NodeType]
) -> dict[str, FlatNode]:
    """Return the nodes of a graph document, which may be anything; what is not as it should be is left out.

    Args:
        document: The graph document.
        values: The values of its inputs.
        graphs: Documents of the graphs in it, by their paths seen from its folder.
        node_types: Those that are installed, for defaults.
    """
    found: dict[str, FlatNode] = {}
    look = _Lookup(graphs, node_types)
    pending = [_Part(read_mapping(document), "", "", _fill_values(document, read_mapping(values)), 0)]
    while pending:
        part = pending.pop()
        for name, entry in read_mapping(part.document.get("nodes")).items():
            node = read_mapping(entry)
            inputs = {key: _follow(value, part, look) for key, value in read_mapping(node.get("inputs")).items()}
            if "when" in node:
                inputs["when"] = _follow(node["when"], part, look)
            type_name = str(node.get("type", ""))
            inner = _enter(part, name, type_name, inputs, look)
            if inner is not None:
                pending.append(inner)
                continue
            inputs = _list_defaults(node_types.get(type_name)) | inputs
            found[part.prefix + name] = FlatNode(type_name, str(node.get("version", "")), inputs)
        ends = read_mapping(part.document.get("outputs"))
        outputs = {f"output {name}": _follow(end, part, look) for name, end in ends.items()}
        outputs |= {"when": part.when} if part.when is not None else {}
        found[part.prefix.rstrip("/")] = FlatNode("graph", "", outputs)
    return found


def read_mapping(value: Any) -> Mapping[str, Any]:
    """Return a value that is an object, else an empty one."""
    return value if isinstance(value, Mapping) else {}


def _enter(part: _Part, name: str, type_name: str, inputs: Mapping[str, Any], look: _Lookup) -> _Part | None:
    """Return the graph that a node stands for, if it is known."""
    path = join_paths(part.folder, type_name.removeprefix(SUBGRAPH))
    document = look.find_graph(type_name, part.folder)
    if document is None or part.depth >= _DEEPEST:
        return None
    values = _fill_values(document, inputs)
    return _Part(document, f"{part.prefix}{name}/", posixpath.dirname(path), values, part.depth + 1, inputs.get("when"))


def _fill_values(document: Any, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values of a graph's inputs, defaults where none are given."""
    declared = read_mapping(read_mapping(document).get("inputs"))
    return {name: given.get(name, read_mapping(end).get("default")) for name, end in declared.items()} | dict(given)


def _follow(value: Any, part: _Part, look: _Lookup) -> Any:
    """Return what stands at an input, with the value of the graph's input in the place of an edge to it."""
    if isinstance(value, list):
        return [_follow(entry, part, look) for entry in value]
    source = value.get("from") if isinstance(value, Mapping) else None
    if not isinstance(source, str):
        return value
    if source.startswith("inputs."):
        return part.values.get(source.removeprefix("inputs."))
    if "." not in source:
        node = read_mapping(read_mapping(part.document.get("nodes")).get(source))
        source += look.find_output(str(node.get("type", "")), part.folder)
    return {"from": part.prefix + source}


def _list_defaults(node_type: NodeType | None) -> dict[str, Any]:
    ends = node_type.inputs.values() if node_type is not None else ()
    found = {end.name: end.default for end in ends if not end.required and end.default is not None}
    return {name: value.to_json() if hasattr(value, "to_json") else value for name, value in found.items()}


def list_edges(value: Any) -> Iterator[str]:
    """Yield the edges in what stands at an input."""
    pending = [value]
    while pending:
        entry = pending.pop()
        if isinstance(entry, list):
            pending += entry
        elif is_edge(entry):
            yield str(entry["from"])
