"""`studio serve token`: add, list and remove the tokens of a server's clients."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import click

from studio.cli.answer import answer
from studio.cli.options import BytesType, json_option
from studio.cli.parameter_types import PathType
from studio.settings import find_server_folder

F = TypeVar("F", bound=Callable[..., Any])

SCOPES = ("run", "read", "admin")


def _data_option(function: F) -> F:
    return click.option("--data", type=PathType(), help="Folder of the server.")(function)


@contextmanager
def _open_tokens(ctx: click.Context, data: Path | None) -> Iterator[Any]:
    """Open the tokens of a server, which may run."""
    from studio.server.job_file import JobFile
    from studio.server.token_store import TokenStore

    file = JobFile(data or ctx.obj or find_server_folder())
    try:
        yield TokenStore(file)
    finally:
        file.close()


@click.group("token")
def token() -> None:
    """Add, list or remove tokens. A running server knows at once.

    The scope `run` submits jobs and sees its own, `read` sees all and submits none, `admin` does everything.
    """


@token.command("add")
@click.argument("name")
@click.option("--scope", type=click.Choice(SCOPES), default="run", show_default=True, help="What it allows.")
@click.option("--max-queued", "most_queued", type=click.IntRange(1), metavar="N",
              help="How many of its jobs may wait.  [default: 10000; of admin no limit of its own]")  # fmt: skip
@click.option("--max-priority", "highest_priority", type=click.IntRange(-100, 100), metavar="N",
              help="Highest priority of its jobs.  [default: 0; of admin 100]")  # fmt: skip
@click.option("--max-files", "most_bytes", type=BytesType(), metavar="SIZE",
              help="How much its files may take.  [default: no limit]")  # fmt: skip
@_data_option
@json_option
@click.pass_context
def add(
    ctx: click.Context,
    name: str,
    scope: str,
    most_queued: int | None,
    highest_priority: int | None,
    most_bytes: int | None,
    data: Path | None,
    as_json: bool,
) -> None:
    """Add a token NAME, and print it. It is stored as a hash, and cannot be printed again."""
    from studio.server.token_store import Scope, create_limits

    limits = create_limits(Scope(scope), most_queued, highest_priority, most_bytes)
    with _open_tokens(ctx, data) as tokens:
        secret = tokens.add(name, Scope(scope), limits)
    if as_json:
        answer({"name": name, "scope": scope, "token": secret})
    else:
        click.echo(secret)


@token.command("list")
@_data_option
@json_option
@click.pass_context
def list_tokens(ctx: click.Context, data: Path | None, as_json: bool) -> None:
    """List the names of the tokens, their scopes and when they were added."""
    with _open_tokens(ctx, data) as tokens:
        found = tokens.list_tokens()
    if as_json:
        answer([{"name": one.name, "scope": one.scope, "made": one.made} for one in found])
        return
    for one in found:
        click.echo(f"{one.name:20} {one.scope:6} {time.strftime('%Y-%m-%d %H:%M', time.localtime(one.made))}")


@token.command("remove")
@click.argument("name")
@_data_option
@json_option
@click.pass_context
def remove(ctx: click.Context, name: str, data: Path | None, as_json: bool) -> None:
    """Remove the token NAME. Its jobs stay."""
    with _open_tokens(ctx, data) as tokens:
        tokens.remove(name)
    if as_json:
        answer({"removed": name})
    else:
        click.echo(f"removed {name}")
