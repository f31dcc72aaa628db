"""Shows Studio's own warnings of Python as a line each, like all others; those of libraries stay as they are."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TextIO

import click

from studio.cli.answer import Answer
from studio.errors import StudioWarning


@contextmanager
def show_warnings(answer: Answer) -> Iterator[None]:
    """Show each different warning once, until the context ends.

    Args:
        answer: Takes the warnings of a command that answers as JSON.
    """
    shown: set[str] = set()

    def show(
        message: Warning | str,
        category: type[Warning],
        filename: str,
        lineno: int,
        file: TextIO | None = None,
        line: str | None = None,
    ) -> None:
        if not issubclass(category, StudioWarning):
            other(message, category, filename, lineno, file, line)
        elif str(message) not in shown:
            shown.add(str(message))
            answer.warn(str(message))

    with warnings.catch_warnings():
        warnings.simplefilter("always", StudioWarning)
        other, warnings.showwarning = warnings.showwarning, show  # catch_warnings brings the old one back
        yield


def quiet_option(function: Any) -> Any:
    """Add `--quiet` to a command, which shows errors only."""
    help_text = "Print errors only: no paths, progress, warnings or totals."
    return click.option("--quiet", "-q", is_flag=True, help=help_text, callback=_hide_warnings)(function)


def _hide_warnings(ctx: click.Context, option: click.Parameter, quiet: bool) -> bool:
    if quiet:
        warnings.simplefilter("ignore", StudioWarning)
    return quiet
