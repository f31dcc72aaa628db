"""`Fact`: one thing that is known of how a file was made, under a name that a person may search for."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from studio.api import NodeType
from studio.api.model import REFERENCE
from studio.graph.document import is_edge
from studio.surrogates import dump_json

NODE, MODEL = "node", "model"
_LONGEST = 80


@dataclass(frozen=True)
class Fact:
    """One thing that is known of how a file was made.

    Attributes:
        field: What it may be searched by: "node", "model", "device", the name of an input, ...
        place: Where it stands: "seed" for an input of the graph, "paint.seed" for one of a node.
        value: Plain JSON.
    """

    field: str
    place: str
    value: Any

    def __str__(self) -> str:
        if self.field == NODE:
            return f"node={show_json(self.value)[1:-1]} ({show_json(self.place)[1:-1]})"
        return f"{show_json(self.place)[1:-1]}={show_json(self.value)}"

    def to_json(self) -> dict[str, Any]:
        """Return it as plain JSON."""
        return {"field": self.field, "place": self.place, "value": self.value}


def list_facts(
    document: Any, inputs: Any, graphs: Any = None, node_types: Mapping[str, NodeType] | None = None
) -> Iterator[Fact]:
    """Yield what a graph and the values of its inputs say; what is not as it should be is left out.

    Args:
        document: The graph document, which may be anything.
        inputs: The values of its inputs.
        graphs: Documents of the graphs in it, by path.
        node_types: Those that are installed; their models count where a node names none.
    """
    yield from list_input_facts(document, inputs)
    yield from list_node_facts(document, node_types or {})
    for path, part in _read_mapping(graphs).items():
        yield from list_node_facts(part, node_types or {}, f"{path}#")


def list_input_facts(document: Any, inputs: Any) -> Iterator[Fact]:
    """Yield the values of a graph's inputs, defaults too."""
    given = _read_mapping(inputs)
    declared = _read_mapping(_read_mapping(document).get("inputs"))
    for name, end in declared.items():
        value = given.get(name, _read_mapping(end).get("default"))
        if value is not None:
            yield from _list_value(name, name, value)
    for name in given.keys() - declared.keys():
        yield from _list_value(name, name, given[name])


def list_node_facts(document: Any, node_types: Mapping[str, NodeType], prefix: str = "") -> Iterator[Fact]:
    """Yield the types of a graph's nodes, and the values that stand at their inputs."""
    for name, node in _read_mapping(_read_mapping(document).get("nodes")).items():
        node = _read_mapping(node)
        type_name, inputs = node.get("type"), _read_mapping(node.get("inputs"))
        place = f"{prefix}{name}"
        if isinstance(type_name, str):
            yield Fact(NODE, place, type_name)
            yield from _list_default_models(place, inputs, node_types.get(type_name))
        for end, value in inputs.items():
            if not is_edge(value):
                yield from _list_value(end, f"{place}.{end}", value)


def list_run_facts(manifest: Mapping[str, Any]) -> Iterator[Fact]:
    """Yield what a manifest says of a run besides the graph and its values."""
    machine = _read_mapping(manifest.get("machine"))
    yield from (Fact(name, name, machine[name]) for name in ("device", "dtype", "python", "system") if name in machine)
    yield from (Fact(name, name, manifest[name]) for name in ("run", "studio", "started", "status") if name in manifest)
    nodes = _read_mapping(manifest.get("nodes")).values()
    plugins = {str(_read_mapping(node).get("plugin")): None for node in nodes}
    yield from (Fact("plugin", "plugin", plugin) for plugin in plugins if plugin != "None")


def show_json(value: Any, longest: int = _LONGEST) -> str:
    """Return plain JSON as one short line that a terminal can show, whatever is in it."""
    text = dump_json(value)
    if not text.isprintable():
        text = dump_json(value, ensure_ascii=True)
    return text if len(text) <= longest else text[: longest - 3] + "..."


def _list_value(field: str, place: str, value: Any) -> Iterator[Fact]:
    yield Fact(field, place, value)
    reference = value.get("model") if isinstance(value, dict) else value
    if field != MODEL and isinstance(reference, str) and REFERENCE.match(reference):
        yield Fact(MODEL, place, reference)


def _list_default_models(place: str, given: Collection[str], node_type: NodeType | None) -> Iterator[Fact]:
    for end in node_type.inputs.values() if node_type is not None else ():
        if end.spec.name == MODEL and end.name not in given and not end.required and end.default is not None:
            yield Fact(MODEL, f"{place}.{end.name}", str(end.default))


def _read_mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
