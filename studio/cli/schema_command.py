"""`studio schema`: print the JSON Schemas of the graph format."""

from __future__ import annotations

import json
from typing import Any

import click

from studio.cli.answer import answer
from studio.cli.options import create_studio, json_option, plugins_options
from studio.graph.schema import create_format_schema, create_installed_schema


@click.command("schema")
@click.option(
    "--installed",
    is_flag=True,
    help="Include the installed node types, so that an editor completes and checks graphs.",
)
@json_option
@plugins_options
def command(installed: bool, as_json: bool, **engine: Any) -> None:
    """Print the JSON Schema of the graph format (JSON Schema 2020-12)."""
    schema = create_format_schema()
    if installed:
        with create_studio(**engine, on_disk=False) as studio:
            schema = create_installed_schema(studio.registry)
    if as_json:
        answer(schema)
    else:
        click.echo(json.dumps(schema, indent=1))
