"""`studio nodes`: list node types, describe one, or search them."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from typing import Any

import click

from studio.api import Input, NodeType, Resources
from studio.api.type_spec import describe_value
from studio.cli.messages import print_json, show_warning
from studio.cli.node_example import describe_example, find_example, show_example
from studio.cli.node_search import Match, search_node_types
from studio.cli.options import create_studio, engine_options, json_option
from studio.cli.shell_values import complete_node_types
from studio.errors import UsageError
from studio.graph.node_lookup import find_renamed


@click.command("nodes")
@click.argument("words", nargs=-1, metavar="[NODE_TYPE | WORDS]", shell_complete=complete_node_types)
@click.option("--example", is_flag=True, help="Print the example of NODE_TYPE alone: a graph that runs as it is.")
@json_option("Print as JSON.")
@engine_options
def command(words: tuple[str, ...], example: bool, as_json: bool, **engine: Any) -> None:
    """List the installed node types, or describe NODE_TYPE: its inputs, outputs and documentation.

    The name of a plugin, such as `image`, lists its node types. Other WORDS are searched in names, summaries, inputs
    and documentation, such as `studio nodes drop shadow`. The best match comes first.

    The example of a node type is a graph. `studio nodes image.blur --example | studio run -` runs it.
    """
    with create_studio(**engine, on_disk=False) as studio:
        types = studio.registry.node_types
    name = words[0] if len(words) == 1 else ""
    renamed = find_renamed(name, types) if name not in types else None
    if renamed is not None:
        show_warning(f"{name!r} is now {renamed.id!r}")
        name = renamed.id
    plugin = [one for one in types.values() if one.plugin == name]
    if example:
        show_example(_find_one(types, name, words), as_json=as_json)
    elif name in types:
        _show_one(types[name], as_json=as_json)
    elif plugin or not words:
        _show_list(plugin or list(types.values()), as_json=as_json)
    else:
        _show_matches(_search(types, words), as_json=as_json)


def _find_one(types: Mapping[str, NodeType], name: str, words: Sequence[str]) -> NodeType:
    """Return the node type of a name; UsageError E006 if there is none."""
    if name in types:
        return types[name]
    if "." not in name:
        raise click.UsageError(f"--example takes one node type, not {' '.join(words) or 'none'!r}")
    raise _refuse_words(types, words)


def _search(types: Mapping[str, NodeType], words: Sequence[str]) -> list[Match]:
    """Return the node types that the words are found in; UsageError E006 if there are none."""
    found = search_node_types(words, types.values()) if not any("." in word for word in words) else []
    if found:
        return found
    raise _refuse_words(types, words)


def _refuse_words(types: Mapping[str, NodeType], words: Sequence[str]) -> UsageError:
    wanted = " ".join(words)
    near = difflib.get_close_matches(wanted, [*types, *{one.plugin for one in types.values()}], 1, 0.5)
    hint = f"did you mean {near[0]!r}?" if near else "try another word, or see `studio nodes`"
    message = f"unknown node type {wanted!r}" if "." in wanted else f"no node type matches {wanted!r}"
    return UsageError("E006", message, hint=hint)


def _show_matches(found: list[Match], *, as_json: bool) -> None:
    if as_json:
        print_json([to_json(match.node_type) for match in found])
        return
    width = max(len(match.node_type.id) for match in found)
    for match in found:
        inputs = click.style(f"  (inputs: {', '.join(match.inputs[:4])})", dim=True) if match.inputs else ""
        click.echo(f"{_describe_row(match.node_type, width)}{inputs}")


def _show_one(node_type: NodeType, *, as_json: bool) -> None:
    if as_json:
        print_json(to_json(node_type))
    else:
        click.echo(describe_node_type(node_type))


def _show_list(types: list[NodeType], *, as_json: bool) -> None:
    if as_json:
        print_json([to_json(one) for one in types])
        return
    width = max(len(one.id) for one in types)
    for one in sorted(types, key=lambda one: one.id):
        click.echo(_describe_row(one, width))


def _describe_row(node_type: NodeType, width: int) -> str:
    return f"{click.style(f'{node_type.id:{width}}', bold=True)}  {_mark_status(node_type)}{node_type.summary}"


def _mark_status(node_type: NodeType) -> str:
    """Return words before the summary of a node type that is deprecated or experimental."""
    return "(deprecated) " * bool(node_type.deprecated) + "(experimental) " * node_type.experimental


def to_json(node_type: NodeType) -> dict[str, Any]:
    """Return a node type's declaration as plain JSON."""
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
        "asynchronous": node_type.asynchronous,
        "expands": node_type.expands,
        "uses_frame": node_type.uses_frame,
        "deprecated": node_type.deprecated,
        "experimental": node_type.experimental,
        "replaces": list(node_type.replaces),
        "encodings": sorted(node_type.encodings),
        "resources": {"device_bytes": node_type.resources.device_bytes, "cores": node_type.resources.cores},
        "inputs": {
            end.name: {"type": str(end.spec), "required": end.required, "description": end.description}
            | ({} if end.required else {"default": _plain(end.default)})
            for end in node_type.inputs.values()
        },
        "outputs": {
            end.name: {"type": str(end.spec), "description": end.description} for end in node_type.outputs.values()
        },
        "example": find_example(node_type),
    }


def _plain(value: Any) -> Any:
    return value.to_json() if hasattr(value, "to_json") else value


def describe_node_type(node_type: NodeType) -> str:
    """Return a node type's declaration and documentation as text for the terminal."""
    lines = [
        f"{click.style(node_type.id, bold=True)}  version {node_type.version}, {node_type.distribution} "
        f"{node_type.distribution_version}".rstrip(),
        "",
        node_type.summary,
    ]
    lines += _describe_status(node_type)
    if node_type.description:
        lines += ["", node_type.description]
    lines += ["", click.style("inputs", bold=True)]
    lines += [line for end in node_type.inputs.values() for line in _describe_input(end)]
    lines += ["", click.style("outputs", bold=True)]
    lines += [
        f"  {end.name}: {end.spec}" + (f"\n      {end.description}" if end.description else "")
        for end in node_type.outputs.values()
    ]
    return "\n".join([*lines, *_describe_needs(node_type), *describe_example(node_type)])


def _describe_status(node_type: NodeType) -> list[str]:
    """Return lines about a node type that is deprecated, experimental or had other ids."""
    lines = [f"deprecated: {node_type.deprecated}"] * bool(node_type.deprecated)
    lines += ["experimental: its inputs and results may change without notice"] * node_type.experimental
    lines += [f"replaces {', '.join(node_type.replaces)}"] * bool(node_type.replaces)
    return ["", *lines] if lines else []


def _describe_needs(node_type: NodeType) -> list[str]:
    """Return lines about how a node type runs, color spaces and resources, where it declares them."""
    manners = {
        "waits with many others (async)": node_type.asynchronous,
        "returns a graph that makes its outputs": node_type.expands,
        "depends on the position of a frame or an entry": node_type.uses_frame,
    }
    shown = [manner for manner, applies in manners.items() if applies]
    lines = ["", f"{click.style('runs', bold=True)}  {', '.join(shown)}"] if shown else []
    if node_type.encodings:
        taken = " or ".join(sorted(node_type.encodings))
        lines += ["", f"{click.style('color', bold=True)}  takes any color space encoded as {taken}"]
    if node_type.resources != Resources():
        found, parts = node_type.resources, []
        if found.device_bytes is not None:
            parts.append(f"{found.device_bytes / 2**20:,.0f} MiB on the device")
        parts.append(f"{found.cores} {'core' if found.cores == 1 else 'cores'}")
        lines += ["", f"{click.style('resources', bold=True)}  {', '.join(parts)}"]
    return lines


def _describe_input(end: Input) -> list[str]:
    limits = _describe_limits(end)
    default = "required" if end.required else f"default {describe_value(end.default)}"
    lines = [f"  {end.name}: {end.spec}{limits}, {default}"]
    return [*lines, f"      {end.description}"] if end.description else lines


def _describe_limits(end: Input) -> str:
    limits = end.spec.limits
    if limits is None:
        return ""
    signs = ((">=", limits.ge), (">", limits.gt), ("<=", limits.le), ("<", limits.lt))
    parts = [f"{sign} {bound:g}" for sign, bound in signs if bound is not None]
    parts += [f"length {limits.min_length or 0} to {limits.max_length if limits.max_length is not None else 'any'}"] * (
        limits.min_length is not None or limits.max_length is not None
    )
    return (f" {' and '.join(parts)}" if parts else "") + (f" {limits.unit}" if limits.unit else "")
