"""`studio mcp`: graphs as tools of the Model Context Protocol, over standard input and output."""

from __future__ import annotations

import logging
import tempfile
from contextlib import ExitStack
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import click

from studio.cli.interrupts import Interrupts
from studio.cli.main import DONE
from studio.cli.options import create_studio, download_option, engine_options, json_option, memory_options
from studio.cli.output import find_own_output
from studio.cli.parameter_types import PathType
from studio.errors import RunError


@click.command("mcp")
@click.option("--graphs", type=PathType(), help="Folder of the graphs that are tools.")
@click.option("--ready/--no-ready", "with_ready_graphs", default=None,
              help="Offer the included graphs too.  [default: without --graphs]")  # fmt: skip
@click.option("--root", "roots", multiple=True, type=PathType(exists=True, file_okay=False),
              help="Another folder that these graphs may read. May be repeated.")  # fmt: skip
@click.option("--files", "folders", multiple=True, type=PathType(exists=True, file_okay=False),
              help="Folder whose files the client may name. May be repeated.")  # fmt: skip
@click.option("-o", "--output", type=PathType(), help="Folder that the files which are made are copied to.")
@click.option("--data", type=PathType(), help="Folder of jobs and files.  [default: one that is removed at the end]")
@memory_options
@download_option
@json_option
@engine_options
def command(
    graphs: Path | None,
    with_ready_graphs: bool | None,
    roots: tuple[Path, ...],
    folders: tuple[Path, ...],
    output: Path | None,
    data: Path | None,
    as_json: bool,
    memory_bytes: int | None,
    vram_bytes: int | None,
    ram_bytes: int | None,
    download: bool,
    **engine: Any,
) -> int:
    """Offer graphs as tools to the program that starts this command.

    It speaks the Model Context Protocol over standard input and output. `studio serve` does so at /mcp. Results stay
    in the cache; without --data, jobs and files are forgotten when the program ends.
    """
    if as_json:
        raise click.UsageError("studio mcp has no --json: its standard output belongs to the client")
    for module in ("mcp", "fastapi", "uvicorn", "python_multipart"):
        if find_spec(module) is None:
            message = f"studio mcp needs {module}, which is not installed"
            raise RunError("E802", message, hint="pip install 'studio[mcp]'")
    from studio.server.parts import Parts, ServerOptions
    from studio.server.server import Server

    budgets: dict[str, Any] = {"memory_bytes": memory_bytes, "vram_bytes": vram_bytes, "ram_bytes": ram_bytes}
    with ExitStack() as stack:
        folder = data or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="studio-mcp-")))
        options = ServerOptions(
            data=folder, graphs=graphs, with_ready_graphs=with_ready_graphs, roots=roots, port=None, grace_seconds=1.0
        )
        studio = stack.enter_context(create_studio(**engine, **budgets, download=download or None))
        server = Server(studio, options)
        from studio.server.mcp_face.stdio import serve_stdio

        async def answer(parts: Parts) -> None:
            await serve_stdio(parts, find_own_output(), folders=folders, output=output)

        logging.getLogger("mcp").setLevel(logging.ERROR)
        with Interrupts(server.stop):
            server.run_with(answer)
    return DONE
