"""A page for each command, from its help."""

from __future__ import annotations

from collections.abc import Iterator

import click

from docs_site.page import Page, format_table
from studio.cli.main import studio as studio_command

FOLDER = "reference/command_line"


def find_command_path(words: str) -> str:
    """Return the path of the page of a command, such as "studio batch status"."""
    return f"{FOLDER}/{words.replace(' ', '_')}.md"


def list_commands() -> Iterator[tuple[str, click.Command]]:
    """Yield the words that call each command of Studio, and the command; groups come before their commands."""
    yield from _walk("studio", studio_command)


def _walk(words: str, command: click.Command) -> Iterator[tuple[str, click.Command]]:
    yield words, command
    if isinstance(command, click.Group):
        with _open_context(words, command) as context:
            for name, child in _list_children(command, context):
                yield from _walk(f"{words} {name}", child)


def _open_context(words: str, command: click.Command) -> click.Context:
    """Return the context in which the program shows the help of a command, 80 columns wide."""
    settings = dict(studio_command.context_settings) | {"terminal_width": 80, "max_content_width": 80}
    return click.Context(command, info_name=words, **settings)


def _list_children(command: click.Command, context: click.Context) -> Iterator[tuple[str, click.Command]]:
    """Yield the commands of a group that its help lists."""
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            child = command.get_command(context, name)
            if child is not None and not child.hidden:
                yield name, child


def create_command_pages() -> list[Page]:
    """Return the pages of all commands, and the one that lists them."""
    commands = list(list_commands())
    pages = [_create_page(words, command) for words, command in commands]
    rows = [
        [f"[`{words}`]({words.replace(' ', '_')}.md)", command.get_short_help_str(200)] for words, command in commands
    ]
    intro = "Every command with its options. [The guide](../../docs/command_line.md) shows them at work."
    text = f"# Commands\n\n{intro}\n\n{format_table(['command', 'what it does'], rows)}"
    return [Page(f"{FOLDER}/index.md", "Commands", text, "Every command with its options."), *pages]


def _create_page(words: str, command: click.Command) -> Page:
    with _open_context(words, command) as context:
        parts = [f"# {words}", f"```text\n{command.get_help(context).strip()}\n```"]
        options = [one for one in command.params if isinstance(one, click.Option)]
        rows = [list(record) for option in options if (record := option.get_help_record(context))]
        children = [name for name, _ in _list_children(command, context)]
    if rows:
        shown = [[f"`{names.replace('|', ' or ')}`", text.replace("_", "\\_")] for names, text in rows]
        parts += ["## Options", format_table(["option", "what it does"], shown)]
    if children:
        links = [f"- [`{words} {name}`]({words.replace(' ', '_')}_{name}.md)" for name in children]
        parts += ["## Commands", "\n".join(links)]
    parts.append("[All commands](index.md) · [guide](../../docs/command_line.md)")
    return Page(find_command_path(words), words, "\n\n".join(parts), command.get_short_help_str(200))
