"""Commands that plugins add to the command line."""

from __future__ import annotations

import click

from studio.cli.messages import show_warning
from studio.registry import load_plugins


def find_commands(taken: set[str]) -> dict[str, click.Command]:
    """Return plugins' commands by name, without those whose name is taken and those of a hook that raises."""
    found: dict[str, click.Command] = {}
    for implementation in load_plugins().hook.studio_commands.get_hookimpls():
        try:
            commands: list[click.Command] = list(implementation.function())  # type: ignore[call-overload]  # pluggy says object
        except Exception as error:  # a plugin may raise anything; the other commands still work
            show_warning(f"plugin {implementation.plugin_name!r}: studio_commands raised {error}")
            continue
        for command in commands:
            if command.name and command.name not in taken:
                found[command.name] = command
    return found
