"""Shows errors, warnings and findings: the one form of each."""

from __future__ import annotations

import traceback
from collections.abc import Sequence

import click

from studio.cli.answer import Answer, find_answer
from studio.errors import Finding, GraphError, StudioError
from studio.redaction import redact

_LONGEST = 200


def show_error(error: StudioError) -> None:
    """Print an error on the standard error stream: code, place, message, hint."""
    click.echo(f"error: {error}", err=True)


def show_failure(error: StudioError, answer: Answer) -> None:
    """Show what ended a command: an error, or the findings in a graph, as text or in the answer.

    Args:
        error: What ended the command.
        answer: What the command was asked for.
    """
    if answer.debug:
        click.echo(redact("".join(traceback.format_exception(error))), err=True, nl=False)
    if answer.as_json:
        answer.fail(error)
    elif isinstance(error, GraphError) and (error.source or error.where or len(error.findings) > 1):
        show_findings(error.findings, error.source)
    else:
        show_error(error)


def show_warning(text: object) -> None:
    """Show a warning: on the standard error stream, or in the answer."""
    find_answer().warn(str(text))


def has_errors(findings: Sequence[Finding]) -> bool:
    """Return whether any finding is an error."""
    return any(finding.severity == "error" for finding in findings)


def show_findings(findings: Sequence[Finding], source: str, *, err: bool = True) -> None:
    """Print each finding: code, place, message, what was expected and found, hint."""
    if source:
        click.echo(click.style(source, bold=True), err=err)
    for finding in findings:
        color = "red" if finding.severity == "error" else "yellow"
        head = click.style(f"{finding.severity} {finding.code}", fg=color)
        click.echo(f"  {head} at {finding.where or '/'}: {finding.message}", err=err)
        for line in _list_details(finding):
            click.echo(f"      {line}", err=err)


def _list_details(finding: Finding) -> list[str]:
    """Return what the message does not say already."""
    lines = []
    if finding.expected and finding.expected not in finding.message + finding.hint:
        lines.append(f"expected: {_shorten(finding.expected)}")
    if finding.found and finding.found not in finding.message:
        lines.append(f"found: {_shorten(finding.found)}")
    if finding.hint:
        lines.append(f"hint: {finding.hint}")
    return lines


def _shorten(text: str) -> str:
    return text if len(text) <= _LONGEST else text[: _LONGEST - 3] + "..."
