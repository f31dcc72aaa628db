"""`Answer`: what a command answers, and the one form that it has with `--json`."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from typing import Any

import click

from studio.errors import GraphError, StudioError
from studio.surrogates import dump_json
from studio.version import VERSION

_KEY = "studio.answer"


@dataclass
class Answer:
    """What the command that runs was asked for, and what it answers.

    Attributes:
        as_json: Whether the answer is JSON: one object, which is printed when the command ends.
        debug: Whether tracebacks are printed.
        command: The words that call the command, without "studio".
        event: If not "", the answer is the last line of events, and an event of this name.
        data: The facts that the command found, as plain JSON; what they are depends on the command.
        error: What ended the command, as plain JSON.
        warnings: What the user should know, and stopped nothing.
    """

    as_json: bool = False
    debug: bool = False
    command: str = ""
    event: str = ""
    data: Any = None
    error: dict[str, Any] | None = None
    warnings: list[str] = field(default_factory=list)
    _printed: bool = False

    def warn(self, text: str) -> None:
        """Add a warning to the answer, or print it on the standard error stream; any thread may."""
        if not self.as_json:
            click.echo(f"warning: {text}", err=True)
        elif text not in self.warnings:
            self.warnings.append(text)

    def fail(self, error: StudioError) -> None:
        """Answer an error."""
        self.error = describe_error(error)

    def finish(self, code: int) -> None:
        """Print the answer of a command that was given `--json` and ends with an exit code."""
        if self.as_json and (self.error is not None or not self._printed):
            self._print(ok=code == 0, indent=None if self._printed or self.event else 1)

    def print_line(self, *, ok: bool) -> None:
        """Print the answer so far on one line; the command goes on, and answers again."""
        self._print(ok=ok, indent=None)

    def _print(self, *, ok: bool, indent: int | None) -> None:
        row: dict[str, Any] = {"event": self.event} if self.event else {}
        row |= {"studio": VERSION, "command": self.command, "ok": ok, "data": self.data}
        row |= {"warnings": self.warnings, "error": self.error}
        click.echo(dump_json(row, encoding=getattr(sys.stdout, "encoding", None) or "utf-8", indent=indent))
        self.data, self.error, self.warnings, self._printed = None, None, [], True


def describe_error(error: StudioError) -> dict[str, Any]:
    """Return an error as plain JSON; one in a graph names the graph, and has all findings."""
    return error.to_json() | ({"graph": error.source} if isinstance(error, GraphError) else {})


def find_answer() -> Answer:
    """Return the answer of the command that runs."""
    ctx = click.get_current_context(silent=True)
    found = ctx.meta.get(_KEY) if ctx is not None else None
    return found if isinstance(found, Answer) else Answer()


def open_answer(ctx: click.Context) -> None:
    """Take the answer that a context was created with, which all contexts below it share."""
    ctx.meta[_KEY] = ctx.obj if isinstance(ctx.obj, Answer) else Answer()
    ctx.obj = None


def note_json(ctx: click.Context, _: click.Parameter, value: bool) -> bool:
    """Note for the option `--json` of a command, or of Studio itself, that the answer is JSON; return whether it is."""
    found = find_answer()
    found.as_json |= value
    found.command = ctx.command_path.partition(" ")[2]
    return found.as_json


def answer(data: Any) -> None:
    """Answer a command that was given `--json`: with plain JSON, which is printed when the command ends."""
    find_answer().data = data
