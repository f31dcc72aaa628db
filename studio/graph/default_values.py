"""What a graph's own values lead to: models that are named, and defaults of inputs that a node refuses."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from studio.api import Model
from studio.api.type_spec import describe_value
from studio.errors import Finding, ModelError
from studio.graph.json_pointer import escape
from studio.graph.node_checks import UNKNOWN, find_input_faults, find_literal, locate_fault
from studio.graph.resolved import Bound, ResolvedGraph, ResolvedNode
from studio.graph.source import Collected, GraphInput, Source, find_references

_LOCAL_SCHEMES = ("builtin", "file", "kept")
"""Schemes of models that are there or not, whatever may be fetched or added."""


@dataclass(frozen=True)
class _Known:
    """A value that a graph's input has: what it is, and the JSON pointer of where it is written."""

    value: Any
    where: str


def find_default_faults(
    resolved: ResolvedGraph, check_model: Callable[[Model], object], find_path: Callable[[Model], Path | None]
) -> list[Finding]:
    """Return what is wrong with a graph's models, and with the values that its inputs have if none are given.

    Args:
        resolved: The graph; findings that it has already are not returned again.
        check_model: Raises ModelError for a model that cannot be used.
        find_path: Returns the weights of a model reference, or None.
    """
    known = {
        name: _Known(find_literal(end.default), f"/inputs/{escape(name)}/default")
        for name, end in resolved.inputs.items()
        if end.default is not None
    }
    walk = _Walk(check_model, find_path)
    walk.check_graph(resolved, known, "")
    there = {(finding.code, finding.where, finding.message) for finding in resolved.findings}
    found = {(finding.code, finding.where, finding.message): finding for finding in walk.findings}
    return [finding for key, finding in found.items() if key not in there]


class _Walk:
    """Goes through a graph and the graphs in it."""

    def __init__(self, check_model: Callable[[Model], object], find_path: Callable[[Model], Path | None]) -> None:
        self.findings: list[Finding] = []
        self._check_model = check_model
        self._find_path = find_path

    def check_graph(self, resolved: ResolvedGraph, known: Mapping[str, _Known], prefix: str) -> None:
        """Check a graph whose inputs have values.

        Args:
            resolved: The graph.
            known: Values of its inputs, as far as they are known.
            prefix: What JSON pointers in it begin with.
        """
        sure = _find_sure_nodes(resolved)
        for node in resolved.nodes.values():
            scope = _Scope(known if node.id in sure else {}, f"{prefix}/nodes/{escape(node.id)}")
            self._check_models(node, scope)
            if node.node_type is not None and not node.is_broken:
                self._check_inputs(node, scope)
            if node.subgraph is not None and not node.depth:
                inner = dict(scope.find_inputs(node, prefix))
                self.check_graph(node.subgraph, inner, f"{scope.where}/type#")

    def _check_inputs(self, node: ResolvedNode, scope: _Scope) -> None:
        assert node.node_type is not None
        faults = find_input_faults(
            node.node_type, node.inputs, self._find_path, find_value=scope.find_value, unknown=node.refused
        )
        for fault in faults:
            where = locate_fault(fault, scope.where, node.list_written())
            origin = scope.find_origin(node.inputs.get(fault.name))
            self.findings.append(fault.create_finding(origin or where))

    def _check_models(self, node: ResolvedNode, scope: _Scope) -> None:
        for name, bound in node.inputs.items():
            if bound.spec.name == "model":
                for model, where in scope.find_models(bound.source, f"{scope.where}/inputs/{escape(name)}"):
                    self._report_model(model, where)

    def _report_model(self, model: Model, where: str) -> None:
        if model.scheme not in _LOCAL_SCHEMES:
            return
        try:
            self._check_model(model)
        except ModelError as error:
            expected = "a model that is on this machine"
            found = describe_value(model.reference)
            self.findings.append(Finding(error.code, where, error.message, expected, found, error.hint))


@dataclass(frozen=True)
class _Scope:
    """What the sources at a node are: values of the graph's inputs, and the JSON pointer of the node."""

    known: Mapping[str, _Known]
    where: str

    def find_value(self, source: Source) -> Any:
        """Return the value of a source, or UNKNOWN."""
        if isinstance(source, GraphInput):
            return self.known[source.name].value if source.name in self.known else UNKNOWN
        return find_literal(source)

    def find_origin(self, bound: Bound | None) -> str:
        """Return where the value at an input is written, if that is not the node itself."""
        source = bound.source if bound is not None else None
        return self.known[source.name].where if isinstance(source, GraphInput) and source.name in self.known else ""

    def find_models(self, source: Source, where: str) -> Iterator[tuple[Model, str]]:
        """Yield the models that a source names, each with where it is written."""
        if isinstance(source, Collected):
            for index, entry in enumerate(source.entries):
                yield from self.find_models(entry, f"{where}/{index}")
            return
        value = self.find_value(source)
        where = self.known[source.name].where if isinstance(source, GraphInput) and source.name in self.known else where
        if isinstance(value, list):
            yield from ((entry, f"{where}/{index}") for index, entry in enumerate(value) if isinstance(entry, Model))
        elif isinstance(value, Model):
            yield value, where

    def find_inputs(self, node: ResolvedNode, prefix: str) -> Iterator[tuple[str, _Known]]:
        """Yield the inputs of a node that is a graph, as far as their values are known."""
        assert node.subgraph is not None
        for name, end in node.subgraph.inputs.items():
            bound = node.inputs.get(name)
            if bound is not None and not bound.stream:
                value = self.find_value(bound.source)
                where = self.find_origin(bound) or f"{self.where}/inputs/{escape(name)}"
            elif bound is None and end.default is not None:
                value, where = find_literal(end.default), f"{self.where}/type#/inputs/{escape(name)}/default"
            else:
                continue
            if value is not UNKNOWN:
                yield name, _Known(value, where)


def _find_sure_nodes(resolved: ResolvedGraph) -> set[str]:
    """Return the names of the nodes that run if the cache has nothing: behind no `when`, and not only if chosen."""
    waiting = [reference.node for source, _ in resolved.outputs.values() for reference in find_references(source)]
    sure: set[str] = set()
    while waiting:
        node = resolved.nodes.get(waiting.pop())
        if node is None or node.id in sure or node.when is not None:
            continue
        sure.add(node.id)
        ends = node.node_type.inputs if node.node_type is not None else {}
        for name, bound in node.inputs.items():
            if not (name in ends and ends[name].lazy):
                waiting += [reference.node for reference in find_references(bound.source)]
    return sure
