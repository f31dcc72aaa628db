"""`GraphWriter`: writes the graph that a foreign document becomes, node by node."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from studio.api import Input, TypeSpec
from studio.api.foreign import ForeignNode, ImportGap, Made
from studio.graph.catalog import Catalog
from studio.graph.document import FORMAT_VERSION
from studio.graph.foreign.names import find_title, make_name

_NUMBERS = ("int", "float", "number")


class GraphWriter:
    """Collects nodes, inputs and outputs.

    Args:
        catalog: The node types that are installed.
    """

    def __init__(self, catalog: Catalog) -> None:
        self._types = catalog.node_types
        self.inputs: dict[str, dict[str, Any]] = {}
        self.nodes: dict[str, dict[str, Any]] = {}
        self.outputs: dict[str, dict[str, Any]] = {}
        self.changed: list[str] = []
        self._mapped: dict[str, str] = {}  # nodes that run over a list or a video, and over which of them

    def has(self, type: str, name: str = "", choice: str = "") -> bool:
        """Return whether a node type is installed, with an input, which has a choice."""
        known = self._types.get(type)
        if known is None or not name:
            return known is not None
        given = known.inputs.get(name)
        return given is not None and (not choice or not given.spec.choices or choice in given.spec.choices)

    def add(self, node: ForeignNode, type: str, inputs: Mapping[str, Any], *, name: str = "", output: str = "") -> str:
        """Add a node, and return the edge to an output.

        Raises:
            ImportGap: The node type, or one of the inputs, is not installed.
        """
        known = self._types.get(type)
        if known is None:
            raise ImportGap(f"node type {type}")
        self.changed = []
        written = {}
        for key, value in inputs.items():
            if value is None:
                continue
            if key not in known.inputs:
                raise ImportGap(f"input {key} of {type}")
            written[key] = self._write(value, known.inputs[key], type)
        title = find_title(node.title, node.kind)
        node_id = make_name(title or name, type.rpartition(".")[2], self.nodes)
        self.nodes[node_id] = {"type": type, "version": known.version, "inputs": written, "ui": _describe_place(node)}
        over = {self._find_many(value) for key, value in inputs.items() if _is_mapped(known.inputs[key].spec)} - {""}
        if over:
            self._mapped[node_id] = "video" if "video" in over else "list"
        return f"{node_id}.{output}" if output else node_id

    def spread(self, made: Made) -> Made:
        """Return a value as many where the node that makes it runs over a list, or over the frames of a video."""
        over = "" if made.many or not isinstance(made.value, dict) else self._find_many(made.value)
        if not over:
            return made
        return Made(made.value, "video" if over == "video" and made.kind == "image" else made.kind, many=True)

    def _find_many(self, value: Any) -> str:
        """Return "video" or "list" for a value that is one, else ""."""
        if isinstance(value, Made):
            if value.kind == "video" or value.many:
                return "video" if value.kind == "video" else "list"
            value = value.value
        edge = value.get("from") if isinstance(value, dict) else None
        return self._mapped.get(edge.partition(".")[0], "") if isinstance(edge, str) else ""

    def take(self, node: ForeignNode, name: str, type: str, default: Any = None, description: str = "") -> str:
        """Declare an input, and return the edge from it."""
        title = find_title(node.title, node.kind)
        key = make_name(title or name, "value", self.inputs)
        row = {"type": type, "default": default, "description": description}
        self.inputs[key] = {name: value for name, value in row.items() if value not in (None, "")}
        return f"inputs.{key}"

    def put(self, name: str, edge: str, description: str = "") -> None:
        """Make a value an output."""
        key = make_name(name, "output", self.outputs)
        self.outputs[key] = {"from": edge, **({"description": description} if description else {})}

    def to_json(self, *, title: str, description: str, ui: Mapping[str, Any]) -> dict[str, Any]:
        """Return the document."""
        parts = {
            "title": title,
            "description": description,
            "inputs": self.inputs,
            "nodes": self.nodes,
            "outputs": self.outputs,
            "ui": dict(ui),
        }
        return {"studio": FORMAT_VERSION, **{key: value for key, value in parts.items() if value}}

    def _write(self, value: Any, given: Input, type: str) -> Any:
        """Return a value as an input contains it; raise ImportGap for one that the input does not take."""
        if isinstance(value, Made):
            many = value.many or isinstance(value.value, list)
            return [value.value] if given.spec.depth and not many else value.value
        if isinstance(value, list) and given.spec.depth:
            return [one.value if isinstance(one, Made) else one for one in value]
        return self._fit(value, given.spec, f"{given.name} of {type}")

    def _fit(self, value: Any, spec: TypeSpec, where: str) -> Any:
        if spec.choices and isinstance(value, str | int) and value not in spec.choices:
            raise ImportGap(f"{value!r} for {where}", f"one of {', '.join(str(choice) for choice in spec.choices)}")
        if spec.name in _NUMBERS and isinstance(value, str):
            value = _read_number(value)
        if spec.name not in _NUMBERS or isinstance(value, bool) or not isinstance(value, int | float):
            return value
        fitted = _limit(value, spec)
        if fitted != value:
            self.changed.append(f"{where} is {fitted} instead of {value}")
        return fitted


def _is_mapped(spec: TypeSpec) -> bool:
    """Say whether a list or a video at an input runs the node over it."""
    return not spec.depth and spec.name not in ("video", "json")


def _limit(number: float, spec: TypeSpec) -> float:
    """Return the nearest number that an input takes."""
    fitted = round(number) if spec.name == "int" else number
    if spec.limits is not None and spec.limits.ge is not None:
        fitted = max(fitted, spec.limits.ge)
    if spec.limits is not None and spec.limits.le is not None:
        fitted = min(fitted, spec.limits.le)
    return fitted


def _read_number(text: str) -> Any:
    """Return the number that a text is, as ComfyUI takes it, or the text."""
    try:
        number = float(text)
    except ValueError:
        return text
    whole = text.strip().removeprefix("-")
    if whole.isdecimal() and len(whole) < 40:
        return int(text)
    return number if math.isfinite(number) else text


def _describe_place(node: ForeignNode) -> dict[str, Any]:
    place: dict[str, Any] = {"from": f"{node.id} {node.kind}"[:200]}
    if node.position is not None:
        place["x"], place["y"] = node.position
    return place
