"""`studio serve`: answer over HTTP, and the tokens of its clients."""

from __future__ import annotations

import logging
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from studio.cli.answer import answer, find_answer
from studio.cli.interrupts import Interrupts
from studio.cli.main import DONE
from studio.cli.options import BytesType, create_studio, download_option, engine_options, json_option, memory_options
from studio.cli.parameter_types import FiniteRange, PathType
from studio.cli.serve_tokens import token
from studio.errors import RunError
from studio.settings import find_server_folder

if TYPE_CHECKING:
    from studio.server.server import Server

_DAY = 86400.0


@click.group("serve", invoke_without_command=True, no_args_is_help=False)
@click.option("--graphs", type=PathType(), help="Folder of the graphs that clients may run by name.")
@click.option("--ready/--no-ready", "with_ready_graphs", default=None,
              help="Let clients run the included graphs too.  [default: without --graphs]")  # fmt: skip
@click.option("--root", "roots", multiple=True, type=PathType(exists=True, file_okay=False),
              help="Another folder that these graphs may read. May be repeated.")  # fmt: skip
@click.option(
    "--data", type=PathType(), help="Folder of jobs, files and tokens.  [default: ~/.local/share/studio/server]"
)
@click.option(
    "--host", default="127.0.0.1", show_default=True, help="Address to listen at; any but loopback needs a token."
)
@click.option("--port", default=8765, show_default=True, type=click.IntRange(0, 65535), help="Port; 0 for a free one.")
@click.option("--allow-host", "allowed_hosts", multiple=True, metavar="NAME",
              help="Another name of this server, as behind a proxy. May be repeated.")  # fmt: skip
@click.option("--keep", "keep_days", default=7.0, show_default=True, type=FiniteRange(min=0, min_open=True),
              metavar="DAYS", help="How long ended jobs and unused files are kept.")  # fmt: skip
@click.option("--grace", "grace_seconds", default=30.0, show_default=True, type=FiniteRange(min=0), metavar="SECONDS",
              help="How long the running job may take to end when the server stops.")  # fmt: skip
@click.option("--max-queued", "most_queued", default=100_000, show_default=True, type=click.IntRange(1),
              help="How many jobs may wait.")  # fmt: skip
@click.option("--tls-cert", "certificate", type=PathType(), metavar="FILE",
              help="Certificate with its chain, in PEM, for HTTPS.")  # fmt: skip
@click.option("--tls-key", "private_key", type=PathType(), metavar="FILE", help="Key of the certificate, in PEM.")
@click.option("--log-format", type=click.Choice(["text", "json"]),
              help="Lines of the log; also with --json.  [default: text, and none with --json]")  # fmt: skip
@click.option("--stack", "most_stacked", default=8, show_default=True, type=click.IntRange(1), metavar="N",
              help="How many jobs whose nodes can be stacked run together.")  # fmt: skip
@click.option("--workers", default=0, show_default=True, type=click.IntRange(0, 256), metavar="N",
              help="How many processes run jobs, so that a crash costs one job; 0 for the server's own.")  # fmt: skip
@click.option("--max-seconds", "most_seconds", default=86400.0, show_default=True, type=FiniteRange(min=0),
              metavar="SECONDS", help="How long a job may run; 0 for no limit.")  # fmt: skip
@click.option("--max-files", "most_stored_bytes", default="0", type=BytesType(), metavar="SIZE",
              help="How much all files may take; 0 for no limit.  [default: 0]")  # fmt: skip
@click.option("--max-upload", "most_file_bytes", default="4GiB", show_default=True, type=BytesType(), metavar="SIZE",
              help="Size of the largest upload.")  # fmt: skip
@click.option("--allow-webhook", "webhook_hosts", multiple=True, metavar="HOST",
              help="Host, address or network that webhooks may have besides public ones. May be repeated.")  # fmt: skip
@click.option("--model", "models", multiple=True, metavar="NAME=GRAPH",
              help="Another name of a graph for clients of OpenAI's API. May be repeated.")  # fmt: skip
@memory_options
@download_option
@json_option
@engine_options
@click.pass_context
def command(
    ctx: click.Context,
    /,
    graphs: Path | None,
    with_ready_graphs: bool | None,
    roots: tuple[Path, ...],
    data: Path | None,
    keep_days: float,
    as_json: bool,
    memory_bytes: int | None,
    vram_bytes: int | None,
    ram_bytes: int | None,
    download: bool,
    host: str,
    port: int,
    allowed_hosts: tuple[str, ...],
    grace_seconds: float,
    most_queued: int,
    most_file_bytes: int,
    certificate: Path | None,
    private_key: Path | None,
    log_format: Literal["text", "json"] | None,
    most_stacked: int,
    workers: int,
    most_seconds: float,
    most_stored_bytes: int,
    webhook_hosts: tuple[str, ...],
    models: tuple[str, ...],
    **engine: Any,
) -> int:
    """Run graphs as jobs over HTTP.

    Jobs are kept in a folder: a server that was killed resumes them. It answers this machine alone;
    --host opens it to others, and needs a token. SIGTERM and Ctrl-C let the running job end first.
    """
    if ctx.invoked_subcommand is not None:
        ctx.obj = data
        return DONE
    for module in ("fastapi", "uvicorn", "python_multipart"):
        if find_spec(module) is None:
            message = f"studio serve needs {module}, which is not installed"
            raise RunError("E802", message, hint="pip install 'studio[server]'")
    from studio.server.parts import ServerOptions
    from studio.server.server import Server

    budgets: dict[str, Any] = {"memory_bytes": memory_bytes, "vram_bytes": vram_bytes, "ram_bytes": ram_bytes}
    options = ServerOptions(
        data=data or find_server_folder(),
        graphs=graphs,
        with_ready_graphs=with_ready_graphs,
        roots=roots,
        host=host,
        port=port,
        allowed_hosts=allowed_hosts,
        keep_seconds=keep_days * _DAY,
        grace_seconds=grace_seconds,
        most_queued=most_queued,
        most_file_bytes=most_file_bytes,
        most_stacked=most_stacked,
        workers=workers,
        certificate=certificate,
        private_key=private_key,
        most_seconds=most_seconds,
        most_stored_bytes=most_stored_bytes,
        webhook_hosts=webhook_hosts,
        models=_parse_models(models),
    )
    with create_studio(**engine, **budgets, download=download or None) as studio:
        server = Server(studio, options)
        if log_format or not as_json:
            from studio.server.log_lines import log_to

            log_to(logging.StreamHandler(), log_format or "text")
        with Interrupts(server.stop):
            server.run(lambda: _show_start(server, as_json=as_json))
    return DONE


command.add_command(token)


def _parse_models(pairs: tuple[str, ...]) -> dict[str, str]:
    """Return the graphs by their other names."""
    found = {}
    for pair in pairs:
        name, equals, graph = pair.partition("=")
        if not (name and equals and graph):
            raise click.BadParameter(f"{pair!r} is not NAME=GRAPH", param_hint="'--model'")
        found[name] = graph
    return found


def _show_start(server: Server, *, as_json: bool) -> None:
    """Say where the server answers, at once: a program may wait for it."""
    if as_json:
        answer({"url": server.url, "data": str(server.options.data)})
        find_answer().print_line(ok=True)
    else:
        click.echo(f"Studio answers at {server.url}")
    sys.stdout.flush()
