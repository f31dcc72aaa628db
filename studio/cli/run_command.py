"""`studio run`: run a graph and write its outputs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from studio.app import RunResult, Studio
from studio.cli.answer import find_answer, note_json
from studio.cli.interrupts import Interrupts
from studio.cli.options import (
    cache_use_options,
    create_studio,
    credential_options,
    download_option,
    engine_options,
    input_options,
    json_option,
    load_graph_with_inputs,
    memory_options,
    timeout_option,
)
from studio.cli.output_option import create_output_folder
from studio.cli.parameter_types import PathType
from studio.cli.run_display import EXIT_CODES, choose_display, show_result
from studio.cli.shell_values import complete_outputs
from studio.cli.warning_display import quiet_option
from studio.execution.control import Control
from studio.graph import Graph
from studio.provenance.output_folder import DEFAULT_TEMPLATE


def _note_events(ctx: click.Context, option: click.Parameter, value: str | None) -> str | None:
    """Let the answer be the last of the lines of events."""
    if value:
        note_json(ctx, option, value=True)
        find_answer().event = "result"
    return value


@click.command("run")
@click.argument("graph", type=PathType())
@click.option(
    "-o",
    "--output",
    "places",
    type=PathType(),
    multiple=True,
    metavar="DIR",
    help="Folder to write the outputs to; or a file for the only output, or NAME=FILE for one of several. "
    "May be repeated.  [default: out]",
)
@click.option(
    "--filename-template",
    "--name",
    "template",
    metavar="TEMPLATE",
    default=DEFAULT_TEMPLATE,
    show_default=True,
    help="Template of the names of files, such as {seed:04d}_{output}.{ext}.",
)
@click.option(
    "--only",
    multiple=True,
    metavar="OUTPUT",
    shell_complete=complete_outputs,
    help="Make only this output, or the result of this node. May be repeated.",
)
@cache_use_options
@timeout_option
@memory_options
@download_option
@credential_options
@click.option("--watch", is_flag=True, help="Run again each time a file that the graph uses is saved.")
@quiet_option
@click.option("--verbose", "-v", is_flag=True, help="Print a line for each finished node.")
@click.option(
    "--events",
    type=click.Choice(["jsonl"]),
    callback=_note_events,
    help="Print each event as a line of JSON, then the manifest.",
)
@json_option
@input_options
@engine_options
def command(
    graph: Path,
    places: tuple[Path, ...],
    template: str,
    only: tuple[str, ...],
    no_cache: bool,
    refresh: bool,
    timeout: float | None,
    memory_bytes: int | None,
    vram_bytes: int | None,
    ram_bytes: int | None,
    download: bool,
    sign: bool | None,
    strip: bool,
    watch: bool,
    quiet: bool,
    verbose: bool,
    events: str | None,
    as_json: bool,
    pairs: tuple[str, ...],
    roots: tuple[Path, ...],
    **engine: Any,
) -> int:
    """Run GRAPH and write its outputs.

    GRAPH is a graph file, or an image, an audio file or a video that Studio wrote: it contains the graph and the
    values that made it. `-` reads a graph from standard input. Nodes whose results are in the cache do not run.

    With --watch the command runs again each time the graph, a graph in it, its media, its weights or the code of an
    editable plugin is saved. A save during a run cancels that run and starts another. Ctrl-C ends the command.

    Exit codes: 0 done, 1 failed, 2 invalid graph or usage, 3 partly done, 70 a bug in Studio, 130 cancelled, 141 the
    reader of the output ended, 143 cancelled by SIGTERM.
    """
    given = [flag for flag, on in (("--quiet", quiet), ("--verbose", verbose), ("--events", events)) if on]
    if len(given) > 1:
        raise click.UsageError(f"{' and '.join(given)} exclude each other")
    if events and watch:
        raise click.UsageError("--events and --watch exclude each other")
    if watch and str(graph) == "-":
        raise click.UsageError("--watch needs a file; - is the standard input")
    if Path("-") in places:
        raise click.UsageError("-o names a folder or a file; outputs are files, and do not go to the standard output")
    as_json = as_json or bool(events)
    more: dict[str, Any] = {"memory_bytes": memory_bytes, "vram_bytes": vram_bytes, "ram_bytes": ram_bytes}
    more |= {"download": download or None, "sign": sign, "strip": strip}
    modes = iter(["off"] if no_cache else ["refresh"] if refresh else [])

    def create() -> Studio:
        return create_studio(**engine, **more, on_disk=not no_cache)

    def run_graph(studio: Studio, parsed: Graph, values: dict[str, Any], control: Control) -> RunResult:
        files = {one for value_type in studio.registry.value_types.values() for one in value_type.extensions}
        output = create_output_folder(places, template, parsed, values, only, files | {"txt", "json"})
        display = choose_display(quiet=quiet or as_json, verbose=verbose, events=bool(events))
        with display:
            return studio.run(
                parsed,
                values,
                only=only or None,
                output=output,
                roots=roots,
                control=control,
                cache="off" if no_cache else next(modes, "use"),
                node_timeout_seconds=timeout,
                on_event=display.show,
                load_outputs=False,
            )

    if watch:
        from studio.cli.watched_run import WatchedRun, WatchOptions

        watched = WatchedRun(WatchOptions(graph, pairs, roots, quiet, as_json), create, run_graph)
        with Interrupts(watched.stop):
            return watched.run()
    control = Control()
    with create() as studio, Interrupts(control.cancel):
        parsed, values = load_graph_with_inputs(studio, graph, pairs)
        result = run_graph(studio, parsed, values, control)
        show_result(result, quiet=quiet, as_json=as_json)
    return EXIT_CODES[result.status]
