"""`studio batch status` and `studio batch export`: read the ledger of a batch."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from studio.batch.item import CURRENT_STATES, ItemState
from studio.cli.answer import answer
from studio.cli.main import DONE
from studio.cli.options import json_option
from studio.cli.parameter_types import PathType

if TYPE_CHECKING:
    from studio.batch.item_rows import Summary

_JSON_LINES = (".jsonl", ".ndjson")


@click.command("status")
@click.argument("folder", type=PathType())
@json_option
def status_command(folder: Path, as_json: bool) -> int:
    """Show the progress of the batch in FOLDER, and why items failed."""
    from studio.batch.ledger import Ledger
    from studio.cli.batch_display import show_summary

    with Ledger(folder) as ledger:
        if ledger.file.can_change:
            ledger.leases.reclaim()
        summary = ledger.summary()
        shard = ledger.describe().get("shard")
    if as_json:
        answer(describe_summary(summary) | ({"shard": shard} if shard else {}))
    else:
        if shard:
            click.echo(f"shard {shard}; `studio batch merge` brings the folders of all shards together")
        show_summary(summary, folder, None, err=False)
    return DONE


@click.command("export")
@click.argument("folders", nargs=-1, required=True, type=PathType(), metavar="FOLDER...")
@click.option(
    "--format",
    "kind",
    type=click.Choice(["csv", "jsonl"]),
    default=None,
    help="Format of the table.  [default: by the file's extension]",
)
@click.option(
    "--state",
    "states",
    multiple=True,
    type=click.Choice([str(state) for state in ItemState]),
    help="Write only items in this state.",
)
@click.option("-o", "--output", "target", type=PathType(), help="File to write.  [default: standard output]")
@json_option
def export_command(
    folders: tuple[Path, ...], kind: str | None, states: tuple[str, ...], target: Path | None, as_json: bool
) -> int:
    """Write the ledger of FOLDERS as one table: each item's values, state, error, files and digests."""
    import io
    import json

    from studio.batch.export import write_rows
    from studio.batch.ledger import Ledger
    from studio.batch.merging import iterate_rows

    chosen = [ItemState(state) for state in states] or CURRENT_STATES
    with ExitStack() as stack:
        ledgers = [stack.enter_context(Ledger(folder)) for folder in folders]
        rows = iterate_rows(ledgers, chosen)
        if as_json and target is None:
            text = io.StringIO()
            write_rows(rows, "jsonl", text)
            answer([json.loads(line) for line in text.getvalue().splitlines()])
        else:
            write_rows(rows, kind or _choose_format(target), target or sys.stdout)
            answer({"file": str(target)})
    return DONE


def _choose_format(target: Path | None) -> str:
    return "jsonl" if target is not None and target.suffix.lower() in _JSON_LINES else "csv"


def describe_summary(summary: Summary) -> dict[str, Any]:
    """Return the state of a batch as plain JSON."""
    return {
        "total": summary.total,
        "counts": dict(summary.counts),
        "calls": summary.calls,
        "cached": summary.cached,
        "seconds": round(summary.seconds, 3),
        "bytes": summary.bytes,
        "checks": dict(summary.checks),
        "causes": [{"cause": cause, "items": count, "first": name} for cause, count, name in summary.causes],
    }
