"""`studio rerun`: make one file again from the graph that it contains."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from studio.cli.interrupts import Interrupts
from studio.cli.options import (
    cache_use_options,
    create_studio,
    download_option,
    engine_options,
    input_options,
    json_option,
    memory_options,
    parse_inputs,
    timeout_option,
)
from studio.cli.parameter_types import PathType
from studio.cli.run_display import EXIT_CODES, choose_display, show_result
from studio.cli.warning_display import quiet_option
from studio.execution.control import Control


@click.command("rerun")
@click.argument("file", type=PathType())
@click.option(
    "-o",
    "--output",
    "folder",
    type=PathType(),
    default=Path("out"),
    show_default=True,
    help="Folder to write the file to.",
)
@cache_use_options
@timeout_option
@memory_options
@download_option
@quiet_option
@json_option
@input_options
@engine_options
def command(
    file: Path,
    folder: Path,
    no_cache: bool,
    refresh: bool,
    timeout: float | None,
    memory_bytes: int | None,
    vram_bytes: int | None,
    ram_bytes: int | None,
    download: bool,
    quiet: bool,
    as_json: bool,
    pairs: tuple[str, ...],
    roots: tuple[Path, ...],
    **engine: Any,
) -> int:
    """Make FILE again, with the same name, in another folder.

    FILE is an image, an audio file or a video that Studio wrote: it contains the graph and the values that made it.
    Only this file is made: one output, and one entry of a list. For a file without a graph, such as a text file, the
    manifest or the ledger in its folder is used. --set changes the value of an input.

    Exit codes: 0 done, 1 failed, 2 invalid graph or usage, 70 a bug in Studio, 130 cancelled, 141 the reader of the
    output ended, 143 cancelled by SIGTERM.
    """
    from studio.batch.records import read_ledger
    from studio.provenance.check import find_record
    from studio.provenance.shown_values import escape_braces
    from studio.replay import load_recipe, run_again

    control = Control()
    budgets = {"memory_bytes": memory_bytes, "vram_bytes": vram_bytes, "ram_bytes": ram_bytes}
    settings: dict[str, Any] = {**engine, **budgets, "download": download or None}
    with create_studio(**settings, on_disk=not no_cache) as studio, Interrupts(control.cancel):
        found = find_record(file, [read_ledger])
        record = load_recipe(studio, file, found[1] if found else None)
        display = choose_display(quiet=quiet or as_json)
        with display:
            result = run_again(
                studio,
                record,
                folder,
                escape_braces(file.name),
                values=parse_inputs(record.recipe.graph, pairs),
                cache="off" if no_cache else "refresh" if refresh else "use",
                roots=roots,
                node_timeout_seconds=timeout,
                control=control,
                on_event=display.show,
            )
        show_result(result, quiet=quiet, as_json=as_json)
    return EXIT_CODES[result.status]
