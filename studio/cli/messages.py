"""Shows errors, warnings and findings, as text for a person or as JSON for a program."""

from __future__ import annotations

import traceback
from collections.abc import Mapping, Sequence
from typing import Any

import click

from studio.errors import Finding, GraphError, StudioError
from studio.redaction import redact
from studio.surrogates import dump_json

JSON_OPTION = "studio.json"
"""Name of the entry in `ctx.meta` that says whether a command was given `--json`."""

DEBUG_OPTION = "studio.debug"
"""Name of the entry that says whether tracebacks are printed."""

_LONGEST = 200


def print_json(value: Any) -> None:
    """Print plain JSON."""
    click.echo(dump_json(value, indent=1))


def print_json_line(value: Any) -> None:
    """Print plain JSON on one line."""
    click.echo(dump_json(value))


def show_error(error: StudioError) -> None:
    """Print an error on the standard error stream: code, place, message, hint."""
    click.echo(f"error: {error}", err=True)


def is_debugged() -> bool:
    """Return whether the command that runs was given `--debug`, or `STUDIO_DEBUG` is set."""
    ctx = click.get_current_context(silent=True)
    return ctx is not None and bool(ctx.meta.get(DEBUG_OPTION))


def show_failure(error: StudioError, asked: Mapping[str, Any]) -> None:
    """Print what ended a command: the findings in a graph or an error, as text or as JSON.

    Args:
        error: What ended the command.
        asked: The meta of the command's context, with what it was asked for.
    """
    if asked.get(DEBUG_OPTION):
        click.echo(redact("".join(traceback.format_exception(error))), err=True, nl=False)
    if isinstance(error, GraphError):
        show = print_findings if asked.get(JSON_OPTION) else show_findings
        show(error.findings, error.source)
    elif asked.get(JSON_OPTION):
        print_json({"error": error.to_json()})
    else:
        show_error(error)


def show_warning(text: object) -> None:
    """Print a warning on the standard error stream."""
    click.echo(f"warning: {text}", err=True)


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


def describe_findings(findings: Sequence[Finding], source: str) -> dict[str, Any]:
    """Return the findings in a graph as plain JSON."""
    rows = [finding.to_json() for finding in findings]
    return {"graph": source, "valid": not has_errors(findings), "findings": rows}


def print_findings(findings: Sequence[Finding], source: str) -> None:
    """Print findings as JSON, in the form of `studio validate --json`."""
    print_json(describe_findings(findings, source))
