"""`studio batch`: run a graph over a table of items, show how far a batch is, and export its ledger."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from studio.batch.item import ItemState
from studio.cli.answer import answer, find_answer
from studio.cli.batch_inspection import describe_summary, export_command, status_command
from studio.cli.batch_items import ItemOptions, find_groups
from studio.cli.batch_merging import merge_command
from studio.cli.batch_workers import count_workers, open_workers
from studio.cli.interrupts import Interrupts
from studio.cli.main import CANCELLED, DONE, FAILED, PARTLY
from studio.cli.messages import show_failure, show_warning
from studio.cli.options import (
    cache_use_options,
    create_studio,
    credential_options,
    download_option,
    engine_options,
    json_option,
    memory_options,
    parse_inputs,
    timeout_option,
)
from studio.cli.parameter_types import FiniteRange, PathType
from studio.cli.warning_display import quiet_option
from studio.errors import RunError, StudioError
from studio.files import resolve_path

if TYPE_CHECKING:
    from studio.app import Studio
    from studio.batch.batch import Batch
    from studio.batch.item_import import ImportSummary
    from studio.batch.item_rows import Summary
    from studio.batch.ledger import Ledger
    from studio.batch.run import BatchRun
    from studio.cli.batch_display import BatchDisplay

_ADDRESS = re.compile(r"auto|local|ray://\S+|[^\s/]+:\d+")
_ITEM_OPTIONS = ("files", "outputs", "zips", "products", "repeat", "seed_from", "seed_input", "limit", "name_column")
_ENGINE_OPTIONS = ("device", "dtype", "cache_dir", "cache_url", "plugins_dir")


class _BatchGroup(click.Group):
    """`studio batch GRAPH ...` is short for `studio batch run GRAPH ...`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the command line; any word that is neither an option of all commands nor a subcommand begins a run."""
        own = {name for param in self.get_params(ctx) for name in param.opts}
        place = next((place for place, word in enumerate(args) if word not in own), len(args))
        if place < len(args) and args[place] not in self.commands:
            args = [*args[:place], "run", *args[place:]]
        return super().parse_args(ctx, args)


class _RunCommand(click.Command):
    """`--ray` takes the next word only if it looks like an address: it may be the table."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the command line."""
        end = args.index("--") if "--" in args else len(args)
        for place in range(end):
            if args[place] == "--ray":
                follows = args[place + 1] if place + 1 < end else ""
                args[place] = "--ray" if _ADDRESS.fullmatch(follows) else "--ray="
        return super().parse_args(ctx, args)


@click.group("batch", cls=_BatchGroup, no_args_is_help=True, subcommand_metavar="GRAPH [ITEMS] -o DIR | COMMAND ...")
def command() -> None:
    """Run a graph over many items: `studio batch GRAPH ITEMS -o DIR`.

    The same command resumes the batch where it stopped. `studio batch run --help` lists the options.
    """


command.add_command(status_command)
command.add_command(export_command)
command.add_command(merge_command)


@command.command("run", cls=_RunCommand)
@click.argument("graph", type=PathType())
@click.argument("table", required=False, type=PathType(), metavar="[ITEMS]")
@click.option(
    "-o", "--output", "folder", type=PathType(), default=Path("out"), show_default=True,
    help="Folder for the files and the ledger.",
)  # fmt: skip
@click.option(
    "--files",
    multiple=True,
    metavar="NAME=PATTERN",
    help="Make an item for each matching file: photo='in/**/*.jpg'. May be repeated.",
)
@click.option(
    "--outputs",
    multiple=True,
    metavar="NAME=DIR",
    help="Make an item for each file that a batch or a run wrote. May be repeated.",
)
@click.option(
    "--zip",
    "zips",
    multiple=True,
    metavar="NAME=A,B,C",
    help="Make an item for each value; values of several --zip go together in order. May be repeated.",
)
@click.option(
    "--product",
    "products",
    multiple=True,
    metavar="NAME=A,B,C",
    help="Make every item once for each value. May be repeated.",
)
@click.option(
    "--repeat", type=click.IntRange(min=1), metavar="N", help="Make every item N times, each with another seed."
)
@click.option("--seed-from", type=int, metavar="S", help="First seed of --repeat.  [default: 0]")
@click.option(
    "--seed-input",
    default="seed",
    show_default=True,
    metavar="NAME",
    help="Input of seeds of --repeat and --reseed.",
)
@click.option(
    "--limit", type=click.IntRange(min=1), metavar="N", help="Largest number of files that --files may match."
)
@click.option(
    "--name-column", default="name", show_default=True, metavar="NAME", help="Column with the names of items."
)
@click.option(
    "--set",
    "-s",
    "pairs",
    multiple=True,
    metavar="NAME=VALUE",
    help="Value of an input for all items; NAME=@PATH reads a file. May be repeated.",
)
@click.option("--root", "roots", multiple=True, type=PathType(exists=True, file_okay=False),
              help="Another folder that the graph may read. May be repeated.")  # fmt: skip
@click.option("--filename-template", "--name", "template", default="", metavar="TEMPLATE",
              help="Template of the names of files, such as {item.name}_{seed:04d}_{output}.{ext}.")  # fmt: skip
@click.option("--only", multiple=True, metavar="OUTPUT",
              help="Make only this output, or this node's result. May be repeated.")  # fmt: skip
@click.option("--workers", type=click.IntRange(min=0), metavar="N", default=None,
              help="Worker processes; 0 runs the items in this process.  [default: 1, or one per GPU]")  # fmt: skip
@click.option("--ray", "ray_address", is_flag=False, flag_value="", default=None, metavar="[ADDRESS]",
              help="Run on a Ray cluster: --ray HOST:PORT, or --ray alone for a cluster on this machine.")  # fmt: skip
@click.option("--ray-gpus", type=FiniteRange(min=0), metavar="N", help="GPUs of each Ray worker, such as 1 or 0.5.")
@click.option(
    "--ray-tag",
    "ray_tags",
    multiple=True,
    metavar="NAME[=N]",
    help="Custom resource that a Ray worker needs. May be repeated.",
)
@click.option(
    "--window",
    type=click.IntRange(min=1),
    default=16,
    metavar="N",
    show_default=True,
    help="Items that a worker has at a time. They share models and equal results; more need more memory.",
)
@timeout_option
@click.option("--on-error", type=click.Choice(["continue", "stop"]), default="continue", show_default=True,
              help="What to do when an item fails.")  # fmt: skip
@click.option(
    "--retries", type=click.IntRange(min=0), default=0, metavar="N", help="How often to try a failed item again."
)
@click.option("--retry-failed", is_flag=True, help="Run the items that failed or were held in an earlier run.")
@click.option("--reseed", type=click.IntRange(min=0), default=0, metavar="N",
              help="How often to run an item again whose checks do not pass, each time with another seed.")  # fmt: skip
@click.option(
    "--gallery/--no-gallery", default=True, show_default=True, help="Write gallery.html while the batch runs."
)
@click.option("--contact-sheet", "sheets", is_flag=True, help="At the end, also write contact sheets of the images.")
@click.option("--check", is_flag=True, help="Check the items and stop.")
@click.option(
    "--estimate", is_flag=True, help="Estimate the time and the size of the files of the remaining items, and stop."
)
@click.option("--first", type=click.IntRange(min=1), metavar="N", help="Run at most N items.")
@click.option(
    "--shard",
    "shard_text",
    metavar="I/N",
    help="Run only items of part I of N, such as 1/3; for machines without a shared folder.",
)
@cache_use_options
@memory_options
@download_option
@credential_options
@quiet_option
@json_option
@engine_options
def run_command(graph: Path, table: Path | None, folder: Path, **options: Any) -> int:
    """Run GRAPH for each of ITEMS; write the files and a ledger.

    ITEMS is a .csv, .tsv, .jsonl, .ndjson or .parquet file whose columns are the graph's inputs. `-` reads JSON Lines
    from standard input. Each row is an item; --product, --files and --repeat multiply the items. All items are checked
    before the first runs.

    Exit codes: 0 done, 1 failed, 2 invalid graph, items or usage, 3 partly done, 70 a bug in Studio, 130 cancelled,
    141 the reader of the output ended, 143 cancelled by SIGTERM.
    """
    engine = {name: options[name] for name in _ENGINE_OPTIONS}
    more = {name: options[name] for name in ("memory_bytes", "vram_bytes", "ram_bytes", "sign", "strip")}
    more["download"] = options["download"] or None
    with create_studio(**engine, **more, on_disk=not options["no_cache"]) as studio:
        batch = _create_batch(studio, graph, table, folder, options)
        if options["estimate"]:
            return _estimate(batch, folder, options)
        if options["check"]:
            return _check(batch, folder, options)
        return _run(batch, folder, options)


def _create_batch(studio: Studio, graph: Path, table: Path | None, folder: Path, options: dict[str, Any]) -> Batch:
    from studio.batch.batch import Batch
    from studio.batch.shard import parse_shard
    from studio.batch.spec import create_spec
    from studio.graph.given import write_inputs

    parsed = studio.load(graph)
    given = parse_inputs(parsed, options["pairs"])
    spec = create_spec(
        parsed,
        folder,
        template=options["template"],
        roots=tuple(str(resolve_path(root)) for root in options["roots"]),
        only=options["only"] or None,
        cache="off" if options["no_cache"] else "refresh" if options["refresh"] else "use",
        node_timeout_seconds=options["timeout"],
        window=options["window"],
        reseed=options["reseed"],
        seed_input=options["seed_input"],
    )
    groups = find_groups(studio, parsed, table, ItemOptions(**{name: options[name] for name in _ITEM_OPTIONS}))
    shard = parse_shard(options["shard_text"]) if options["shard_text"] is not None else None
    return Batch(studio, spec, groups, given=write_inputs(given), name_column=options["name_column"], shard=shard)


@contextmanager
def _open_unchanged(folder: Path) -> Iterator[Ledger]:
    """Yield the ledger of a folder, or an empty one elsewhere; nothing is written into the folder."""
    from tempfile import TemporaryDirectory

    from studio.batch.ledger import LEDGER_NAME, Ledger

    with TemporaryDirectory(prefix="studio-check-") as other:
        place = folder if (folder / LEDGER_NAME).is_file() else Path(other)
        with Ledger(place, create=True) as ledger:
            yield ledger


def _check(batch: Batch, folder: Path, options: dict[str, Any]) -> int:
    """Check the items, and show what a batch would do."""
    with _open_unchanged(folder) as ledger:
        imported = batch.import_items(ledger, keep=False)
    if options["as_json"]:
        answer(describe_import(imported))
    _show_import(imported, options)
    return DONE


def _estimate(batch: Batch, folder: Path, options: dict[str, Any]) -> int:
    """Show how long the rest takes and how large its files are."""
    from studio.batch.estimate import estimate_batch
    from studio.cli.batch_estimate import show_estimate

    count = options["workers"] if options["workers"] is not None else count_workers(batch.studio)
    with _open_unchanged(folder) as ledger:
        retry_failed = options["retry_failed"]
        estimate = estimate_batch(batch, ledger, workers=max(1, count), retry_failed=retry_failed)
    if options["as_json"]:
        answer(estimate.to_json())
    else:
        _show_import(estimate.imported, options)
        show_estimate(estimate)
    return DONE


def _run(batch: Batch, folder: Path, options: dict[str, Any]) -> int:
    from studio.batch.ledger import Ledger

    with Ledger(folder, create=True) as ledger:
        _show_import(batch.import_items(ledger), options)
        if options["retry_failed"]:
            ledger.retry_failed()
        seconds, cancelled, replaced = _run_items(batch, ledger, folder, options)
        if options["sheets"] and not cancelled:
            _write_sheets(batch.studio, folder)
        summary = ledger.summary()
    _show_summary(summary, folder, seconds, options)
    if cancelled:
        return CANCELLED
    return PARTLY if replaced else _find_exit_code(summary)


def _run_items(batch: Batch, ledger: Ledger, folder: Path, options: dict[str, Any]) -> tuple[float, bool, bool]:
    """Run the items; return how many seconds that took, and whether it was cancelled or the table was replaced."""
    from studio.batch.run import Policy
    from studio.cli.batch_display import BatchDisplay

    with open_workers(batch, options) as (start, workers):
        policy = Policy(options["on_error"], options["retries"], most_items=options["first"])
        ledger.store(workers=max(1, workers))
        run = batch.create_run(ledger, workers=workers, policy=policy, start=start)
        display = BatchDisplay(ledger, run, quiet=options["quiet"] or options["as_json"])
        with (
            open_gallery(folder, batch.studio, wanted=options["gallery"], quiet=options["quiet"]),
            Interrupts(run.cancel),
            display,
        ):
            replaced = _show_items(run, display)
    for text in run.cache_errors if not options["quiet"] else ():
        show_warning(text)
    return display.seconds, run.cancelled, replaced


def _show_items(run: BatchRun, display: BatchDisplay) -> bool:
    """Run the items, and show each that ends; return whether the table was replaced by another."""
    try:
        for item, result in run.run():
            display.show(item, result)
    except RunError as error:
        if error.code != "E744":
            raise
        show_failure(error, find_answer())
        return True
    return False


def _show_import(imported: ImportSummary, options: dict[str, Any]) -> None:
    if not options["quiet"] and not options["as_json"]:
        parts = f"{imported.added} new, {imported.changed} changed, {imported.kept} as before, {imported.removed} gone"
        click.echo(f"{imported.total} item{'s' * (imported.total != 1)}: {parts}", err=True)


def describe_import(imported: ImportSummary) -> dict[str, int]:
    """Return which items there are, as plain JSON."""
    return {
        "total": imported.total,
        "new": imported.added,
        "changed": imported.changed,
        "as_before": imported.kept,
        "gone": imported.removed,
    }


def _show_summary(summary: Summary, folder: Path, seconds: float, options: dict[str, Any]) -> None:
    from studio.cli.batch_display import show_summary

    if options["as_json"]:
        answer(describe_summary(summary))
    elif not options["quiet"]:
        show_summary(summary, folder, seconds)


@contextmanager
def open_gallery(folder: Path, studio: Studio, *, wanted: bool, quiet: bool = False) -> Iterator[None]:
    """Keep the gallery up to date; an error in it is a warning, and the batch goes on."""
    from studio.batch.gallery import GalleryWriter

    if not wanted:
        yield
        return
    with GalleryWriter(folder, studio.settings.media) as writer:
        yield
    if writer.error is not None and not quiet:
        show_warning(writer.error)


def _write_sheets(studio: Studio, folder: Path) -> None:
    from studio.batch.contact_sheets import write_contact_sheets

    try:
        written = write_contact_sheets(studio, folder)
    except StudioError as error:  # the items are written
        show_warning(error)
        return
    if not find_answer().as_json:
        click.echo(f"contact sheets: {len(written)} in {folder / 'contact_sheets'}", err=True)


def _find_exit_code(summary: Summary) -> int:
    counts = summary.counts
    if counts[ItemState.FAILED]:
        return PARTLY if counts[ItemState.DONE] or counts[ItemState.HELD] else FAILED
    unfinished = (ItemState.PENDING, ItemState.RUNNING, ItemState.HELD)
    return PARTLY if any(counts[state] for state in unfinished) else DONE
