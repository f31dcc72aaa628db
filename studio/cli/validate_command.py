"""`studio validate`: check a graph without running it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from studio.cli.findings import show_findings
from studio.cli.main import DONE, INVALID
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
    found: dict[str, list[Finding]] = {}
    with create_studio(**engine, on_disk=False) as studio:
        for path in graphs:
            try:
                found[str(path)] = studio.validate(studio.load(path), roots=roots)
            except GraphError as error:
                found[str(path)] = list(error.findings)
    bad = any(finding.severity == "error" for findings in found.values() for finding in findings)
    if as_json:
        rows = [
            {
                "graph": path,
                "valid": not any(f.severity == "error" for f in findings),
                "findings": [f.to_json() for f in findings],
            }
            for path, findings in found.items()
        ]
        click.echo(json.dumps(rows if len(rows) > 1 else rows[0], ensure_ascii=False, indent=1))
        return INVALID if bad else DONE
    for name, findings in found.items():
        if findings:
            show_findings(findings, name, err=False)
        else:
            click.echo(f"{name}: no findings")
    return INVALID if bad else DONE
