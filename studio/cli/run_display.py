"""What `studio run` and `studio rerun` show: progress while a graph runs, and then its result."""

from __future__ import annotations

import sys
from typing import Any

import click

from studio.app import RunResult
from studio.cli.answer import answer, find_answer
from studio.cli.main import CANCELLED, DONE, FAILED, PARTLY
from studio.cli.messages import show_error, show_warning
from studio.cli.silent_display import SilentDisplay

EXIT_CODES = {"done": DONE, "partly done": PARTLY, "failed": FAILED, "cancelled": CANCELLED}


def choose_display(*, quiet: bool, verbose: bool = False, events: bool = False) -> Any:
    """Return what shows progress: nothing if quiet, or if the standard error stream is not a terminal.

    Args:
        quiet: Whether only errors are shown.
        verbose: Whether each node has a line.
        events: Whether each event is a line of JSON on the standard output.
    """
    if events or verbose:
        from studio.cli.event_lines import EventLines, NodeLines

        return EventLines() if events else NodeLines()
    if quiet or not sys.stderr.isatty():
        return SilentDisplay()
    from studio.cli.progress import ProgressDisplay

    return ProgressDisplay()


def show_result(result: RunResult, *, quiet: bool, as_json: bool) -> None:
    """Show what a run led to."""
    if as_json:
        answer_result(result)
        return
    _show_problems(result, quiet=quiet)
    if not quiet:
        _show_outputs(result)
        _show_totals(result)


def answer_result(result: RunResult) -> None:
    """Answer what a run led to, with its warnings."""
    for warning in result.warnings:
        show_warning(warning)
    answer(describe_result(result))


def describe_result(result: RunResult) -> dict[str, Any]:
    """Return the manifest of a run with its files and errors, as plain JSON."""
    files = [str(file.path) for file in result.files]
    return result.manifest | {
        "files": files,
        "notes": result.notes,
        "errors": [error.to_json() for error in result.errors],
    }


def _show_problems(result: RunResult, *, quiet: bool) -> None:
    for warning in result.warnings if not quiet else ():
        show_warning(warning)
    for note in result.notes if not quiet else ():
        click.echo(f"note: {note}", err=True)
    for error in result.errors:
        show_error(error)
        inputs = getattr(error, "inputs", "")  # a NodeError has them
        if inputs:
            click.echo(f"  inputs: {inputs}", err=True)
        details = getattr(error, "details", "")
        if details and find_answer().debug:
            click.echo(details, err=True)


def _show_outputs(result: RunResult) -> None:
    for file in result.files:
        click.echo(str(file.path))
    for name, value in result.outputs.items():
        if value is None:
            click.echo(f"{name}: nothing")
    made = {*result.outputs, *(file.output for file in result.files)}
    skipped = [name for name in result.manifest["outputs"] if name not in made]
    if skipped and result.status != "cancelled":
        click.echo(f"not made: {', '.join(skipped)}", err=True)


def _show_totals(result: RunResult) -> None:
    cache = result.manifest["cache"]
    ran, hits = cache["calls"] - cache["hits"], cache["hits"]
    click.echo(f"{result.status} in {result.manifest['seconds']:.2f} s: {ran} run, {hits} from the cache", err=True)
