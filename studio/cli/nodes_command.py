"""`studio nodes`: list node types, describe one, or search them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import click

from studio.api import NodeType
from studio.cli.answer import answer
from studio.cli.messages import show_warning
from studio.cli.node_description import describe_node_type, render_node_type
from studio.cli.node_example import show_example
from studio.cli.node_search import Match, search_node_types
from studio.cli.options import create_studio, json_option, plugins_options
from studio.cli.shell_values import complete_node_types
from studio.errors import UsageError
from studio.graph.node_lookup import find_renamed
from studio.runtime.catalog.entry import Entry
from studio.suggestion import suggest


@click.command("nodes")
@click.argument("words", nargs=-1, metavar="[NODE_TYPE | WORDS]", shell_complete=complete_node_types)
@click.option("--example", is_flag=True, help="Print the example of NODE_TYPE alone: a graph that runs as it is.")
@json_option
@plugins_options
def command(words: tuple[str, ...], example: bool, as_json: bool, **engine: Any) -> None:
    """List the installed node types, or describe NODE_TYPE: its inputs, outputs and documentation.

    The name of a plugin, such as `image`, lists its node types. Other WORDS are searched in names, summaries, inputs
    and documentation, such as `studio nodes drop shadow`. The best match comes first.

    The example of a node type is a graph. `studio nodes image.blur --example | studio run -` runs it.
    """
    with create_studio(**engine, on_disk=False) as studio:
        types, catalog = studio.registry.node_types, studio.catalog
    name = words[0] if len(words) == 1 else ""
    renamed = find_renamed(name, types) if name not in types else None
    if renamed is not None:
        show_warning(f"{name!r} is now {renamed.id!r}")
        name = renamed.id
    plugin = [one for one in types.values() if one.plugin == name]
    if example:
        show_example(_find_one(types, name, words), as_json=as_json)
    elif name in types:
        _show_one(types[name], catalog.find_for(name), as_json=as_json)
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
    known = [*types, *{one.plugin for one in types.values()}]
    hint = suggest(wanted, known, "try another word, or see `studio nodes`")
    message = f"unknown node type {wanted!r}" if "." in wanted else f"no node type matches {wanted!r}"
    return UsageError("E006", message, hint=hint)


def _show_matches(found: list[Match], *, as_json: bool) -> None:
    if as_json:
        answer([describe_node_type(match.node_type) for match in found])
        return
    width = max(len(match.node_type.id) for match in found)
    for match in found:
        inputs = click.style(f"  (inputs: {', '.join(match.inputs[:4])})", dim=True) if match.inputs else ""
        click.echo(f"{_describe_row(match.node_type, width)}{inputs}")


def _show_one(node_type: NodeType, entries: Sequence[Entry], *, as_json: bool) -> None:
    """Show a node type, and the models of the catalog that serve it."""
    row = describe_node_type(node_type)
    if as_json:
        answer(row)
        return
    click.echo(render_node_type(row))
    if entries:
        click.echo("models of the catalog (studio models get NAME):")
    for entry in entries:
        click.echo(f"  {entry.name}: {entry.title}{' (untested)' if entry.status == 'untested' else ''}")


def _show_list(types: list[NodeType], *, as_json: bool) -> None:
    if as_json:
        answer([describe_node_type(one) for one in sorted(types, key=lambda one: one.id)])
        return
    width = max(len(one.id) for one in types)
    for one in sorted(types, key=lambda one: one.id):
        click.echo(_describe_row(one, width))


def _describe_row(node_type: NodeType, width: int) -> str:
    return f"{click.style(f'{node_type.id:{width}}', bold=True)}  {_mark_status(node_type)}{node_type.summary}"


def _mark_status(node_type: NodeType) -> str:
    """Return words before the summary of a node type that is deprecated or experimental."""
    return "(deprecated) " * bool(node_type.deprecated) + "(experimental) " * node_type.experimental
