"""`studio plugins`: list plugins, and what is wrong with those that failed."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

import click

from studio.cli.options import create_studio, engine_options, json_option


@click.command("plugins")
@json_option("Print as JSON.")
@engine_options
def command(as_json: bool, **engine: Any) -> None:
    """List plugins: name, distribution, node types; for one that failed, why and where."""
    with create_studio(**engine, on_disk=False) as studio:
        rows = studio.registry.plugins
    if as_json:
        click.echo(json.dumps([asdict(row) for row in rows], ensure_ascii=False, indent=1))
        return
    width = max((len(row.name) for row in rows), default=0)
    for row in rows:
        origin = f"{row.distribution} {row.version}".strip()
        status = click.style(f"{row.status:6}", fg="green" if row.status == "ok" else "red")
        tail = f"{len(row.node_types)} node types" if row.status == "ok" else f"{row.problem}  [{row.where}]"
        click.echo(f"{row.name:{width}}  {status}  {origin}: {tail}")
    if not rows:
        click.echo("no plugins are installed")
