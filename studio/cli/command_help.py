"""What is known of a command: its help as plain JSON, its examples, and the place of its documentation."""

from __future__ import annotations

import inspect
from typing import Any

import click

from studio.cli.examples import EXAMPLES, format_examples
from studio.cli.usage_errors import describe_unknown_command
from studio.version import DOCUMENTATION

_PAGE = "command_line.md"


def find_link(words: str) -> str:
    """Return where the documentation of a command is.

    Args:
        words: The words that call it, without "studio"; "" for Studio itself.
    """
    section = words.partition(" ")[0]
    return f"{DOCUMENTATION}/{_PAGE}" + (f"#{section}" if section else "")


def format_end(words: str) -> str:
    """Return the end of a command's help: its examples, and where its documentation is."""
    link = find_link(words)
    if "://" not in DOCUMENTATION:  # a path of the sources leads nowhere elsewhere
        link = f"`studio man{words and ' '}{words}`, and in the sources {link}"
    link = f"Documentation: {link}"
    examples = format_examples(words)
    return f"{examples}\n\n{link}".lstrip("\n")


def find_context(root: click.Context, words: list[str]) -> click.Context:
    """Return the context of the command that words call, in which nothing of its line is read.

    Raises:
        UsageError: E027 if there is no such command.
    """
    ctx = root
    for word in words:
        group = ctx.command
        command = group.get_command(ctx, word) if isinstance(group, click.Group) else None
        if command is None:
            raise describe_unknown_command(word, ctx)
        ctx = click.Context(command, parent=ctx, info_name=word, **command.context_settings)
    return ctx


def describe_command(ctx: click.Context) -> dict[str, Any]:
    """Return the help of a command as plain JSON."""
    command, path = ctx.command, ctx.command_path
    words = path.partition(" ")[2]
    records = [param.get_help_record(ctx) for param in command.get_params(ctx) if isinstance(param, click.Option)]
    options = [{"option": record[0], "help": record[1]} for record in records if record is not None]
    commands = {}
    if isinstance(command, click.Group):
        for name in command.list_commands(ctx):
            found = command.get_command(ctx, name)
            if found is not None and not found.hidden:
                commands[name] = found.get_short_help_str(200)
    return {
        "command": path,
        "usage": " ".join([path, *command.collect_usage_pieces(ctx)]),
        "summary": command.get_short_help_str(200),
        "help": inspect.cleandoc(command.help or "").replace("\b\n", ""),
        "options": options,
        "commands": commands,
        "examples": list(EXAMPLES.get(words, ())),
        "documentation": find_link(words),
    }
