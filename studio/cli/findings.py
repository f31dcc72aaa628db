"""Shows findings as text."""

from __future__ import annotations

import json
from collections.abc import Sequence

import click

from studio.errors import Finding

JSON_OPTION = "studio.json"
"""Name of the entry in `ctx.meta` that says whether a command was given `--json`."""


def show_findings(findings: Sequence[Finding], source: str, *, err: bool = True) -> None:
    """Print each finding: code, place, message, what was expected and found, hint."""
    if source:
        click.echo(click.style(source, bold=True), err=err)
    for finding in findings:
        color = "red" if finding.severity == "error" else "yellow"
        head = click.style(f"{finding.severity} {finding.code}", fg=color)
        click.echo(f"  {head} at {finding.where or '/'}: {finding.message}", err=err)
        if finding.expected and finding.expected not in finding.message + finding.hint:
            click.echo(f"      expected: {_shorten(finding.expected)}", err=err)
        if finding.found and finding.found not in finding.message:
            click.echo(f"      found: {_shorten(finding.found)}", err=err)
        if finding.hint:
            click.echo(f"      hint: {finding.hint}", err=err)


def _shorten(text: str) -> str:
    return text if len(text) <= 200 else text[:197] + "..."


def print_findings(findings: Sequence[Finding], source: str) -> None:
    """Print findings as JSON, in the form of `studio validate --json`."""
    valid = not any(finding.severity == "error" for finding in findings)
    row = {"graph": source, "valid": valid, "findings": [finding.to_json() for finding in findings]}
    click.echo(json.dumps(row, ensure_ascii=False, indent=1))
