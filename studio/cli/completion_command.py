"""`studio completion`: switch on completion in a shell."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from studio.cli.answer import answer
from studio.cli.options import json_option


@click.command("completion")
@click.argument("shell", metavar="SHELL", type=click.Choice(["bash", "zsh", "fish"]))
@json_option
@click.pass_context
def command(ctx: click.Context, shell: str, as_json: bool) -> None:
    """Print the script that completes commands, options and node types in SHELL: bash, zsh or fish.

    Run it at the start of each shell: write the line of the example into ~/.bashrc.
    """
    found = get_completion_class(shell)
    assert found is not None
    script = found(ctx.find_root().command, {}, "studio", "_STUDIO_COMPLETE").source()
    if as_json:
        answer({"shell": shell, "script": script})
    else:
        click.echo(script)
