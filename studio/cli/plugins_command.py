"""`studio plugins`: list plugins, describe and check one, and say which are not loaded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from studio.app import read_settings
from studio.cli.answer import answer
from studio.cli.disabled_plugins import write_disabled_plugins
from studio.cli.options import create_studio, json_option, plugins_options
from studio.cli.parameter_types import PathType
from studio.cli.plugin_check import examine_row
from studio.cli.plugin_details import describe_plugin, find_details
from studio.cli.shell_values import complete_plugins
from studio.errors import UsageError
from studio.registry import PluginRow, find_plugins, list_plugins
from studio.registry.registry import shorten_plugin_name
from studio.settings import Settings
from studio.suggestion import suggest

_COLORS = {"ok": "green", "failed": "red", "disabled": "yellow"}


class _PluginsGroup(click.Group):
    """`studio plugins NAME` describes a plugin; its subcommands have names of their own."""

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        """Find a subcommand, or the plugin of that name."""
        if args[0] in self.commands:
            return super().resolve_command(ctx, args)
        return "show", self.commands["show"], args


@click.group("plugins", cls=_PluginsGroup, invoke_without_command=True)
@json_option
@plugins_options
@click.pass_context
def command(ctx: click.Context, /, as_json: bool, **engine: Any) -> None:
    """List plugins: name, distribution and node types, or why and where loading failed.

    `studio plugins NAME` describes one plugin: what it provides and requires, and its settings.
    """
    ctx.obj = engine
    if ctx.invoked_subcommand is None:
        _list_plugins(as_json=as_json, **engine)


def _list_plugins(*, as_json: bool, **engine: Any) -> None:
    with create_studio(**engine, on_disk=False, import_plugins=True) as studio:
        rows = studio.registry.plugins
    if as_json:
        answer([row.to_json() for row in rows])
        return
    width = max((len(row.name) for row in rows), default=0)
    for row in rows:
        click.echo(f"{row.name:{width}}  {_describe(row)}")
    if not rows:
        click.echo("no plugins are installed")


def _describe(row: PluginRow) -> str:
    status = click.style(f"{row.status:8}", fg=_COLORS[row.status])
    origin = f"{row.distribution} {row.version}".strip()
    detail = "1 node type" if len(row.node_types) == 1 else f"{len(row.node_types)} node types"
    if row.status == "failed":
        detail = f"{row.problem}  [{row.where}]"
    elif row.status == "disabled":
        detail = f"enable it: studio plugins enable {row.key}"
    return f"{status}  {origin}: {detail}"


@command.command("show")
@click.argument("name", shell_complete=complete_plugins)
@json_option
@plugins_options
@click.pass_context
def show(ctx: click.Context, /, name: str, as_json: bool, **own: Any) -> None:
    """Describe the plugin NAME: its place, what it provides and requires, its settings."""
    given = {option: value for option, value in own.items() if value}
    with create_studio(**{**ctx.obj, **given}, on_disk=False, import_plugins=True) as studio:
        rows = _find_rows(studio.registry.plugins, name)
        found = [find_details(studio.registry, row) for row in rows]
    if as_json:
        answer(found)
        return
    click.echo("\n\n".join(describe_plugin(details) for details in found))


@command.command("check")
@click.argument("name", shell_complete=complete_plugins)
@click.option("--wheel", type=PathType(exists=True, dir_okay=False), help="Its wheel, in which every file must be.")
@json_option
@plugins_options
@click.pass_context
def check(ctx: click.Context, /, name: str, wheel: Path | None, as_json: bool, **own: Any) -> None:
    """Check the plugin NAME as `studio.testing.check_plugin` does: all that it provides, its metadata and its wheel.

    Node types are tried with their defaults, and with their example graphs.
    """
    given = {option: value for option, value in own.items() if value}
    with create_studio(**{**ctx.obj, **given}, on_disk=False, import_plugins=True) as studio:
        reports = [examine_row(row, wheel) for row in _find_rows(studio.registry.plugins, name)]
    if as_json:
        answer([asdict(report) for report in reports])
    else:
        click.echo("\n\n".join(map(str, reports)))
    if any(report.failed for report in reports):
        ctx.exit(1)


@command.command("disable")
@click.argument("name", shell_complete=complete_plugins)
@json_option
@click.pass_context
def disable(ctx: click.Context, name: str, as_json: bool) -> None:
    """Disable the plugin NAME, or all plugins of the distribution NAME: it is no longer imported."""
    settings = _read_settings(ctx)
    names = {row.key for row in _find_rows(list_plugins(settings.plugins_dir), name)}
    before = settings.disabled_plugins
    known = {shorten_plugin_name(one) for one in before}
    path = write_disabled_plugins([*before, *sorted(names - known)])
    if as_json:
        answer({"disabled": sorted(names), "config": str(path)})
    else:
        click.echo(f"disabled {', '.join(sorted(names))} in {path}")


@command.command("enable")
@click.argument("name", shell_complete=complete_plugins)
@json_option
@click.pass_context
def enable(ctx: click.Context, name: str, as_json: bool) -> None:
    """Enable the plugin NAME, which `disable` disabled."""
    settings = _read_settings(ctx)
    rows = find_plugins(list_plugins(settings.plugins_dir), name)
    names = {shorten_plugin_name(name), *(row.key for row in rows)}
    before = settings.disabled_plugins
    if not any(shorten_plugin_name(one) in names for one in before):
        hint = f"disabled plugins are: {', '.join(before) or 'none'}"
        raise UsageError("E009", f"the plugin {name!r} is not disabled", hint=hint)
    path = write_disabled_plugins([one for one in before if shorten_plugin_name(one) not in names])
    if as_json:
        answer({"enabled": [name], "config": str(path)})
    else:
        click.echo(f"enabled {name} in {path}")


def _read_settings(ctx: click.Context) -> Settings:
    """Return the settings; no plugin is imported, so that one that ends the program can be disabled."""
    return read_settings(plugins_dir=ctx.obj["plugins_dir"])


def _find_rows(plugins: Sequence[PluginRow], name: str) -> list[PluginRow]:
    """Return the plugins of a name, or raise UsageError: E009 with the nearest."""
    rows = find_plugins(plugins, name)
    if rows:
        return rows
    hint = suggest(shorten_plugin_name(name), [row.key for row in plugins], "see `studio plugins`")
    raise UsageError("E009", f"unknown plugin {name!r}", hint=hint)
