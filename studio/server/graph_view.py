"""Graphs as clients see them: their inputs with limits and hints for a form, and JSON Schemas of their values."""

from __future__ import annotations

from typing import Any

from studio.api import Input, TypeSpec
from studio.graph.source import Collected, Constant, FileSource
from studio.graph.text_values import is_read_from_file
from studio.server.graph_list import ListedGraph
from studio.server.hidden_paths import hide_paths

_JSON_TYPES: dict[str, Any] = {
    "text": "string",
    "int": "integer",
    "float": "number",
    "number": "number",
    "bool": "boolean",
    "path": "string",
    "model": ["string", "object"],
    "text_or_number": ["string", "number"],
}
_FILE_SCHEMA = {
    "type": "object",
    "properties": {"file": {"type": "string", "pattern": "^blake3:[0-9a-f]{64}$"}},
    "required": ["file"],
    "additionalProperties": False,
    "description": "An uploaded file.",
}


def describe_listed(listed: ListedGraph) -> dict[str, Any]:
    """Return a graph as a row of the list."""
    row: dict[str, Any] = {"name": listed.name, "title": listed.name, "about": "", "makes": [], "steps": 0}
    if listed.graph is not None and listed.resolved is not None:
        document = listed.graph.document
        row |= {"title": document.title or listed.name, "about": document.description, "steps": len(document.nodes)}
        row["makes"] = [{"name": name, "type": str(spec)} for name, (_, spec) in listed.resolved.outputs.items()]
        row["inputs"] = list(listed.resolved.inputs)
        row["takes"] = [{"name": name, "type": _name_type(end.spec)} for name, end in listed.resolved.inputs.items()]
    problem = listed.problem
    row["state"] = "ready" if problem is None else "missing"
    row["why"] = hide_paths(problem.message) if problem is not None else ""
    row["hint"] = hide_paths(problem.hint) if problem is not None else ""
    return row


def describe_graph(listed: ListedGraph) -> dict[str, Any]:
    """Return a graph with its inputs, its nodes and its outputs."""
    row = describe_listed(listed)
    if listed.graph is None or listed.resolved is None:
        return row
    document, hints = listed.graph.document, _find_hints(listed.graph.document.ui)
    row["inputs"] = {name: describe_input(end, hints.get(name)) for name, end in listed.resolved.inputs.items()}
    row["nodes"] = [_describe_node(name, node.type, node.inputs) for name, node in document.nodes.items()]
    row["outputs"] = {
        name: {"from": output.edge, "type": str(listed.resolved.outputs[name][1]), "description": output.description}
        for name, output in document.outputs.items()
        if name in listed.resolved.outputs
    }
    return row


def describe_input(end: Input, hints: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return an input of a graph as a form shows it."""
    limits = end.spec.limits
    row: dict[str, Any] = {
        "type": _name_type(end.spec),
        "required": end.required,
        "optional": end.spec.optional,
        "default": _describe_default(end.default),
        "minimum": limits.ge if limits is not None else None,
        "maximum": limits.le if limits is not None else None,
        "choices": list(end.spec.choices) or None,
        "description": end.description,
    }
    return row | {key: value for key, value in (hints or {}).items() if key not in row}


def _name_type(spec: TypeSpec) -> str:
    """Return a type as a form knows it: without limits, choices, and whether it may be left out."""
    return "list[" * spec.depth + spec.name + "]" * spec.depth


def create_values_schema(listed: ListedGraph) -> dict[str, Any]:
    """Return the JSON Schema of the values that a graph takes."""
    inputs = listed.resolved.inputs if listed.resolved is not None else {}
    schema: dict[str, Any] = {
        "type": "object",
        "properties": {name: _create_input_schema(end) for name, end in inputs.items()},
        "additionalProperties": False,
    }
    required = [name for name, end in inputs.items() if end.required]
    return schema | ({"required": required} if required else {})


def _create_input_schema(end: Input) -> dict[str, Any]:
    schema = _create_schema(end.spec)
    schema |= {"description": end.description} if end.description else {}
    default = _describe_default(end.default)
    return schema | ({"default": default} if default is not None and not is_read_from_file(end.spec) else {})


def _create_schema(spec: TypeSpec) -> dict[str, Any]:
    """Return the JSON Schema of a value of a type."""
    if spec.optional:
        return {"anyOf": [_create_schema(TypeSpec(spec.name, spec.depth, False, spec.choices, spec.limits)), _NULL]}
    if spec.depth:
        return {"type": "array", "items": _create_schema(spec.item())}
    if is_read_from_file(spec):
        return dict(_FILE_SCHEMA)
    if spec.choices:
        return {"enum": list(spec.choices)}
    if spec.name not in _JSON_TYPES:
        return {}
    schema: dict[str, Any] = {"type": _JSON_TYPES[spec.name]}
    if spec.limits is not None:
        bounds = {"minimum": spec.limits.ge, "maximum": spec.limits.le}
        schema |= {key: bound for key, bound in bounds.items() if bound is not None}
    return schema


_NULL = {"type": "null"}


def _describe_default(source: Any) -> Any:
    """Return a default as plain JSON; one that is a file of the server is only named."""
    match source:
        case Constant(value):
            return hide_paths(value.to_json()) if hasattr(value, "to_json") else value
        case FileSource(path=path):
            return {"name": path.name}
        case Collected(entries):
            return [_describe_default(entry) for entry in entries]
    return None


def _describe_node(name: str, node_type: str, inputs: dict[str, Any]) -> dict[str, Any]:
    """Return a node with what it needs: other nodes, and inputs of the graph."""
    edges = sorted(set(_find_edges(inputs)))
    needs = sorted({edge.partition(".")[0] for edge in edges if not edge.startswith("inputs.")})
    uses = [edge.removeprefix("inputs.") for edge in edges if edge.startswith("inputs.")]
    return {"id": name, "type": node_type, "needs": needs, "uses": uses}


def _find_edges(inputs: dict[str, Any]) -> list[str]:
    found, pending = [], list(inputs.values())
    while pending:
        one = pending.pop()
        if isinstance(one, dict):
            edge = one.get("from")
            found += [edge] if len(one) == 1 and isinstance(edge, str) else []
        elif isinstance(one, list):
            pending += one
    return found


def _find_hints(ui: Any) -> dict[str, dict[str, Any]]:
    """Return what `ui.inputs` says of inputs, as far as it is objects."""
    hints = ui.get("inputs") if isinstance(ui, dict) else None
    found = hints.items() if isinstance(hints, dict) else ()
    return {name: dict(one) for name, one in found if isinstance(one, dict)}
