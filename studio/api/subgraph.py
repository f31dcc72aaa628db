"""`Subgraph`: the graph that a node type returns instead of its outputs."""

from __future__ import annotations

import math
import numbers
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import Any, Generic, TypeVar

from studio.api.model import Model
from studio.errors import UsageError

Outputs = TypeVar("Outputs")

_MAX_NESTING = 32


@dataclass(frozen=True)
class SubgraphEnd:
    """An output of a node of a subgraph, to be given to other nodes.

    Attributes:
        edge: What an edge from it says: "node" or "node.output".
    """

    edge: str
    _subgraph: Subgraph[Any] = field(repr=False, compare=False)

    def __getitem__(self, name: str) -> SubgraphEnd:
        """Return another output of the same node."""
        return SubgraphEnd(f"{self.edge.partition('.')[0]}.{name}", self._subgraph)


class Subgraph(Generic[Outputs]):
    """A graph that a node type returns: its outputs become the outputs of the node.

        @node("my.soften")
        def soften(ctx: Context, image: Image, *, rounds: int = 2) -> Subgraph[Image]:
            graph = Subgraph[Image]()
            softer = image
            for _ in range(rounds):
                softer = graph.add("image.blur", image=softer, radius=2.0)
            graph.output("image", softer)
            return graph

    Its nodes run and are cached like all others, and are named after the node that returned it: "soften/blur". The
    small graph itself is cached too. It has at most 1,000 nodes, and reads no files but those that the node is given.
    """

    def __init__(self) -> None:
        self._nodes: dict[str, dict[str, Any]] = {}
        self._outputs: dict[str, dict[str, Any]] = {}
        self._values: list[Any] = []

    def add(
        self,
        type: str,
        /,
        *,
        id: str | None = None,
        when: SubgraphEnd | bool | None = None,
        version: str | None = None,
        inputs: Mapping[str, Any] | None = None,
        **more: Any,
    ) -> SubgraphEnd:
        """Add a node; return its first output.

        Args:
            type: The id of an installed node type.
            id: The node's id; without one it is made from the type.
            when: A bool; where it is false, the node is skipped.
            version: The node type's version that the node is written for.
            inputs: Values of inputs by name, for names that are parameters of this method.
            **more: Values of inputs by name: ends of other nodes, plain values, media, or lists of them.

        Raises:
            UsageError: E011 if the id is taken or an input is given twice, E012 if a value cannot be in a subgraph.
        """
        twice = sorted(set(inputs or {}) & set(more))
        if twice:
            raise UsageError("E011", f"input {twice[0]!r} is given twice", hint="give it once")
        node_id = self._create_id(type) if id is None else id
        if node_id in self._nodes:
            raise UsageError("E011", f"there is a node {node_id!r} already", hint="choose another name")
        where = f"of node {node_id!r}"
        values = {**(inputs or {}), **more}
        encoded = {name: self._encode(value, f"input {name!r} {where}") for name, value in values.items()}
        node: dict[str, Any] = {"type": type, "inputs": encoded}
        if version is not None:
            node["version"] = version
        if when is not None:
            node["when"] = self._encode_edge(when, f"when {where}")
        self._nodes[node_id] = node
        return SubgraphEnd(node_id, self)

    def output(self, name: str, source: Any) -> None:
        """Make a value an output.

        Args:
            name: The name of an output of the node type.
            source: The end of a node, or a value.

        Raises:
            UsageError: E011 if the output is there already, E012 if the value cannot be in a subgraph.
        """
        if name in self._outputs:
            raise UsageError("E011", f"there is an output {name!r} already", hint="choose another name")
        self._outputs[name] = self._encode_edge(source, f"output {name!r}")

    @property
    def document(self) -> dict[str, Any]:
        """The graph document; its inputs "value_1", "value_2", ... are the `values`."""
        inputs = {_name_value(number): {"type": _name_type(value)} for number, value in enumerate(self._values)}
        return {"studio": 1, "inputs": inputs, "nodes": self._nodes, "outputs": self._outputs}

    @property
    def values(self) -> list[Any]:
        """The values in the graph that are no plain JSON."""
        return list(self._values)

    def _create_id(self, type: str) -> str:
        stem = type.rpartition(".")[2]
        name, number = stem, 1
        while name in self._nodes:
            number += 1
            name = f"{stem}_{number}"
        return name

    def _encode_edge(self, source: Any, where: str) -> dict[str, Any]:
        """Return an edge from an end, or from a value, which becomes an input."""
        if isinstance(source, SubgraphEnd):
            if source._subgraph is not self:
                raise UsageError("E012", f"{where} is an end of another subgraph", hint="add the node to this one")
            return {"from": source.edge}
        if isinstance(source, PurePath):
            hint = "a subgraph reads no files: take a File as an input of the node type"
            raise UsageError("E012", f"{where} cannot be a path", hint=hint)
        number = next((index for index, value in enumerate(self._values) if value is source), len(self._values))
        if number == len(self._values):
            self._values.append(source)
        return {"from": f"inputs.{_name_value(number)}"}

    def _encode(self, value: Any, where: str, depth: int = 0) -> Any:
        """Return what is written at an input."""
        plain = _to_plain(value)
        if plain is not _NOT_PLAIN:
            return {"literal": plain} if isinstance(plain, dict | list) else plain
        if isinstance(value, Model):
            return value.to_json()
        if isinstance(value, list | tuple) and depth < _MAX_NESTING:
            return [self._encode(entry, where, depth + 1) for entry in value]
        return self._encode_edge(value, where)


_NOT_PLAIN = object()


def _to_plain(value: Any, depth: int = 0) -> Any:
    """Return a value as plain JSON, or `_NOT_PLAIN`."""
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, numbers.Real):
        number: int | float = int(value) if isinstance(value, numbers.Integral) else float(value)
        return number if math.isfinite(number) else _NOT_PLAIN
    if depth < _MAX_NESTING and isinstance(value, list | tuple):
        entries = [_to_plain(entry, depth + 1) for entry in value]
        return _NOT_PLAIN if any(entry is _NOT_PLAIN for entry in entries) else entries
    if depth < _MAX_NESTING and isinstance(value, Mapping) and all(isinstance(key, str) for key in value):
        entries = _to_plain(list(value.values()), depth)
        return _NOT_PLAIN if entries is _NOT_PLAIN else dict(zip(value, entries, strict=True))
    return _NOT_PLAIN


def _name_value(number: int) -> str:
    return f"value_{number + 1}"


def _name_type(value: Any) -> str:
    """Return the name of a value's type, as a graph declares it."""
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        names = {_name_type(entry) for entry in value}
        return f"list[{names.pop() if len(names) == 1 else 'any'}]"
    if isinstance(value, bool):
        return "bool"
    plain = {int: "int", float: "float", str: "text"}.get(type(value))
    return plain or str(getattr(type(value), "studio_type", "any"))
