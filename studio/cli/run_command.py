"""`studio run`: run a graph and write its outputs."""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path
from types import FrameType
from typing import Any

import click

from studio.api.events import Event
from studio.app import RunResult, Studio
from studio.cli.main import CANCELLED, DONE, FAILED, PARTLY
from studio.cli.options import BytesType, create_studio, engine_options, input_options, json_option, parse_inputs
from studio.execution.control import Control
from studio.provenance.output_folder import DEFAULT_TEMPLATE, OutputFolder

CODES = {"done": DONE, "partly done": PARTLY, "failed": FAILED, "cancelled": CANCELLED}


@click.command("run")
@click.argument("graph", type=click.Path(path_type=Path))
@click.option(
    "-o",
    "--output",
    "folder",
    type=click.Path(path_type=Path),
    default=Path("out"),
    show_default=True,
    help="Folder to write the outputs to.",
)
@click.option("--name", "template", default=DEFAULT_TEMPLATE, show_default=True, help="Names of the files written.")
@click.option("--only", multiple=True, metavar="OUTPUT", help="Make this output only. May be repeated.")
@click.option("--no-cache", is_flag=True, help="Neither look anything up nor keep anything.")
@click.option("--refresh", is_flag=True, help="Run every node, and keep the results.")
@click.option(
    "--timeout", type=click.FloatRange(min=0, min_open=True), metavar="SECONDS", help="A node that takes longer fails."
)
@click.option("--memory", type=BytesType(), metavar="SIZE", help="Budget of the cache's in-memory tier.")
@click.option("--vram", type=BytesType(), metavar="SIZE", help="Budget for models kept open on the GPU.")
@click.option("--ram", type=BytesType(), metavar="SIZE", help="Budget for models kept open on the CPU.")
@click.option("--download", is_flag=True, help="Fetch models that are missing from the hub.")
@click.option("--quiet", "-q", is_flag=True, help="Say nothing but errors.")
@json_option("Print the manifest as JSON.")
@input_options
@engine_options
def command(
    graph: Path,
    folder: Path,
    template: str,
    only: tuple[str, ...],
    no_cache: bool,
    refresh: bool,
    timeout: float | None,
    memory: int | None,
    vram: int | None,
    ram: int | None,
    download: bool,
    quiet: bool,
    as_json: bool,
    pairs: tuple[str, ...],
    roots: tuple[Path, ...],
    **engine: Any,
) -> int:
    """Run GRAPH and write its outputs.

    GRAPH is a graph file, or a picture, a sound or a film that Studio wrote: it carries the graph and the
    values that made it. What is in the cache is not run again.

    Exit codes: 0 done, 1 failed, 2 invalid graph or usage, 3 partly done, 130 cancelled.
    """
    output = OutputFolder(folder, template)
    control = Control()
    more: dict[str, Any] = {"memory_bytes": memory, "vram_bytes": vram, "ram_bytes": ram, "download": download or None}
    with create_studio(**engine, **more, on_disk=not no_cache) as studio, Interrupts(control):
        parsed = studio.load(graph)
        values = {**studio.load_values(graph), **parse_inputs(parsed, pairs)}
        display = choose_display(quiet or as_json)
        with display:
            result = studio.run(
                parsed,
                values,
                only=only or None,
                output=output,
                roots=roots,
                control=control,
                cache="off" if no_cache else "refresh" if refresh else "use",
                node_timeout_seconds=timeout,
                on_event=display.show,
            )
        report(result, studio, quiet, as_json)
    return CODES[result.status]


class Interrupts:
    """Ctrl-C cancels the run; a second one ends the program at once."""

    def __init__(self, control: Control) -> None:
        self._control = control
        self._old: dict[int, Any] = {}
        self._asked = False

    def __enter__(self) -> None:
        for number in (signal.SIGINT, signal.SIGTERM):
            self._old[number] = signal.signal(number, self._handle)

    def __exit__(self, *_: object) -> None:
        for number, old in self._old.items():
            signal.signal(number, old)

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if self._asked:
            if sys.stderr.isatty():
                os.write(2, b"\x1b[?25h")  # the progress display had hidden the cursor
            os._exit(CANCELLED)  # a node may be deaf to exceptions; the cache can bear it
        self._asked = True
        self._control.cancel()


class _Silent:
    """Shows nothing."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, *_: object) -> None:
        return None

    def show(self, event: Event) -> None:
        """Do nothing with an event."""


def choose_display(quiet: bool) -> Any:
    """Return what shows progress: nothing, unless a person is watching."""
    if quiet or not sys.stderr.isatty():
        return _Silent()
    from studio.cli.progress import ProgressDisplay

    return ProgressDisplay()


def report(result: RunResult, studio: Studio, quiet: bool, as_json: bool) -> None:
    """Say what a run led to."""
    if as_json:
        click.echo(
            json.dumps(
                result.manifest
                | {
                    "files": [str(file.path) for file in result.files],
                    "errors": [error.to_json() for error in result.errors],
                },
                ensure_ascii=False,
                indent=1,
            )
        )
        return
    for warning in result.warnings:
        click.echo(f"warning: {warning}", err=True)
    for node_id, node in result.manifest["nodes"].items():
        for warning in node["warnings"]:
            click.echo(f"warning: node {node_id!r}: {warning}", err=True)
    for error in result.errors:
        click.echo(f"error: {error}", err=True)
        if getattr(error, "inputs", ""):
            click.echo(f"  inputs: {error.inputs}", err=True)  # type: ignore[attr-defined]  # a NodeError
    if quiet:
        return
    for file in result.files:
        click.echo(str(file.path))
    for name, value in result.outputs.items():
        if value is None:
            click.echo(f"{name}: nothing")
    skipped = [n for n in result.manifest["outputs"] if n not in result.outputs]
    if skipped and result.status != "cancelled":
        click.echo(f"not made: {', '.join(skipped)}", err=True)
    cache = result.manifest["cache"]
    ran = cache["calls"] - cache["hits"]
    click.echo(
        f"{result.status} in {result.manifest['seconds']:.2f} s: {ran} run, {cache['hits']} from the cache", err=True
    )
