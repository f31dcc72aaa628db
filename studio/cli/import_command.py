"""`studio import`: turn a document of another program into a graph, and report what could not be turned."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from studio.app import Studio
from studio.cli.answer import answer
from studio.cli.graph_fixes import write_graph_file
from studio.cli.import_rules import find_import_rules
from studio.cli.main import DONE, INVALID, PARTLY
from studio.cli.options import create_studio, json_option, plugins_options
from studio.cli.parameter_types import PathType
from studio.errors import Finding
from studio.files import resolve_path
from studio.graph import parse_graph
from studio.graph.builder import format_document
from studio.graph.foreign.importing import import_document
from studio.graph.foreign.reading import read_foreign
from studio.graph.foreign.report import FileReport, NodeReport, Report
from studio.graph.foreign.weights_folders import read_folders

_COLORS = {"exact": "green", "close": "yellow", "dropped": "", "missing": "red"}
_ABSENT = ("E129", "E602", "E603", "E604")  # a file, or weights, that are not on this machine


@click.command("import")
@click.argument("file", type=PathType())
@click.option(
    "-o",
    "--output",
    type=PathType(dir_okay=False),
    help="Graph file to write.  [default: FILE with the ending .graph.json]",
)
@click.option(
    "--models",
    type=PathType(exists=True),
    metavar="PATH",
    help="Folder of weights with a folder for each kind, or an extra_model_paths.yaml.",
)
@json_option
@plugins_options
def command(file: Path, output: Path | None, models: Path | None, as_json: bool, **engine: Any) -> int:
    """Turn FILE into a graph.

    FILE is a document of ComfyUI in its API or canvas format, or an image, an audio file or a video that carries one;
    or an image of AUTOMATIC1111, Forge or InvokeAI that carries its parameters. A known pattern becomes few nodes, the
    rest one node for each part.

    The report names each node that is not exact: close, and what differs; dropped without loss; or missing. --json has
    all nodes. It lists the files that the graph needs. The same file gives the same graph again.

    Exit codes: 0 nothing is missing; 3 the graph is written without what is missing; 2 nothing could be turned.
    """
    target = resolve_path(output or file.with_name(f"{file.stem}.graph.json"))
    with create_studio(**engine, on_disk=False) as studio:
        report, document = _import(studio, file, models, target)
        findings = _check(studio, document, target) if document is not None else []
    if document is not None:
        write_graph_file(target, format_document(document).encode("utf-8"), expected=None)
    written = str(output or target) if document is not None else None
    if as_json:
        answer({**report.to_json(), "graph": written, "findings": [finding.to_json() for finding in findings]})
    else:
        _show(report, findings, written)
    if document is None:
        return INVALID
    return PARTLY if report.result == "missing" else DONE


def _import(studio: Studio, file: Path, models: Path | None, target: Path) -> tuple[Report, dict[str, Any] | None]:
    rules = find_import_rules(studio.settings)

    def find_widgets(kind: str) -> Sequence[str] | None:
        return rules[kind].widgets if kind in rules else None

    source = read_foreign(file, find_widgets, max_bytes=studio.settings.max_graph_bytes)
    folders = read_folders(models, target.parent)
    media = resolve_path(file).parent
    document, report = import_document(source, rules, studio.registry, folders, media=media, title=file.stem)
    return report, document


def _check(studio: Studio, document: dict[str, Any], target: Path) -> list[Finding]:
    """Return what is wrong with the graph, apart from files and weights that are not here, which the report lists."""
    findings = studio.validate(parse_graph(document, base=target.parent, path=target))
    return [finding for finding in findings if finding.code not in _ABSENT]


def _show(report: Report, findings: Sequence[Finding], written: str | None) -> None:
    for node in report.nodes:
        if node.status != "exact":
            _show_node(node)
    exact = sum(node.status == "exact" for node in report.nodes)
    counts = [f"{exact} exact"]
    counts += [
        f"{sum(node.status == name for node in report.nodes)} {name}" for name in ("close", "dropped", "missing")
    ]
    click.echo(f"{report.program}: {len(report.nodes)} nodes, {', '.join(counts)}")
    for file in report.files:
        _show_file(file)
    for finding in findings:
        click.echo(f"{finding.severity} {finding}")
    click.echo(written if written is not None else "nothing could be turned into a graph")


def _show_node(node: NodeReport) -> None:
    status = click.style(f"{node.status:8}", fg=_COLORS[node.status] or None)
    nearest = f" (nearest: {node.nearest})" if node.nearest else ""
    click.echo(f"{status} {node.id} {node.kind}: {'; '.join(node.why)}{nearest}")


def _show_file(file: FileReport) -> None:
    if file.path:
        click.echo(f"file     {file.folder}/{file.name}: {file.path}")
        return
    place = f"models/{file.folder}" if file.folder not in ("", "input") else file.folder
    text = f"to fetch {file.name}" + (f" into {place}" if place else "")
    if file.folder == "input":
        text = f"to give  {file.name}"
    if file.url:
        text += f" from {file.url}"
    if not file.folder:  # a repository of the hub
        text += f": studio models pull hub:{file.name}"
    click.echo(text + (" (a pickle: fetch it as safetensors)" if file.pickle else ""))
