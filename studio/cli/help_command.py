"""`studio help`: the help of a command."""

from __future__ import annotations

import click

from studio.cli.answer import answer
from studio.cli.command_help import describe_command, find_context
from studio.cli.options import json_option


@click.command("help")
@click.argument("words", nargs=-1, metavar="[COMMAND]...")
@json_option
@click.pass_context
def command(ctx: click.Context, words: tuple[str, ...], as_json: bool) -> None:
    """Print the help of COMMAND, as `studio COMMAND --help` does; without COMMAND, the list of commands."""
    found = find_context(ctx.find_root(), list(words))
    if as_json:
        answer(describe_command(found))
    else:
        click.echo(found.get_help(), color=ctx.color)
