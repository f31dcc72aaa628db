"""`studio explain`: whether the cache has the result of each node, and if not, why."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from studio.cli.answer import answer
from studio.cli.options import (
    create_studio,
    engine_options,
    input_options,
    json_option,
    load_graph_with_inputs,
)
from studio.cli.parameter_types import PathType

_COLORS = {"hit": "green", "miss": "yellow", "failed": "red"}


@click.command("explain")
@click.argument("graph", type=PathType())
@json_option
@input_options
@engine_options
def command(graph: Path, as_json: bool, pairs: tuple[str, ...], roots: tuple[Path, ...], **engine: Any) -> None:
    """Show for each node of GRAPH whether the cache has its result, and if not, what differs from the nearest entry."""
    with create_studio(**engine) as studio:
        parsed, values = load_graph_with_inputs(studio, graph, pairs)
        rows = studio.explain(parsed, values, roots=roots)
    if as_json:
        answer([row.to_json() for row in rows])
        return
    width = max((len(row.node) for row in rows), default=0)
    for row in rows:
        standing = click.style(f"{row.standing:11}", fg=_COLORS.get(row.standing))
        click.echo(f"{row.node:{width}}  {standing}  {row.reason}".rstrip())
        for name, (now, then) in row.changed.items():
            if name.startswith("source "):  # the line above names it
                continue
            click.echo(f"{'':{width}}      {name}: {_shorten(now)} now, {_shorten(then)} then")


def _shorten(text: str) -> str:
    if not text:
        return "nothing"
    return text[:12] if len(text) == 64 else text
