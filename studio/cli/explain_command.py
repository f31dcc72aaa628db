"""`studio explain`: hit or miss for each node, and why."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from studio.cli.options import create_studio, engine_options, input_options, json_option, parse_inputs

_COLORS = {"hit": "green", "miss": "yellow", "failed": "red"}


@click.command("explain")
@click.argument("graph", type=click.Path(path_type=Path))
@json_option("Print the explanation as JSON.")
@input_options
@engine_options
def command(graph: Path, as_json: bool, pairs: tuple[str, ...], roots: tuple[Path, ...], **engine: Any) -> None:
    """Say for each node of GRAPH whether the cache has its result; on a miss, what differs from the nearest entry."""
    with create_studio(**engine) as studio:
        parsed = studio.load(graph)
        values = {**studio.load_values(graph), **parse_inputs(parsed, pairs)}
        rows = studio.explain(parsed, values, roots=roots)
    if as_json:
        click.echo(json.dumps([row.to_json() for row in rows], ensure_ascii=False, indent=1))
        return
    width = max((len(row.node) for row in rows), default=0)
    for row in rows:
        standing = click.style(f"{row.standing:11}", fg=_COLORS.get(row.standing))
        click.echo(f"{row.node:{width}}  {standing}  {row.reason}".rstrip())
        for name, (now, then) in row.changed.items():
            click.echo(f"{'':{width}}      {name}: {_shorten(now)} now, {_shorten(then)} then")


def _shorten(text: str) -> str:
    if not text:
        return "nothing"
    return text[:12] if len(text) == 64 else text
