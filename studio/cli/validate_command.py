"""`studio validate`: check a graph without running it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from studio.app import Studio
from studio.cli.main import DONE, INVALID
from studio.cli.messages import describe_findings, has_errors, print_json, show_findings
from studio.cli.options import create_studio, engine_options, json_option
from studio.errors import Finding, GraphError


@click.command("validate")
@click.argument("graphs", nargs=-1, required=True, type=click.Path(path_type=Path))
@json_option("Print the findings as JSON.")
@click.option(
    "--root",
    "roots",
    multiple=True,
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="A further folder that the graphs may read. May be repeated.",
)
@engine_options
def command(graphs: tuple[Path, ...], as_json: bool, roots: tuple[Path, ...], **engine: Any) -> int:
    """Check GRAPHS without running them; every finding is shown at once.

    Exit codes: 0 no errors (there may be warnings), 2 errors.
    """
    with create_studio(**engine, on_disk=False) as studio:
        found = {str(path): _find_findings(studio, path, roots) for path in graphs}
    if as_json:
        rows = [describe_findings(findings, path) for path, findings in found.items()]
        print_json(rows if len(rows) > 1 else rows[0])
    else:
        for path, findings in found.items():
            _show(findings, path)
    return INVALID if any(map(has_errors, found.values())) else DONE


def _find_findings(studio: Studio, path: Path, roots: tuple[Path, ...]) -> list[Finding]:
    try:
        return studio.validate(studio.load(path), roots=roots)
    except GraphError as error:
        return list(error.findings)


def _show(findings: list[Finding], path: str) -> None:
    if findings:
        show_findings(findings, path, err=False)
    else:
        click.echo(f"{path}: no findings")
