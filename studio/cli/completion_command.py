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

    It belongs to the start of each shell: the first example is a line of ~/.bashrc (for zsh: the same with zsh in
    ~/.zshrc). The second is run once, for fish.
    """
    found = get_completion_class(shell)
    assert found is not None
    script = found(ctx.find_root().command, {}, "studio", "_STUDIO_COMPLETE").source()
    if as_json:
        answer({"shell": shell, "script": script})
    else:
        click.echo(script)
