"""The two JSON Schemas (2020-12) of a graph: the format, and the format with the installed node types."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from studio.api import Field, Input, NodeType, TypeSpec
from studio.api.content_origin import STATED_ORIGINS
from studio.api.field import describe_unit
from studio.api.model import SCHEMES
from studio.api.type_spec import PLAIN_TYPES, REFERENCE_TYPES
from studio.graph.catalog import Catalog
from studio.graph.document import EDGE_PATTERN, NAME_PATTERN, TYPE_PATTERN, VERSION_PATTERN

Schema = dict[str, Any]

DIALECT = "https://json-schema.org/draft/2020-12/schema"
FORMAT_ID = "urn:studio:graph:1"
INSTALLED_ID = "urn:studio:graph:1:installed"
_TYPE_EXAMPLES = ["text", "int", "float", "bool", "choice", "json", "image", "mask", "audio", "video", "list[text]"]
_FILES = {"files": {"type": "string", "description": "Files of a folder, such as frames/*.png or frames/%05d.png."}}
_MODEL_PATTERN = f"^({'|'.join(SCHEMES)}):"
_JSON_TYPES: dict[str, list[str]] = {
    "text": ["string"],
    "int": ["integer"],
    "float": ["number"],
    "number": ["number"],
    "text_or_number": ["string", "number"],
    "bool": ["boolean"],
}


def create_format_schema() -> Schema:
    """Return the schema of the format: what holds for every graph, whatever is installed."""
    return _create_schema(FORMAT_ID, "Studio graph", _create_node(), _create_graph_input(), {})


def create_installed_schema(catalog: Catalog) -> Schema:
    """Return the schema of the format with what is installed: node types, their inputs, value types.

    A node's `type` chooses what its `inputs` may be, so an editor completes and checks them.
    """
    types = sorted(catalog.node_types.values(), key=lambda node_type: node_type.id)
    media = sorted(catalog.classes)
    definitions = {node_type.id: _describe_inputs(node_type, media) for node_type in types}
    node = _create_node()
    node["properties"]["type"] = _describe_types(types)
    node["allOf"] = [_choose_inputs(node_type) for node_type in types]
    return _create_schema(
        INSTALLED_ID,
        "Studio graph with the installed node types",
        node,
        _create_installed_graph_input(media),
        definitions,
    )


def _create_schema(schema_id: str, title: str, node: Schema, graph_input: Schema, more: Mapping[str, Schema]) -> Schema:
    return {
        "$schema": DIALECT,
        "$id": schema_id,
        "title": title,
        "description": "A graph of nodes that Studio runs: inputs, nodes, outputs. Order never matters.",
        "type": "object",
        "properties": {
            "$schema": {"type": ["string", "null"], "description": "Where an editor finds this schema."},
            "studio": {"const": 1, "description": "The version of the format."},
            "title": {"type": "string", "description": "What the graph makes, in a line."},
            "description": {"type": "string", "description": "What a reader should know."},
            "inputs": _map_names("graph_input", "What a run may set, by name."),
            "nodes": _map_names("node", "The steps, by id."),
            "outputs": _map_names("output", "What a run makes, by name."),
            "requires": {
                "type": "object",
                "additionalProperties": {"type": "string", "examples": [">=0.1"]},
                "description": "Distributions that the graph needs, with version ranges as pip writes them.",
            },
            "ui": {"description": "For programs that show the graph; kept and ignored."},
        },
        "required": ["studio"],
        "additionalProperties": False,
        "$defs": _create_definitions() | {"graph_input": graph_input, "node": node} | dict(more),
    }


def _map_names(definition: str, description: str) -> Schema:
    return {
        "type": "object",
        "propertyNames": {"$ref": "#/$defs/name"},
        "additionalProperties": {"$ref": f"#/$defs/{definition}"},
        "description": description,
    }


def _create_definitions() -> dict[str, Schema]:
    return {
        "name": {
            "type": "string",
            "pattern": NAME_PATTERN,
            "description": "Letters, digits, _ and -, not a digit first.",
        },
        "source": {
            "type": "string",
            "pattern": EDGE_PATTERN,
            "title": "node, node.output or inputs.name",
            "description": "An output of a node (its first where none is named), or an input of the graph.",
        },
        "edge": {
            "title": "Edge",
            "type": "object",
            "properties": {"from": {"$ref": "#/$defs/source"}},
            "required": ["from"],
            "additionalProperties": False,
        },
        "file": {
            "title": "File",
            "type": "object",
            "properties": {"file": {"type": "string", "description": "A path relative to the graph's folder."}},
            "required": ["file"],
            "additionalProperties": False,
        },
        "literal": {
            "title": "Quoted literal",
            "description": "A value that is taken as it is, though it looks like an edge or a file.",
            "type": "object",
            "properties": {"literal": True},
            "required": ["literal"],
            "additionalProperties": False,
        },
        "value": _create_value(),
        "output": {
            "title": "Output of the graph",
            "type": "object",
            "properties": {
                "from": {"$ref": "#/$defs/source"},
                "description": {"type": "string", "description": "What it is."},
            },
            "required": ["from"],
            "additionalProperties": False,
        },
    }


def _create_value() -> Schema:
    """Return the schema of an input of a type that takes anything."""
    return {
        "title": "Literal, edge, file, or a list of them",
        "if": {"type": "object", "required": ["from"], "maxProperties": 1},
        "then": {"$ref": "#/$defs/edge"},
        "else": {
            "if": {"type": "array"},
            "then": {"items": {"$ref": "#/$defs/value"}},
            "else": {"anyOf": [{"$ref": "#/$defs/file"}, {"$ref": "#/$defs/literal"}, True]},
        },
    }


def _create_node() -> Schema:
    return {
        "title": "Node",
        "type": "object",
        "properties": {
            "type": {
                "type": "string",
                "minLength": 1,
                "maxLength": 512,
                "description": "The id of a node type, or graph:FILE for another graph.",
                "examples": ["image.resize", "graph:./enhance.json"],
            },
            "inputs": {
                "type": "object",
                "propertyNames": {"$ref": "#/$defs/name"},
                "additionalProperties": {"$ref": "#/$defs/value"},
                "description": "What the node takes: literals, edges, files, or lists of them.",
            },
            "when": {
                "anyOf": [{"$ref": "#/$defs/edge"}, {"type": "null"}],
                "description": "A bool; where it is false, the node and what needs it are skipped.",
            },
            "version": {
                "type": ["string", "null"],
                "pattern": VERSION_PATTERN,
                "description": "The node type's version that the node was written for.",
            },
            "description": {"type": "string", "description": "What the node is for."},
            "ui": {"description": "For programs that show the graph; kept and ignored."},
        },
        "required": ["type"],
        "additionalProperties": False,
    }


def _create_graph_input() -> Schema:
    return {
        "title": "Input of the graph",
        "type": "object",
        "properties": {
            "type": {
                "type": "string",
                "pattern": TYPE_PATTERN,
                "description": "The type of its values.",
                "examples": _TYPE_EXAMPLES,
            },
            "default": {"description": "Its value where a run sets none; without one it is required."},
            "optional": {"type": "boolean", "default": False, "description": "Whether it may be left empty."},
            "description": {"type": "string", "description": "What it is for."},
            "minimum": {"type": ["number", "null"], "description": "The smallest number allowed."},
            "maximum": {"type": ["number", "null"], "description": "The largest number allowed."},
            "choices": {
                "type": ["array", "null"],
                "items": {"type": ["string", "integer"]},
                "description": "The values allowed.",
            },
            "origin": {
                "enum": [*STATED_ORIGINS, None],
                "description": "Where a file comes from that is given here and does not say it itself.",
            },
        },
        "required": ["type"],
        "additionalProperties": False,
    }


# -- with what is installed ----------------------------------------------------------------------------


def _create_installed_graph_input(media: Iterable[str]) -> Schema:
    names = [*sorted(PLAIN_TYPES | REFERENCE_TYPES), *media]
    schema = _create_graph_input()
    schema["properties"]["type"] = {
        "description": "The type of its values.",
        "anyOf": [{"enum": [*names, "any"]}, True],
        "if": {"pattern": r"^list\["},
        "then": {"pattern": rf"^(list\[){{1,4}}({'|'.join(names)}|any)\]{{1,4}}$"},
        "else": {"enum": [*names, "any"]},
    }
    defaults = {name: TypeSpec(name) for name in names if name not in ("json", "choice", "path")}
    schema["allOf"] = [
        {
            "if": {"properties": {"type": {"const": name}, "choices": {"type": "null"}}, "required": ["type"]},
            "then": {"properties": {"default": _describe_default(spec, media)}},
        }
        for name, spec in defaults.items()
    ]
    return schema


def _describe_default(spec: TypeSpec, media: Iterable[str]) -> Schema:
    """Return the schema of a graph input's default: a literal or a file, never an edge, never a list."""
    return _describe_single(replace(spec, optional=True), media, edges=False)


def _describe_types(types: Sequence[NodeType]) -> Schema:
    return {
        "description": "The id of an installed node type, or graph:FILE for another graph.",
        "anyOf": [{"enum": [t.id for t in types], "enumDescriptions": [_describe(t, t.summary) for t in types]}, True],
        "if": {"type": "string", "pattern": "^graph:"},
        "then": {"maxLength": 512},
        "else": {"enum": [t.id for t in types] + [old for t in types for old in t.replaces]},
    }  # editors complete from anyOf, which any value passes; the rest checks, with an error that names the choices


def _choose_inputs(node_type: NodeType) -> Schema:
    """Return the rule that gives nodes of this type its inputs; nodes written for an older major version may differ."""
    chosen: Schema = {"type": {"const": node_type.id}}
    known: Schema = {}
    if node_type.migrations:
        chosen["version"] = {"anyOf": [{"type": "null"}, {"pattern": rf"^0*{node_type.major}(\.|$)"}]}
        old = {name for step in node_type.migrations.values() for name in step.inputs} - set(node_type.inputs)
        if old:
            chosen["inputs"] = {"propertyNames": {"not": {"enum": sorted(old)}}}
        if any(step.change for step in node_type.migrations.values()):  # which alone knows the names that it reads
            todays = {"inputs": {"propertyNames": {"enum": sorted(node_type.inputs)}}}
            known = {"anyOf": [{"required": ["version"]}, {"properties": todays}]}
    properties: Schema = {"inputs": {"$ref": f"#/$defs/{node_type.id}"}}
    if node_type.deprecated:
        properties["type"] = {"deprecated": True, "description": _describe(node_type)}
    then: Schema = {"description": node_type.summary, "properties": properties}
    if any(end.required for end in node_type.inputs.values()):
        then["required"] = ["inputs"]
    return {"if": {"properties": chosen, "required": ["type"], **known}, "then": then}


def _describe_inputs(node_type: NodeType, media: Iterable[str]) -> Schema:
    return {
        "title": node_type.id,
        "description": _describe(node_type, node_type.summary, node_type.description),
        "type": "object",
        "properties": {end.name: _describe_input(end, media) for end in node_type.inputs.values()},
        "required": [end.name for end in node_type.inputs.values() if end.required],
        "additionalProperties": False,
    } | ({"deprecated": True} if node_type.deprecated else {})


def _describe(node_type: NodeType, *texts: str) -> str:
    """Return texts about a node type; that it is deprecated comes first."""
    status = f"Deprecated: {node_type.deprecated}" if node_type.deprecated else ""
    return "\n\n".join(filter(None, [status, *texts]))


def _describe_input(end: Input, media: Iterable[str]) -> Schema:
    schema = _describe_spec(end.spec, media)
    unit = describe_unit(end.spec.limits.unit) if end.spec.limits is not None and end.spec.limits.unit else ""
    schema["title"] = f"{end.spec}{unit and (' ' if unit.startswith('(') else ', in ')}{unit}"
    if end.description:
        schema["description"] = end.description
    default = end.default.to_json() if hasattr(end.default, "to_json") else end.default
    if not end.required and default is not None:
        schema["default"] = default
    return schema


def _describe_spec(spec: TypeSpec, media: Iterable[str]) -> Schema:
    """Return the schema of what an input takes: a literal, an edge, a file, or a list that maps."""
    if spec.name in ("json", "any"):
        return {"$ref": "#/$defs/value"} if not spec.depth else _describe_list(spec, media)
    if spec.depth:
        return _describe_list(spec, media)
    schema = _describe_single(spec, media)
    entry = _describe_single(replace(spec, optional=False), media)
    if spec.name == "choice":
        schema["if"]["type"].append("array")
        schema["then"]["items"] = entry
        return schema
    schema["type"].append("array")
    schema["items"] = entry
    if spec.name == "file" or spec.name in media:
        schema["properties"] = schema["properties"] | _FILES
    quoted = schema["properties"].get("literal")
    if quoted is not None and spec.name in PLAIN_TYPES:
        schema["properties"]["literal"] = {"anyOf": [quoted, {"type": "array", "items": _describe_plain(spec)}]}
    return schema


def _describe_list(spec: TypeSpec, media: Iterable[str]) -> Schema:
    least, most = _find_lengths(spec)
    has_length = least is not None or most is not None
    limits = spec.limits if spec.depth == 1 and not has_length else None
    entry = _describe_entry(replace(spec, depth=spec.depth - 1, optional=False, limits=limits), media)
    array: Schema = {"type": ["array", "object", *["null"] * spec.optional], "items": entry}
    if least is not None:
        array["minItems"] = least
    if most is not None:
        array["maxItems"] = most
    files = _FILES if spec.depth == 1 and (spec.name == "file" or spec.name in media) else {}
    taken = {"from": {"$ref": "#/$defs/source"}, **files, "literal": {"type": ["array", "null"]}}
    return array | _describe_object(taken)


def _find_lengths(spec: TypeSpec) -> tuple[int | None, int | None]:
    """Return the least and the most entries of a list."""
    limits = spec.limits
    return (limits.min_length, limits.max_length) if limits is not None else (None, None)


def _describe_entry(spec: TypeSpec, media: Iterable[str]) -> Schema:
    if spec.depth:
        return _describe_list(spec, media)
    return {"$ref": "#/$defs/value"} if spec.name in ("json", "any") else _describe_single(spec, media)


def _describe_single(spec: TypeSpec, media: Iterable[str], *, edges: bool = True) -> Schema:
    """Return the schema of one value that is not a list: flat where it can be, for errors that say what is wrong."""
    if spec.name in ("json", "any"):
        return {"$ref": "#/$defs/value"} if edges else {}
    edge: Schema = {"from": {"$ref": "#/$defs/source"}} if edges else {}
    plain = _describe_plain(spec)
    if spec.name == "choice":
        quoted = _describe_object({**edge, "literal": {"anyOf": [plain, {"type": "array", "items": plain}]}})
        return {"anyOf": [plain, True], "if": {"type": ["object"]}, "then": quoted, "else": plain}
    if spec.name in _JSON_TYPES:
        types = [plain["type"]] if isinstance(plain["type"], str) else plain["type"]
        return {**plain, "type": [*types, "object"], **_describe_object({**edge, "literal": plain})}
    nothing: list[str] = ["null"] * spec.optional
    file = {"file": {"type": "string", "description": "A path relative to the graph's folder."}}
    if spec.name in media:
        properties = {**edge, **file, **({"literal": {"type": "null"}} if spec.optional else {})}
        return {"type": ["object", *nothing], **_describe_object(properties)}
    if spec.name == "model":
        return {"type": ["string", "object", *nothing], "pattern": _MODEL_PATTERN, **_describe_model(edge)}
    properties = {**edge, **(file if spec.name == "file" else {}), "literal": {"type": ["string", *nothing]}}
    return {"type": ["string", "object", *nothing], **_describe_object(properties)}


def _describe_model(edge: Schema) -> Schema:
    options = {"type": "object", "additionalProperties": {"type": ["string", "number", "boolean", "null"]}}
    reference = {"type": "string", "pattern": _MODEL_PATTERN}
    properties = {**edge, "literal": {"type": ["string", "object", "null"]}, "model": reference, "options": options}
    return {**_describe_object(properties), "maxProperties": 2, "dependentRequired": {"options": ["model"]}}


def _describe_object(properties: Mapping[str, Any]) -> Schema:
    """Return keywords for an object that holds one of these properties."""
    return {"properties": dict(properties), "additionalProperties": False, "minProperties": 1, "maxProperties": 1}


def _describe_plain(spec: TypeSpec) -> Schema:
    """Return the schema of a literal of a plain type."""
    if spec.name == "choice":
        choices = [*spec.choices, *([None] if spec.optional else [])]
        return {"enum": choices} if spec.choices else {"type": ["string", "integer", *["null"] * spec.optional]}
    if spec.name not in _JSON_TYPES:
        return {}
    names = [*_JSON_TYPES[spec.name], *["null"] * spec.optional]
    schema: Schema = {"type": names if len(names) > 1 else names[0]}
    return schema if spec.limits is None else schema | _describe_limits(spec.limits, is_text=spec.name == "text")


def _describe_limits(limits: Field, *, is_text: bool) -> Schema:
    known: Schema = {"minimum": limits.ge, "exclusiveMinimum": limits.gt}
    known |= {"maximum": limits.le, "exclusiveMaximum": limits.lt}
    if is_text:
        pattern = f"^(?:{limits.pattern})$" if limits.pattern else None
        known = {"pattern": pattern, "minLength": limits.min_length, "maxLength": limits.max_length}
    return {key: bound for key, bound in known.items() if bound is not None}
