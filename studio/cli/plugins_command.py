"""`studio plugins`: list plugins, and why some failed to load."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import click

from studio.cli.messages import print_json
from studio.cli.options import create_studio, engine_options, json_option
from studio.registry import PluginRow


@click.command("plugins")
@json_option("Print as JSON.")
@engine_options
def command(as_json: bool, **engine: Any) -> None:
    """List plugins: name, distribution and node types, or the reason and place of a failure."""
    with create_studio(**engine, on_disk=False) as studio:
        rows = studio.registry.plugins
    if as_json:
        print_json([asdict(row) for row in rows])
        return
    width = max((len(row.name) for row in rows), default=0)
    for row in rows:
        click.echo(f"{row.name:{width}}  {_describe(row)}")
    if not rows:
        click.echo("no plugins are installed")


def _describe(row: PluginRow) -> str:
    origin = f"{row.distribution} {row.version}".strip()
    loaded = row.status == "ok"
    status = click.style(f"{row.status:6}", fg="green" if loaded else "red")
    return f"{status}  {origin}: " + (
        f"{len(row.node_types)} node types" if loaded else f"{row.problem}  [{row.where}]"
    )
