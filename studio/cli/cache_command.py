"""`studio cache`: stats, prune, verify, clear."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from studio.cli.main import DONE, FAILED
from studio.cli.messages import print_json
from studio.cli.options import BytesType, create_studio, json_option
from studio.cli.parameter_types import PathType
from studio.runtime.memory import show_bytes


@click.group("cache")
@click.option("--cache-dir", type=PathType(), help="Folder of the cache.")
@click.pass_context
def command(ctx: click.Context, cache_dir: Path | None) -> None:
    """Show, prune, verify or clear the cache."""
    ctx.obj = cache_dir


def _open(ctx: click.Context) -> Any:
    return create_studio("cpu", ctx.obj, None)


@command.command("stats")
@json_option("Print as JSON.")
@click.pass_context
def show_stats(ctx: click.Context, as_json: bool) -> None:
    """Show the number and the size of the results in the cache."""
    with _open(ctx) as studio:
        disk = studio.cache.disk
        actions, blobs, size = disk.table.measure()
        rows = disk.table.count_by_type()
    if as_json:
        types = {name: {"actions": count, "seconds": seconds} for name, count, seconds in rows}
        totals = {"actions": actions, "blobs": blobs, "bytes": size, "limit_bytes": disk.limit_bytes}
        print_json({"folder": str(disk.folder), **totals, "node_types": types})
        return
    click.echo(f"{disk.folder}\n{actions} results, {blobs} blobs, {show_bytes(size)} of {show_bytes(disk.limit_bytes)}")
    for name, count, seconds in rows:
        click.echo(f"  {name}: {count} results, {seconds:.1f} s of work")


@command.command("prune")
@click.option(
    "--to", "limit", type=BytesType(), default=None, help="Size to keep, such as 5GiB.  [default: the configured limit]"
)
@click.pass_context
def prune(ctx: click.Context, limit: int | None) -> None:
    """Remove the least recently used results, and unfinished files of killed runs."""
    with _open(ctx) as studio:
        disk = studio.cache.disk
        evicted, freed = disk.prune(disk.limit_bytes if limit is None else limit)
        orphans = disk.remove_orphans()
    click.echo(f"evicted {evicted} blobs ({show_bytes(freed)}), removed {orphans} unfinished files")


@command.command("verify")
@click.pass_context
def verify(ctx: click.Context) -> int:
    """Check every file of the cache against its digest, and remove damaged ones; later runs make them again."""
    with _open(ctx) as studio:
        checked = studio.cache.disk.table.measure()[1]
        bad = studio.cache.disk.verify()
    for digest in bad:
        click.echo(f"damaged, removed: {digest}")
    click.echo(f"{checked} blobs checked, {len(bad)} damaged")
    return FAILED if bad else DONE


@command.command("clear")
@click.confirmation_option(prompt="Remove every result from the cache?")
@click.pass_context
def clear(ctx: click.Context) -> None:
    """Remove all results from the cache."""
    with _open(ctx) as studio:
        studio.cache.disk.clear()
    click.echo("the cache is empty")
