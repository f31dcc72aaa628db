"""Commands that plugins add to the command line."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

import click

from studio.cli.messages import show_warning
from studio.errors import PluginError, StudioError, describe_raised
from studio.registry import load_commands
from studio.settings import SettingProblem, Settings, load_settings


def find_commands(taken: Collection[str]) -> dict[str, click.Command]:
    """Return plugins' commands by name.

    A command that has the name of one of Studio's own is left out with a warning, and so are those of a hook that
    raises. A name that two plugins use is an error when it is typed.

    Args:
        taken: Names of Studio's own commands.
    """
    found: dict[str, click.Command] = {}
    owners: dict[str, str] = {}
    settings = _read_settings()
    for plugin, call_hook in load_commands(settings.disabled_plugins, settings.plugins, settings.data_dir):
        for command in _call_hook(plugin, call_hook):
            name = command.name or ""
            if name in taken:
                show_warning(f"plugin {plugin!r}: its command {name!r} is left out, because Studio has one")
            elif name in found:
                found[name] = _create_clash(name, owners[name], plugin)
            elif name:
                found[name], owners[name] = _guard_command(command, plugin), plugin
    return found


def _read_settings() -> Settings:
    try:
        return load_settings()
    except SettingProblem:  # the command itself will say so
        return Settings()


def _call_hook(plugin: str, call_hook: Callable[[], Any]) -> list[click.Command]:
    try:
        commands: list[click.Command] = call_hook()
        for command in commands:
            if not isinstance(command, click.Command):
                raise TypeError(f"{command!r} is not a click.Command")
    except (Exception, SystemExit) as error:  # a plugin may raise anything; the other commands still work
        show_warning(f"plugin {plugin!r}: studio_commands {describe_raised(error)}")
        return []
    return commands


def _guard_command(command: click.Command, plugin: str) -> click.Command:
    """Let what a command raises, other than on purpose, name its plugin."""
    invoke = command.invoke

    def guarded(ctx: click.Context) -> Any:
        try:
            return invoke(ctx)
        except (StudioError, click.ClickException, click.Abort, click.exceptions.Exit):
            raise
        except Exception as error:  # a plugin may raise anything
            message = f"plugin {plugin!r}: command {command.name!r} {describe_raised(error)}"
            raise PluginError("E212", message, hint="report it to the authors of the plugin") from error

    command.invoke = guarded  # type: ignore[method-assign]  # whatever class the plugin made it of
    return command


def _create_clash(name: str, first: str, second: str) -> click.Command:
    """Return a command that says which two plugins have it."""
    message = f"two plugins have a command named {name!r}: {first} and {second}"

    def fail(_: Any) -> None:
        raise PluginError("E203", message, hint=f"disable one of them: studio plugins disable {second}")

    options: dict[str, Any] = {"ignore_unknown_options": True}
    rest = click.Argument(["_"], nargs=-1, type=click.UNPROCESSED)
    return click.Command(name, options, fail, [rest], help=message, add_help_option=False)
