"""Manual pages in the language of `man`, made from the help of each command."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import click

from studio.cli.command_help import describe_command
from studio.version import VERSION

_EXIT_CODES = {
    "0": "Done.",
    "1": "Failed, damaged, or different.",
    "2": "An invalid graph, or something that the command cannot use.",
    "3": "Partly done.",
    "70": "A bug in Studio.",
    "130": "Cancelled.",
}


def list_pages(ctx: click.Context) -> Iterator[tuple[str, str]]:
    """Yield the names of the files and the manual pages of a command and all commands below it."""
    row = describe_command(ctx)
    yield f"{name_page(row['command'])}.1", write_page(row)
    if isinstance(ctx.command, click.Group):
        for name in row["commands"]:
            command = ctx.command.get_command(ctx, name)
            assert command is not None
            yield from list_pages(click.Context(command, parent=ctx, info_name=name, **command.context_settings))


def name_page(path: str) -> str:
    """Return the name of a command's manual page: "studio-batch-run" for "studio batch run"."""
    return path.replace(" ", "-")


def write_page(row: Mapping[str, Any]) -> str:
    """Return the manual page of a command.

    Args:
        row: Its description, as `describe_command` returns it.
    """
    name = name_page(row["command"])
    lines = [f'.TH "{name.upper()}" "1" "" "studio {VERSION}" "Studio manual"']
    lines += [".SH NAME", f"{_escape(name)} \\- {_escape(row['summary'].rstrip('.'))}"]
    lines += [".SH SYNOPSIS", f"\\fB{_escape(row['command'])}\\fR {_escape(row['usage'][len(row['command']) + 1 :])}"]
    lines += [".SH DESCRIPTION", *_write_text(row["help"])]
    lines += _write_list("OPTIONS", {one["option"]: one["help"] for one in row["options"]})
    lines += _write_list("COMMANDS", {f"{row['command']} {name}": text for name, text in row["commands"].items()})
    lines += _write_list("EXIT STATUS", _EXIT_CODES)
    if row["examples"]:
        lines += [".SH EXAMPLES", ".nf", *map(_escape, row["examples"]), ".fi"]
    lines += [".SH SEE ALSO", _escape(", ".join(_list_related(row)))]
    return "\n".join(lines) + "\n"


def _list_related(row: Mapping[str, Any]) -> list[str]:
    parent = row["command"].rpartition(" ")[0]
    pages = [parent] * bool(parent) + [f"{row['command']} {name}" for name in row["commands"]]
    return [*(f"{name_page(page)}(1)" for page in pages), row["documentation"]]


def _write_list(title: str, rows: Mapping[str, str]) -> list[str]:
    lines = [f".SH {title}"] * bool(rows)
    for name, text in rows.items():
        lines += [".TP", f"\\fB{_escape(name)}\\fR", _escape(text or "")]
    return lines


def _write_text(text: str) -> Iterator[str]:
    """Yield the lines of a help text; a paragraph with lines of its own, such as a table, keeps them."""
    for paragraph in text.split("\n\n"):
        yield ".PP"
        lines = [_escape(line) for line in paragraph.splitlines()]
        yield from [".nf", *lines, ".fi"] if any(line.startswith("  ") for line in lines) else lines


def _escape(text: str) -> str:
    """Return text that `man` shows as it is: no line is taken for a command, and hyphens can be copied."""
    text = text.replace("\\", "\\e").replace("-", "\\-")
    return f"\\&{text}" if text.startswith((".", "'")) else text
