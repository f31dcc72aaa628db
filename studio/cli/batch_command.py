"""`studio batch`: run a graph over a table of items; and look at what became of them."""

from __future__ import annotations

import csv
import json
import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from studio.batch.item import CURRENT_STATES, ItemState
from studio.cli.main import CANCELLED, DONE, FAILED, PARTLY
from studio.cli.options import BytesType, create_studio, engine_options, json_option, parse_inputs
from studio.errors import StudioError, UsageError

if TYPE_CHECKING:
    from studio.app import Studio
    from studio.batch.batch import Batch
    from studio.batch.groups import Group
    from studio.batch.item_import import ImportSummary
    from studio.batch.item_rows import ItemRow, Summary
    from studio.batch.run import StartWorker
    from studio.graph import Graph

_ADDRESS = re.compile(r"auto|local|ray://\S+|[^\s/]+:\d+")


class _Batches(click.Group):
    """`studio batch GRAPH ...` runs; `studio batch status DIR` and the like look."""

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        """Find a subcommand; what is none is a graph."""
        if args and args[0] not in self.commands:
            args = ["run", *args]
        return super().resolve_command(ctx, args)


class _RunCommand(click.Command):
    """`--ray` takes the word after it only if that reads like an address: it may be the table."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the command line."""
        end = args.index("--") if "--" in args else len(args)
        for place in range(end):
            if args[place] == "--ray":
                follows = args[place + 1] if place + 1 < end else ""
                args[place] = "--ray" if _ADDRESS.fullmatch(follows) else "--ray="
        return super().parse_args(ctx, args)


@click.group("batch", cls=_Batches, no_args_is_help=True, subcommand_metavar="GRAPH [ITEMS] -o DIR | COMMAND ...")
def command() -> None:
    """Run a graph over many items: `studio batch GRAPH ITEMS -o DIR`.

    The same command again goes on where it stopped. `studio batch run --help` lists the options.
    """


@command.command("run", cls=_RunCommand)
@click.argument("graph", type=click.Path(path_type=Path))
@click.argument("table", required=False, type=click.Path(path_type=Path), metavar="[ITEMS]")
@click.option(
    "-o", "--output", "folder", type=click.Path(path_type=Path), default=Path("out"), show_default=True,
    help="Folder for the files and the ledger.",
)  # fmt: skip
@click.option(
    "--files", multiple=True, metavar="NAME=PATTERN", help="An item for each file, as in photo='in/**/*.jpg'."
)
@click.option("--outputs", multiple=True, metavar="NAME=DIR", help="An item for each file that a batch or a run wrote.")
@click.option("--zip", "zips", multiple=True, metavar="NAME=A,B,C", help="Values that go together with other --zip.")
@click.option("--product", "products", multiple=True, metavar="NAME=A,B,C", help="Every value with every item.")
@click.option("--repeat", type=click.IntRange(min=1), metavar="N", help="Every item N times, with its own seed.")
@click.option("--seed-from", type=int, metavar="S", help="The first seed of --repeat.  [default: 0]")
@click.option("--seed-input", default="seed", show_default=True, metavar="NAME", help="The input that --repeat counts.")
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="At most so many files of --files.")
@click.option("--name-column", default="name", show_default=True, help="The column that names items.")
@click.option("--set", "-s", "pairs", multiple=True, metavar="NAME=VALUE", help="A value that all items share.")
@click.option("--root", "roots", multiple=True, type=click.Path(path_type=Path, exists=True, file_okay=False),
              help="A further folder that the graph may read.")  # fmt: skip
@click.option("--name", "template", default="", metavar="TEMPLATE",
              help="Names of the files, such as {item.name}_{seed:04d}_{output}.{ext}.")  # fmt: skip
@click.option("--only", multiple=True, metavar="OUTPUT", help="Make this output only. May be repeated.")
@click.option("--workers", type=click.IntRange(min=0), metavar="N", default=None,
              help="Worker processes; 0 works in this one.  [default: 1, or one per GPU]")  # fmt: skip
@click.option("--ray", "ray_address", is_flag=False, flag_value="", default=None, metavar="[ADDRESS]",
              help="Work on a Ray cluster: --ray HOST:PORT, or --ray alone for one on this machine.")  # fmt: skip
@click.option("--ray-gpus", type=click.FloatRange(min=0), metavar="N", help="GPUs of each Ray worker; 0.5 for half.")
@click.option("--ray-tag", "ray_tags", multiple=True, metavar="NAME[=N]", help="A resource that a Ray worker needs.")
@click.option("--window", type=click.IntRange(min=1), default=16, show_default=True, help="Most items in one worker.")
@click.option("--timeout", type=click.FloatRange(min=0, min_open=True), metavar="SECONDS",
              help="A node that takes longer fails.")  # fmt: skip
@click.option("--on-error", type=click.Choice(["continue", "stop"]), default="continue", show_default=True)
@click.option("--retries", type=click.IntRange(min=0), default=0, metavar="N", help="Try failed items again, later.")
@click.option("--retry-failed", is_flag=True, help="Do items again that failed in an earlier run.")
@click.option("--gallery/--no-gallery", default=True, show_default=True, help="Write gallery.html as the batch goes.")
@click.option("--contact-sheet", "sheets", is_flag=True, help="At the end, lay the pictures out on large ones, too.")
@click.option("--check", is_flag=True, help="Check the items and stop.")
@click.option("--no-cache", is_flag=True, help="Neither look anything up nor keep anything.")
@click.option("--refresh", is_flag=True, help="Run every node, and keep the results.")
@click.option("--memory", type=BytesType(), metavar="SIZE", help="Budget of the cache's in-memory tier.")
@click.option("--download", is_flag=True, help="Fetch models that are missing from the hub.")
@click.option("--quiet", "-q", is_flag=True, help="Say nothing but errors.")
@json_option("Print the summary as JSON.")
@engine_options
def run_command(graph: Path, table: Path | None, folder: Path, **options: Any) -> int:
    """Run GRAPH over ITEMS, and write files and a ledger.

    ITEMS is a .csv, .tsv, .jsonl, .ndjson or .parquet file whose columns are the graph's inputs; - reads JSON Lines.
    Columns go together; --product, --files and --repeat multiply. Everything is checked before anything runs.

    Exit codes: 0 done, 1 failed, 2 invalid graph, items or usage, 3 partly done, 130 cancelled.
    """
    from studio.batch.batch import Batch
    from studio.batch.spec import create_spec

    engine = {name: options.pop(name) for name in ("device", "cache_dir", "cache_url", "plugins_dir")}
    more = {"memory_bytes": options["memory"], "download": options["download"] or None}
    with create_studio(**engine, **more, on_disk=not options["no_cache"]) as studio:
        parsed = studio.load(graph)
        given = parse_inputs(parsed, options["pairs"])
        spec = create_spec(
            parsed,
            folder,
            template=options["template"],
            roots=tuple(str(root.resolve()) for root in options["roots"]),
            only=options["only"] or None,
            cache="off" if options["no_cache"] else "refresh" if options["refresh"] else "use",
            node_timeout_seconds=options["timeout"],
            window=options["window"],
        )
        groups = find_groups(studio, parsed, table, options)
        batch = Batch(studio, spec, groups, given=_describe_given(given), name_column=options["name_column"])
        return _run(batch, folder, options)


def _run(batch: Any, folder: Path, options: dict[str, Any]) -> int:
    from studio.batch.ledger import Ledger
    from studio.batch.run import Policy
    from studio.cli.batch_display import BatchDisplay, show_summary

    told = not options["quiet"] and not options["as_json"]
    if options["check"]:
        return _check(batch, folder, told=told)
    with Ledger(folder, create=True) as ledger:
        _show_import(batch.import_items(ledger), told=told)
        if options["retry_failed"]:
            ledger.retry_failed()
        with open_workers(batch, options) as (start, workers):
            policy = Policy(options["on_error"], options["retries"])
            run = batch.create_run(ledger, workers=workers, policy=policy, start=start)
            display = BatchDisplay(ledger, run, quiet=options["quiet"] or options["as_json"])
            with open_gallery(folder, batch.studio, wanted=options["gallery"]), _Interrupts(run), display:
                for item, result in run.run():
                    display.show(item, result)
        if options["sheets"] and not run.cancelled:
            _write_sheets(batch.studio, folder)
        summary = ledger.summary()
        if options["as_json"]:
            click.echo(json.dumps(_to_json(summary), ensure_ascii=False, indent=1))
        elif not options["quiet"]:
            show_summary(summary, folder, display.seconds)
        if run.cancelled:
            return CANCELLED
        return _find_code(summary)


def _check(batch: Batch, folder: Path, *, told: bool) -> int:
    """Check the items, and say what a batch would do; nothing is written into its folder."""
    from tempfile import TemporaryDirectory

    from studio.batch.ledger import LEDGER_NAME, Ledger

    with TemporaryDirectory(prefix="studio-check-") as other:
        place = folder if (folder / LEDGER_NAME).is_file() else Path(other)
        with Ledger(place, create=True) as ledger:
            _show_import(batch.import_items(ledger, keep=False), told=told)
    return DONE


def _show_import(imported: ImportSummary, *, told: bool) -> None:
    if told:
        parts = f"{imported.added} new, {imported.changed} changed, {imported.kept} as before, {imported.removed} gone"
        click.echo(f"{imported.total} items: {parts}", err=True)


@contextmanager
def open_workers(batch: Batch, options: dict[str, Any]) -> Iterator[tuple[StartWorker | None, int]]:
    """Give what starts workers, None for processes on this machine, and how many there should be.

    Raises:
        UsageError: E749 if an option of Ray cannot be used, E759 if Ray is not installed.
        RunError: E761 if there is no cluster at that address.
    """
    count = options["workers"]
    if options["ray_address"] is None:
        if options["ray_tags"] or options["ray_gpus"] is not None:
            raise UsageError("E749", "--ray-gpus and --ray-tag are for --ray", hint="add --ray")
        yield None, count if count is not None else _count_workers(batch.studio)
        return
    from studio.batch.ray_cluster import ClusterOptions, open_cluster

    tags = dict(_parse_tag(text) for text in options["ray_tags"])
    wanted = ClusterOptions(options["ray_address"], count or None, gpus=options["ray_gpus"], tags=tags)
    with open_cluster(batch, wanted) as found:
        yield found


def _parse_tag(text: str) -> tuple[str, float]:
    name, _, amount = text.partition("=")
    try:
        number = float(amount or 1)
    except ValueError:
        number = 0.0
    if not name or not 0 < number < float("inf"):
        raise UsageError("E749", f"{text!r} is no resource", where="--ray-tag", hint="--ray-tag NAME or NAME=AMOUNT")
    return name, number


@contextmanager
def open_gallery(folder: Path, studio: Studio, *, wanted: bool) -> Iterator[None]:
    """Keep the gallery up to date; what goes wrong with it is a warning, and the batch goes on."""
    from studio.batch.gallery import GalleryWriter

    if not wanted:
        yield
        return
    with GalleryWriter(folder, studio.settings.media) as writer:
        yield
    if writer.error is not None:
        click.echo(f"warning: {writer.error}", err=True)


def _write_sheets(studio: Studio, folder: Path) -> None:
    from studio.batch.contact_sheets import write_contact_sheets

    try:
        written = write_contact_sheets(studio, folder)
    except StudioError as error:  # the items are there
        click.echo(f"warning: {error}", err=True)
        return
    click.echo(f"contact sheets: {len(written)} in {folder / 'contact_sheets'}", err=True)


def _count_workers(studio: Studio) -> int:
    from studio.runtime.devices import count_cuda

    return max(1, count_cuda()) if studio.settings.device in ("auto", "cuda") else 1


def _find_code(summary: Summary) -> int:
    if summary.counts[ItemState.FAILED]:
        return PARTLY if summary.counts[ItemState.DONE] else FAILED
    return PARTLY if summary.counts[ItemState.PENDING] or summary.counts[ItemState.RUNNING] else DONE


class _Interrupts:
    """Ctrl-C gives back what is in flight and ends the batch; a second one ends the program at once."""

    def __init__(self, run: Any) -> None:
        self._run = run
        self._old: dict[int, Any] = {}

    def __enter__(self) -> None:
        import signal

        for number in (signal.SIGINT, signal.SIGTERM):
            self._old[number] = signal.signal(number, self._handle)

    def __exit__(self, *_: object) -> None:
        import signal

        for number, old in self._old.items():
            signal.signal(number, old)

    def _handle(self, number: int, frame: object) -> None:
        if self._run.cancelled:
            import os

            os._exit(CANCELLED)
        self._run.cancel()


# -- items -------------------------------------------------------------------------------------------------


def find_groups(studio: Studio, graph: Graph, table: Path | None, options: dict[str, Any]) -> list[Group]:
    """Return the groups of items that the command line asks for; they multiply.

    Raises:
        UsageError: E740 if there is nothing to read, E749 if an option cannot be used.
    """
    from studio.batch.found_files import find_files, find_outputs
    from studio.batch.groups import repeat, zip_columns
    from studio.batch.tables import open_table

    groups: list[Group] = []
    if table is not None:
        groups.append(open_table(table, name_column=options["name_column"]))
    for name, pattern in _split(options["files"], "--files"):
        groups.append(find_files(name, pattern, limit=options["limit"]))
    for name, place in _split(options["outputs"], "--outputs"):
        groups.append(find_outputs(name, Path(place), extensions=_find_extensions(studio, graph, name)))
    zips = {name: parse_list(text) for name, text in _split(options["zips"], "--zip")}
    if zips:
        groups.append(zip_columns(zips, "--zip"))
    for name, text in _split(options["products"], "--product"):
        groups.append(zip_columns({name: parse_list(text)}, "--product"))
    if options["repeat"]:
        counts = options["seed_input"] in graph.document.inputs
        if not counts and options["seed_from"] is not None:
            hint = "name the input with --seed-input"
            raise UsageError("E749", f"the graph has no input {options['seed_input']!r} to count", hint=hint)
        first = options["seed_from"] or 0
        groups.append(repeat(options["repeat"], options["seed_input"] if counts else None, first))
    return groups


def _split(pairs: Sequence[str], option: str) -> Iterator[tuple[str, str]]:
    for pair in pairs:
        name, equals, text = pair.partition("=")
        if not equals or not name or not text:
            raise UsageError("E749", f"{pair!r} says nothing about an input", where=option, hint=f"{option} NAME=...")
        yield name.strip(), text


def parse_list(text: str) -> list[str]:
    """Return the values of `a,b,c`; quotes keep a comma, as in CSV."""
    return [cell for row in csv.reader([text], skipinitialspace=True) for cell in row]


def _find_extensions(studio: Studio, graph: Graph, name: str) -> tuple[str, ...]:
    declared = graph.document.inputs.get(name)
    value_type = studio.registry.value_types.get(declared.type) if declared is not None else None
    return tuple(value_type.extensions) if value_type is not None else ()


def _describe_given(given: dict[str, Any]) -> dict[str, Any]:
    """Return the values of --set as plain JSON."""
    from studio.app import InputFile

    return {n: {"file": str(v.path.resolve())} if isinstance(v, InputFile) else v for n, v in given.items()}


# -- looking -----------------------------------------------------------------------------------------------


@command.command("status")
@click.argument("folder", type=click.Path(path_type=Path))
@json_option("Print it as JSON.")
def status_command(folder: Path, as_json: bool) -> int:
    """Say how the batch in FOLDER stands, and why items failed."""
    from studio.batch.ledger import Ledger
    from studio.cli.batch_display import show_summary

    with Ledger(folder) as ledger:
        ledger.leases.reclaim()
        summary = ledger.summary()
    if as_json:
        click.echo(json.dumps(_to_json(summary), ensure_ascii=False, indent=1))
    else:
        show_summary(summary, folder, None, err=False)
    return DONE


@command.command("export")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option(
    "--format", "kind", type=click.Choice(["csv", "jsonl"]), default=None, help="[default: by the file's name]"
)
@click.option(
    "--state",
    "states",
    multiple=True,
    type=click.Choice([str(state) for state in ItemState]),
    help="Only items in this state.",
)
@click.option("-o", "--output", "target", type=click.Path(path_type=Path), help="File to write; else it is printed.")
def export_command(folder: Path, kind: str | None, states: tuple[str, ...], target: Path | None) -> int:
    """Write the ledger of FOLDER as a table: each item's values, state, error, files and digests."""
    from studio.batch.export import write_rows
    from studio.batch.ledger import Ledger

    if kind is None:
        kind = "jsonl" if target is not None and target.suffix.lower() in (".jsonl", ".ndjson") else "csv"
    with Ledger(folder) as ledger:
        rows: Iterator[ItemRow] = ledger.items(states=[ItemState(state) for state in states] or CURRENT_STATES)
        if target is None:
            write_rows(rows, kind, sys.stdout)
        else:
            write_rows(rows, kind, target)
    return DONE


def _to_json(summary: Summary) -> dict[str, Any]:
    return {
        "total": summary.total,
        "counts": dict(summary.counts),
        "calls": summary.calls,
        "cached": summary.cached,
        "seconds": round(summary.seconds, 3),
        "bytes": summary.bytes,
        "causes": [{"cause": cause, "items": count, "first": name} for cause, count, name in summary.causes],
    }
