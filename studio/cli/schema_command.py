"""`studio schema`: print the JSON Schemas of the graph format."""

from __future__ import annotations

import json
from typing import Any

import click

from studio.cli.options import create_studio, engine_options
from studio.graph.schema import create_format_schema, create_installed_schema


@click.command("schema")
@click.option(
    "--installed",
    is_flag=True,
    help="Include the installed node types, so that an editor completes and checks graphs.",
)
@engine_options
def command(installed: bool, **engine: Any) -> None:
    """Print the JSON Schema of the graph format (JSON Schema 2020-12)."""
    if not installed:
        click.echo(json.dumps(create_format_schema(), indent=1))
        return
    with create_studio(**engine, on_disk=False) as studio:
        click.echo(json.dumps(create_installed_schema(studio.registry), indent=1))
