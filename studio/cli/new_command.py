"""`studio new`: a graph or a plugin to start from."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from studio.cli.answer import answer
from studio.cli.options import create_studio, json_option, plugins_options
from studio.cli.parameter_types import PathType
from studio.cli.plugin_template import check_plugin_name, guess_plugin_name, write_plugin
from studio.cli.shell_values import complete_node_types
from studio.cli.starter_graph import choose_nodes, create_starter
from studio.errors import UsageError
from studio.graph import GraphBuilder, check_graph


@click.group("new")
def command() -> None:
    """Write a first graph or a first plugin."""


@command.command("graph")
@click.argument("file", type=PathType(dir_okay=False))
@click.option(
    "--node",
    "nodes",
    shell_complete=complete_node_types,
    multiple=True,
    metavar="TYPE",
    help="Use this node type. May be repeated: each node takes the output of the one before.",
)
@click.option("--force", is_flag=True, help="Overwrite an existing file.")
@json_option
@plugins_options
def new_graph(file: Path, nodes: tuple[str, ...], force: bool, as_json: bool, **engine: Any) -> None:
    """Write a small graph to FILE that runs as it is."""
    if file.exists() and not force:
        raise UsageError("E022", f"{str(file)!r} exists already", hint="choose another name, or use --force")
    title = file.stem.replace("_", " ").capitalize()
    with create_studio(**engine, on_disk=False) as studio:
        builder = create_starter(studio.registry, nodes or choose_nodes(studio.registry), title)
        findings = check_graph(builder.build(file.parent), studio.registry)
    builder.save(file)
    errors = [finding for finding in findings if finding.severity == "error"]
    line = _write_run_command(file, builder)
    if as_json:
        answer({"file": str(file), "run": line, "findings": [finding.to_json() for finding in findings]})
        return
    click.echo(str(file))
    click.echo(f"complete it: {errors[0]}" if errors else f"run it with: {line}", err=True)


def _write_run_command(file: Path, builder: GraphBuilder) -> str:
    """Return the command that runs a graph, with a place for each input that has no default."""
    inputs = builder.to_json().get("inputs", {})
    missing = [name for name, end in inputs.items() if "default" not in end and not end.get("optional")]
    return f"studio run {file}" + "".join(f" --set {name}=..." for name in missing)


@command.command("plugin")
@click.argument("folder", metavar="DIR", type=PathType(file_okay=False))
@click.option(
    "--name",
    metavar="NAME",
    help="Name of the plugin, and first part of the ids of its node types.  [default: by the folder's name]",
)
@click.option(
    "--force", is_flag=True, help="Write into a folder that is not empty, and overwrite files with the same names."
)
@json_option
def new_plugin(folder: Path, name: str | None, force: bool, as_json: bool) -> None:
    """Write a plugin to DIR that installs with pip: one node type, its test, a graph that uses it."""
    name = name if name is not None else guess_plugin_name(folder)
    check_plugin_name(name)
    if folder.is_dir() and any(folder.iterdir()) and not force:
        raise UsageError("E022", f"{str(folder)!r} is not empty", hint="choose another folder, or use --force")
    write_plugin(folder, name)
    line = f"pip install -e '{folder}[test]' && python -m pytest {folder} && studio nodes {name}"
    if as_json:
        answer({"folder": str(folder), "name": name, "next": line})
        return
    click.echo(str(folder))
    click.echo(f"next: {line}", err=True)
