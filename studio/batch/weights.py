"""`find_graph_models` and `WeightDigests`: which weights the items of a batch depend on, and their digests."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from studio.api import Model
from studio.errors import ModelError
from studio.graph import ResolvedGraph
from studio.graph.resolved import ResolvedNode
from studio.graph.source import Collected, Constant


def find_graph_models(resolved: ResolvedGraph) -> Iterator[Model]:
    """Yield the models that a graph and its subgraphs name, and those that are defaults of node types and inputs."""
    pending = [resolved]
    while pending:
        graph = pending.pop()
        for end in graph.inputs.values():
            yield from _find_source_models(end.default, end.spec.name)
        for node in graph.nodes.values():
            yield from _find_node_models(node)
            if node.subgraph is not None:
                pending.append(node.subgraph)


def _find_node_models(node: ResolvedNode) -> Iterator[Model]:
    for bound in node.inputs.values():
        yield from _find_source_models(bound.source, bound.spec.name)
    if node.node_type is not None:
        for name, end in node.node_type.inputs.items():
            if name not in node.inputs and not end.required:
                yield from find_models(end.default, end.spec.name)


def _find_source_models(source: Any, kind: str) -> Iterator[Model]:
    if isinstance(source, Collected):
        for entry in source.entries:
            yield from _find_source_models(entry, kind)
    elif isinstance(source, Constant):
        yield from find_models(source.value, kind)


def find_models(value: Any, kind: str) -> Iterator[Model]:
    """Yield the models in a value of an input that takes models, or a list of them."""
    if kind != "model" or value is None:
        return
    for entry in value if isinstance(value, list | tuple) else [value]:
        if isinstance(entry, list | tuple):
            yield from find_models(entry, kind)
        else:
            yield entry if isinstance(entry, Model) else Model.from_json(entry)


class WeightDigests:
    """Digests of weights, each read once.

    Args:
        digest: Digests the weights of a model.
    """

    def __init__(self, digest: Callable[[Model], str]) -> None:
        self._digest = digest
        self._known: dict[Model, str] = {}

    def describe(self, model: Model) -> str:
        """Return a reference with the digest of its weights.

        Weights of a hub are identified by their revision, since they may be fetched later. Weights that cannot be
        read have no digest here: the item that needs them fails.
        """
        if model.scheme == "hub":
            return str(model.to_json())
        if model not in self._known:
            try:
                self._known[model] = f"{model.to_json()} {self._digest(model)}"
            except ModelError:
                self._known[model] = str(model.to_json())
        return self._known[model]
