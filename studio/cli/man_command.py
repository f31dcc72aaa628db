"""`studio man`: manual pages of the commands."""

from __future__ import annotations

from pathlib import Path

import click

from studio.cli.answer import answer
from studio.cli.command_help import describe_command, find_context
from studio.cli.man_pages import list_pages, write_page
from studio.cli.options import json_option
from studio.cli.parameter_types import PathType
from studio.errors import UsageError
from studio.files import replace_file


@click.command("man")
@click.argument("words", nargs=-1, metavar="[COMMAND]...")
@click.option("-o", "--output", "folder", type=PathType(file_okay=False), help="Folder to write a file per page to.")
@json_option
@click.pass_context
def command(ctx: click.Context, words: tuple[str, ...], folder: Path | None, as_json: bool) -> None:
    """Print the manual page of COMMAND, or of Studio, in the format of `man`.

    With --output the pages of COMMAND and of all its subcommands are written, such as studio-batch-run.1. A folder
    `share/man/man1` beside the `bin` of an environment is where `man` finds them.
    """
    found = find_context(ctx.find_root(), list(words))
    if folder is None:
        page = write_page(describe_command(found))
        if as_json:
            answer({"page": page})
        else:
            click.echo(page, nl=False)
        return
    files = _write_pages(found, folder)
    if as_json:
        answer({"folder": str(folder), "files": files})
    else:
        click.echo(f"{len(files)} pages in {folder}")


def _write_pages(ctx: click.Context, folder: Path) -> list[str]:
    files = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, page in list_pages(ctx):
            with replace_file(folder / name) as temporary:
                temporary.write_text(page, encoding="utf-8", newline="\n")
            files.append(name)
    except OSError as error:
        reason = error.strerror or str(error)
        raise UsageError("E028", f"{str(folder)!r} cannot be written: {reason}", hint="name another folder") from None
    return files
