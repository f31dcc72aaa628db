"""`studio validate`: check a graph without running it, and mend what can be mended without a guess."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from studio.cli.answer import answer
from studio.cli.graph_fixes import CheckedGraph, check_graph, fix_graph
from studio.cli.main import DONE, INVALID
from studio.cli.messages import show_findings
from studio.cli.options import create_studio, json_option, plugins_options
from studio.cli.parameter_types import PathType
from studio.errors import UsageError

_COLORS = {"-": "red", "+": "green", "@": "cyan"}


@click.command("validate")
@click.argument("graphs", nargs=-1, required=True, type=PathType())
@json_option
@click.option(
    "--root",
    "roots",
    multiple=True,
    type=PathType(exists=True, file_okay=False),
    help="Another folder that the graphs may read. May be repeated.",
)
@click.option("--fix", is_flag=True, help="Correct what has only one possible correction, and show the changes.")
@click.option("--dry-run", is_flag=True, help="With --fix: show the changes, and write nothing.")
@plugins_options
def command(
    graphs: tuple[Path, ...], as_json: bool, roots: tuple[Path, ...], fix: bool, dry_run: bool, **engine: Any
) -> int:
    """Check GRAPHS without running them, and show all findings.

    --fix corrects misspelled names that are close to one known name, literals that can mean only one value, names that
    a newer version renamed, and a missing version of the format. The rest of the file keeps its layout.

    Exit codes: 0 no errors, with or without warnings; 2 errors.
    """
    if dry_run and not fix:
        raise UsageError("E023", "--dry-run is for --fix", hint="add --fix")
    with create_studio(**engine, on_disk=False) as studio:
        if fix:
            checked = [fix_graph(studio, path, roots, dry_run=dry_run) for path in graphs]
        else:
            checked = [check_graph(studio, path, roots) for path in graphs]
    if as_json:
        answer([_describe(graph, fix=fix) for graph in checked])
    else:
        for graph in checked:
            _show(graph, dry_run=dry_run)
    return DONE if all(graph.is_valid for graph in checked) else INVALID


def _describe(graph: CheckedGraph, *, fix: bool) -> dict[str, Any]:
    if not fix:
        return graph.to_json()
    fixed = [found.to_json() for found in graph.fixed]
    return graph.to_json() | {"fixed": fixed, "diff": graph.diff, "written": graph.written}


def _show(graph: CheckedGraph, *, dry_run: bool) -> None:
    for line in graph.diff.splitlines():
        click.echo(click.style(line, fg=_COLORS.get(line[:1])))
    if graph.fixed:
        left = f"{len(graph.findings)} left" if graph.findings else "none left"
        would = "would be " if dry_run else ""
        click.echo(f"{graph.path}: {len(graph.fixed)} {_name_findings(len(graph.fixed))} {would}fixed, {left}")
    if graph.findings:
        show_findings([found.finding for found in graph.findings], str(graph.path), err=False)
    elif not graph.fixed:
        click.echo(f"{graph.path}: no findings")
    fixable = sum(bool(found.fix) for found in graph.findings)
    if fixable:
        click.echo(f"  studio validate --fix corrects {fixable} of {len(graph.findings)}")


def _name_findings(count: int) -> str:
    return "finding" if count == 1 else "findings"
