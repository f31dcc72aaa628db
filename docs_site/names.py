"""Finds names in pages that nothing has: node types, commands, options and error codes."""

from __future__ import annotations

import re
import shlex
from collections.abc import Collection, Iterator, Mapping

import click

from docs_site.command_pages import list_commands
from docs_site.markdown import find_blocks, split_lines
from docs_site.page import Page

_HISTORY = ("docs/changelog.md", "docs/decisions/")
"""Pages that speak of what was."""
_SPAN = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")
_CODE = re.compile(r"(?<![\w`/#\[-])([EW][0-9]{3})(?![\w`\]-])")
_LISTED = re.compile(r"^\| ([EW][0-9]{3}) \|", re.MULTILINE)
_OTHERS = {"pixels", "color", "width", "height", "channels", "samples", "fps", "py"}
"""What follows the name of a value or of a module after a point, and is no node type."""


def find_unknown_names(pages: Mapping[str, Page], node_types: Collection[str]) -> list[str]:
    """Return a line for each name in a page that nothing has.

    Args:
        pages: The pages by path.
        node_types: The ids of the node types.
    """
    commands = dict(list_commands())
    errors = pages.get("docs/errors.md")
    codes = set(_LISTED.findall(errors.text)) if errors else set()
    current = [page for page in pages.values() if not page.path.startswith(_HISTORY)]
    return [
        f"{page.path}: {problem}"
        for page in current
        for problem in (
            *_find_node_types(page.text, node_types),
            *(f"unknown error code {code}" for code in _find_codes(page.text) if code not in codes),
            *_find_commands(page.text, commands),
        )
    ]


def _find_node_types(text: str, node_types: Collection[str]) -> Iterator[str]:
    plugins = {name.partition(".")[0] for name in node_types}
    for span in _find_spans(text):
        plugin, _, verb = span.partition(".")
        if plugin in plugins and re.fullmatch("[a-z_]+", verb) and verb not in _OTHERS and span not in node_types:
            yield f"unknown node type {span!r}"


def _find_spans(text: str) -> Iterator[str]:
    for line, fenced in split_lines(text):
        if not fenced:
            yield from _SPAN.findall(line)


def _find_codes(text: str) -> Iterator[str]:
    for line, fenced in split_lines(text):
        if not fenced:
            yield from _CODE.findall(line)


def _find_commands(text: str, commands: Mapping[str, click.Command]) -> Iterator[str]:
    """Yield what is wrong with the commands in a page: in blocks after `$`, and in sentences."""
    lines = [
        line[2:] for block in find_blocks(text) for line in block.body.splitlines() if line.startswith("$ studio ")
    ]
    lines += [span for span in _find_spans(text) if span.startswith("studio ")]
    for line in lines:
        yield from check_command(line, commands)


def check_command(line: str, commands: Mapping[str, click.Command]) -> Iterator[str]:
    """Yield what is wrong with a line that calls Studio: an unknown command, or an unknown option.

    Args:
        line: The line, which begins with "studio".
        commands: The commands by the words that call them.
    """
    try:
        words = shlex.split(line, comments=True)
    except ValueError:
        words = line.split()
    words = words[: words.index("|")] if "|" in words else words
    name = "studio"
    for word in words[1:]:
        if f"{name} {word}" not in commands:
            break
        name += f" {word}"
    if name == "studio" and len(words) > 1 and re.fullmatch("[a-z]+", words[1]):
        yield f"unknown command {line!r}"
    elif name != "studio":
        known = set(_list_options(name, commands))
        used = (word.partition("=")[0] for word in words if re.match("--[a-z]", word))
        yield from (f"unknown option {option!r} in {line!r}" for option in used if option not in known)


def _list_options(name: str, commands: Mapping[str, click.Command]) -> Iterator[str]:
    """Yield the options of a command, and of those that it stands for: `batch` is `batch run`."""
    yield "--help"
    for words in (name, f"{name} run", f"{name} show"):
        for parameter in commands[words].params if words in commands else ():
            yield from (*parameter.opts, *parameter.secondary_opts)
