"""One description of a node type, as plain JSON; its text for the terminal is made from that alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import click

from studio.api import Field, Input, NodeType, Output, Resources, TypeSpec
from studio.api.field import describe_unit
from studio.api.type_spec import describe_value
from studio.cli.node_example import find_example, write_example_call
from studio.graph.builder import format_document
from studio.suggestion import join_words

_LIMITS = {
    "minimum": "ge",
    "exclusive_minimum": "gt",
    "maximum": "le",
    "exclusive_maximum": "lt",
    "min_length": "min_length",
    "max_length": "max_length",
    "pattern": "pattern",
    "unit": "unit",
}
_SIGNS = {"minimum": ">=", "exclusive_minimum": ">", "maximum": "<=", "exclusive_maximum": "<"}
_NOTES = {
    "written_as": "written as {}",
    "pattern": "matching {}",
    "lazy": "read only where it is needed",
    "unkeyed": "no part of the fingerprint",
}
_MANNERS = {
    "asynchronous": "waits with many others (async)",
    "expands": "returns a graph that makes its outputs",
    "streams": "makes a video or a list piece by piece",
    "uses_frame": "depends on the position of a frame or an entry",
    "device_free": "gives the same on every device",
}


def describe_node_type(node_type: NodeType) -> dict[str, Any]:
    """Return a node type's declaration and documentation as plain JSON."""
    batch, example = node_type.batch, find_example(node_type)
    return {
        "id": node_type.id,
        "version": node_type.version,
        "code": node_type.code,
        "summary": node_type.summary,
        "description": node_type.description,
        "plugin": f"{node_type.distribution} {node_type.distribution_version}".strip(),
        "where": node_type.where,
        "cache": node_type.cache,
        "lane": node_type.lane,
        **{name: getattr(node_type, name) for name in _MANNERS},
        "stack_limit": batch.limit if batch is not None else None,
        "deprecated": node_type.deprecated,
        "experimental": node_type.experimental,
        "replaces": list(node_type.replaces),
        "encodings": sorted(node_type.encodings),
        "resources": {"device_bytes": node_type.resources.device_bytes, "cores": node_type.resources.cores},
        "inputs": {end.name: _describe_input(end) for end in node_type.inputs.values()},
        "outputs": {end.name: _describe_end(end) for end in node_type.outputs.values()},
        "example": example,
        "example_call": write_example_call(node_type, example) if example is not None else None,
    }


def _describe_input(end: Input) -> dict[str, Any]:
    row = {**_describe_end(end), "required": end.required}
    if not end.required:
        row["default"] = end.default.to_json() if hasattr(end.default, "to_json") else end.default
    return row | {name: True for name in ("lazy", "unkeyed", "added") if getattr(end, name)}


def _describe_end(end: Input | Output) -> dict[str, Any]:
    return {"type": str(end.spec), "description": end.description, **_describe_spec(end.spec)}


def _describe_spec(spec: TypeSpec) -> dict[str, Any]:
    """Return what the type of an end allows: each thing that it says under a key of its own."""
    limits = spec.limits or Field()
    found: dict[str, Any] = {
        "choices": list(spec.choices),
        "channels": sorted(spec.channels or ()),
        "kinds": sorted(spec.kinds or ()),
        "written_as": spec.grammar.name if spec.grammar is not None else None,
        **{key: getattr(limits, name) for key, name in _LIMITS.items()},
    }
    return {key: value for key, value in found.items() if value is not None and value != []}


# -- as text -----------------------------------------------------------------------------------------------


def render_node_type(row: Mapping[str, Any]) -> str:
    """Return the text of a description for the terminal."""
    lines = [f"{_bold(row['id'])}  version {row['version']}, {row['plugin']}", "", row["summary"]]
    lines += _list_status(row)
    if row["description"]:
        lines += ["", row["description"]]
    for ends in ("inputs", "outputs"):
        lines += ["", _bold(ends)]
        lines += [line for name, end in row[ends].items() for line in _list_end(name, end)]
    for title, text in _list_needs(row):
        lines += ["", f"{_bold(title)}  {text}"]
    if row["example"] is not None:
        lines += ["", f"{_bold('example')}  {row['example_call']}"]
        lines += [f"  {line}" for line in format_document(row["example"]).splitlines()]
    return "\n".join(lines)


def _bold(text: str) -> str:
    return click.style(text, bold=True)


def _list_status(row: Mapping[str, Any]) -> list[str]:
    """Return lines about a node type that is deprecated, experimental or had other ids."""
    lines = [f"deprecated: {row['deprecated']}"] * bool(row["deprecated"])
    lines += ["experimental: its inputs and results may change without notice"] * row["experimental"]
    lines += [f"replaces {', '.join(row['replaces'])}"] * bool(row["replaces"])
    return ["", *lines] if lines else []


def _list_end(name: str, end: Mapping[str, Any]) -> list[str]:
    parts = [f"  {name}: {end['type']}{_describe_limits(end)}"]
    parts += [text.format(end[key]) for key, text in _NOTES.items() if key in end]
    if "required" in end:
        parts.append("required" if end["required"] else f"default {describe_value(end['default'])}")
    return [", ".join(parts), *[f"      {end['description']}"] * bool(end["description"])]


def _describe_limits(end: Mapping[str, Any]) -> str:
    parts = [f"{sign} {_write_number(end[key])}" for key, sign in _SIGNS.items() if key in end]
    if "min_length" in end or "max_length" in end:
        parts.append(f"length {end.get('min_length', 0)} to {end.get('max_length', 'any')}")
    text = (f" {' and '.join(parts)}" if parts else "") + (f" {describe_unit(end['unit'])}" if "unit" in end else "")
    return f",{text}" if text and end["type"].endswith(" or null") else text


def _write_number(number: float) -> str:
    return str(int(number)) if float(number).is_integer() else str(number)


def _list_needs(row: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield titles and texts about how a node type runs, color spaces, resources and its source."""
    manners = [f"on the lane {row['lane']}", f"cache {row['cache']}"]
    manners += [text for name, text in _MANNERS.items() if row[name]]
    if row["stack_limit"] is not None:
        manners.append(f"up to {row['stack_limit']} calls at once")
    yield "runs", ", ".join(manners)
    if row["encodings"]:
        yield "color", f"takes any color space encoded as {join_words(row['encodings'])}"
    resources = row["resources"]
    if resources != {"device_bytes": None, "cores": Resources().cores}:
        size, cores = resources["device_bytes"], resources["cores"]
        parts = [f"{size / 2**20:,.0f} MiB on the device"] * (size is not None)
        yield "resources", ", ".join([*parts, f"{cores} {'core' if cores == 1 else 'cores'}"])
    added = [name for name, end in row["inputs"].items() if end.get("added")]
    if added:
        yield "fingerprint", f"leaves out {join_words(added, 'and')} at the default"
    yield "source", f"{row['where']}, code {row['code']}"
