"""Commands that plugins bring to the command line."""

from __future__ import annotations

import click

from studio.registry import load_plugins


def find_commands(taken: set[str]) -> dict[str, click.Command]:
    """Return plugins' commands by name; one whose name is taken, or whose hook raises, is left out."""
    found: dict[str, click.Command] = {}
    for implementation in load_plugins().hook.studio_commands.get_hookimpls():
        try:
            commands: list[click.Command] = list(implementation.function())  # type: ignore[call-overload]  # pluggy says object
        except Exception as error:  # a plugin may raise anything; the other commands go on
            click.echo(f"warning: plugin {implementation.plugin_name!r}: studio_commands raised {error}", err=True)
            continue
        for command in commands:
            if command.name and command.name not in taken:
                found[command.name] = command
    return found
