"""`studio cache`: stats, prune, verify, clear."""

from __future__ import annotations

from pathlib import Path
from shutil import rmtree
from typing import Any

import click

from studio.cli.answer import answer
from studio.cli.main import DONE, FAILED
from studio.cli.options import BytesType, create_studio, json_option
from studio.cli.parameter_types import PathType
from studio.parts import NOTES_FOLDERS
from studio.runtime.memory import show_bytes

_SPARED_SECONDS = 120.0  # a run may be about to open weights that were used so lately


@click.group("cache")
@click.option("--cache-dir", type=PathType(), help="Folder of the cache.")
@click.pass_context
def command(ctx: click.Context, cache_dir: Path | None) -> None:
    """Show, prune, verify or clear the cache."""
    ctx.obj = cache_dir


def _open(ctx: click.Context) -> Any:
    return create_studio("cpu", ctx.obj, None)


@command.command("stats")
@json_option
@click.pass_context
def show_stats(ctx: click.Context, as_json: bool) -> None:
    """Show the number and the size of the results in the cache, and the weights that runs made."""
    with _open(ctx) as studio:
        disk = studio.cache.disk
        actions, blobs, size = disk.table.measure()
        rows = disk.table.count_by_type()
        kept, names, checkpoints = studio.kept.list_rows(), studio.kept.list_names(), studio.checkpoints.list_rows()
    if as_json:
        types = {name: {"actions": count, "seconds": seconds} for name, count, seconds in rows}
        totals = {"actions": actions, "blobs": blobs, "bytes": size, "limit_bytes": disk.limit_bytes}
        weights = [
            {"reference": f"kept:{row.digest}", "bytes": row.bytes, "names": names.get(row.digest, [])} for row in kept
        ]
        left = [{"fingerprint": row.fingerprint, "bytes": row.bytes} for row in checkpoints]
        more = {"node_types": types, "kept_weights": weights, "checkpoints": left}
        answer({"folder": str(disk.folder), **totals, **more})
        return
    click.echo(f"{disk.folder}\n{actions} results, {blobs} blobs, {show_bytes(size)} of {show_bytes(disk.limit_bytes)}")
    for name, count, seconds in rows:
        click.echo(f"  {name}: {count} results, {seconds:.1f} s of work")
    for row in kept:
        click.echo(f"  kept:{row.digest}: {show_bytes(row.bytes)} {' '.join(names.get(row.digest, []))}".rstrip())
    if checkpoints:
        size = sum(row.bytes for row in checkpoints)
        click.echo(f"  checkpoints of {len(checkpoints)} unfinished calls: {show_bytes(size)}")


@command.command("prune")
@click.option(
    "--to", "limit", type=BytesType(), default=None, help="Size to keep, such as 5GiB.  [default: the configured limit]"
)
@json_option
@click.pass_context
def prune(ctx: click.Context, limit: int | None, as_json: bool) -> None:
    """Remove the least recently used results, and unfinished files of killed runs.

    Weights that runs made and that were used in the last hour, or have a name, stay.
    """
    with _open(ctx) as studio:
        disk = studio.cache.disk
        size = disk.limit_bytes if limit is None else limit
        weights, weights_bytes = studio.kept.evict(size // 2)
        evicted, freed = disk.prune(size)
        orphans = disk.remove_orphans() + studio.kept.remove_leftovers()
        stale, stale_bytes = studio.checkpoints.remove_stale(disk.is_claimed)
    freed += weights_bytes + stale_bytes
    if as_json:
        removed = {"evicted_weights": weights, "removed_checkpoints": stale}
        answer({"evicted_blobs": evicted, "freed_bytes": freed, "removed_files": orphans, **removed})
        return
    made = f", {weights} weights that runs made" if weights else ""
    click.echo(f"evicted {evicted} blobs{made} ({show_bytes(freed)}), removed {orphans} unfinished files")
    if stale:
        click.echo(f"removed the checkpoints of {stale} calls that were not resumed")


@command.command("verify")
@json_option
@click.pass_context
def verify(ctx: click.Context, as_json: bool) -> int:
    """Check every file of the cache against its digest, and remove damaged ones; later runs make them again."""
    with _open(ctx) as studio:
        checked = studio.cache.disk.table.measure()[1]
        kept = len(studio.kept.list_rows())
        bad = [*studio.cache.disk.verify(), *(f"kept:{digest}" for digest in studio.kept.verify())]
    if as_json:
        answer({"checked_blobs": checked, "checked_weights": kept, "damaged": bad})
    else:
        for digest in bad:
            click.echo(f"damaged, removed: {digest}")
        made = f" and {kept} weights that runs made" if kept else ""
        click.echo(f"{checked} blobs{made} checked, {len(bad)} damaged")
    return FAILED if bad else DONE


@command.command("clear")
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
@click.pass_context
def clear(ctx: click.Context, yes: bool, as_json: bool) -> None:
    """Remove all results, and the notes on plugins and written files. Files in output folders stay.

    Weights that runs made go too, unless they have a name or were used just now.

    Without --yes the command asks first.
    """
    with _open(ctx) as studio:
        if not yes:
            click.confirm("Remove all results from the cache?", abort=True, err=True)
        actions, blobs, size = studio.cache.disk.table.measure()
        studio.cache.disk.clear()
        weights, weights_bytes = studio.kept.evict(0, spare_seconds=_SPARED_SECONDS)
        studio.checkpoints.remove_stale(studio.cache.disk.is_claimed, 0.0)
        for name in NOTES_FOLDERS:
            rmtree(studio.settings.cache_dir / name, ignore_errors=True)
    if as_json:
        freed = size + weights_bytes
        answer({"removed_results": actions, "removed_blobs": blobs, "removed_weights": weights, "freed_bytes": freed})
    else:
        click.echo("the cache is empty")
