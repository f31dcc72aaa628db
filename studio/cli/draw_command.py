"""`studio draw`: a graph as SVG, PNG or Mermaid, its nodes colored by whether the cache has their results."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from studio.cli.answer import answer
from studio.cli.messages import show_findings, show_warning
from studio.cli.options import (
    create_studio,
    engine_options,
    input_options,
    json_option,
    load_graph_with_inputs,
)
from studio.cli.parameter_types import PathType
from studio.errors import CacheError, GraphError, UsageError

if TYPE_CHECKING:
    from studio.execution.explain import Explanation
    from studio.graph import ResolvedGraph

_FORMATS = {".svg": "svg", ".png": "png", ".mmd": "mermaid", ".mermaid": "mermaid", ".md": "mermaid"}
_WORST_FIRST = ("failed", "miss", "always runs", "unknown", "hit", "skipped")


@click.command("draw")
@click.argument("graph", type=PathType())
@click.option(
    "-o",
    "--output",
    type=PathType(dir_okay=False),
    help="File to write.  [default: standard output]",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["svg", "png", "mermaid"]),
    help="Format of the drawing.  [default: by the file's extension; Mermaid on standard output]",
)
@click.option("--no-cache-colors", is_flag=True, help="Do not look into the cache; all nodes have one color.")
@json_option
@input_options
@engine_options
def command(
    graph: Path,
    output: Path | None,
    form: str | None,
    no_cache_colors: bool,
    as_json: bool,
    pairs: tuple[str, ...],
    roots: tuple[Path, ...],
    **engine: Any,
) -> None:
    """Draw GRAPH; the color of a node says whether the cache has its result.

    A graph with errors is drawn too: invalid nodes are red, and the findings go to standard error. A node that is a
    graph is drawn as cached only if all nodes in it are cached.
    """
    form = form or _choose_format(output)
    if form == "png" and output is None and (as_json or sys.stdout.isatty()):
        target = "into JSON" if as_json else "to a terminal"
        raise UsageError("E021", f"a PNG does not go {target}", hint="name a file with -o graph.png")
    with create_studio(**engine) as studio:
        parsed, values = load_graph_with_inputs(studio, graph, pairs)
        resolved = studio.resolve(parsed, roots=roots)
        standings: dict[str, str] = {}
        if resolved.errors and not as_json:
            show_findings(resolved.errors, str(graph))
        elif not no_cache_colors:
            try:
                standings = find_standings(studio.explain(parsed, values, roots=roots))
            except (GraphError, CacheError) as error:  # such as an input without a value
                show_warning(f"not colored by the cache: {error.message}")
        data = _draw(form, resolved, standings)
    if output is not None:
        _write(data, output)
    if as_json:
        drawing = data.decode("utf-8") if output is None else None
        findings = [finding.to_json() for finding in resolved.errors]
        answer({"format": form, "file": output and str(output), "drawing": drawing, "findings": findings})
    else:
        click.echo(data if output is None else str(output), nl=output is not None)


def find_standings(explanations: Iterable[Explanation]) -> dict[str, str]:
    """Return the standing of each node of a graph; a node that is a graph has that of its most important node."""
    found: dict[str, set[str]] = {}
    for explanation in explanations:
        if not explanation.node.startswith("file:"):  # the plan's own nodes, which read files
            found.setdefault(explanation.node.partition("/")[0], set()).add(explanation.standing)
    return {node: next(word for word in _WORST_FIRST if word in words) for node, words in found.items()}


def _choose_format(output: Path | None) -> str:
    if output is None:
        return "mermaid"
    form = _FORMATS.get(output.suffix.lower())
    if form is None:
        raise UsageError(
            "E021", f"unsupported extension in {output.name!r}", hint="end it in .svg, .png or .mmd, or use --format"
        )
    return form


def _draw(form: str, resolved: ResolvedGraph, standings: Mapping[str, str]) -> bytes:
    from studio.graph import drawing

    if form == "png":
        return drawing.draw_png(resolved, standings)
    text = drawing.draw_svg(resolved, standings) if form == "svg" else drawing.draw_mermaid(resolved, standings)
    return text.encode("utf-8")


def _write(data: bytes, output: Path) -> None:
    try:
        output.write_bytes(data)
    except OSError as error:
        raise UsageError(
            "E013", f"{str(output)!r} cannot be written: {error.strerror}", hint="check the folder"
        ) from None
