"""`studio batch merge`: bring the folders of a batch's shards together in one."""

from __future__ import annotations

from pathlib import Path

import click

from studio.cli.answer import answer
from studio.cli.main import DONE
from studio.cli.messages import show_warning
from studio.cli.options import json_option
from studio.cli.parameter_types import PathType


@click.command("merge")
@click.argument("folders", nargs=-1, required=True, type=PathType())
@click.option("-o", "--output", "target", type=PathType(), required=True, help="Folder to merge into.")
@json_option
def merge_command(folders: tuple[Path, ...], target: Path, as_json: bool) -> int:
    """Merge the items and files of FOLDERS, such as the shards of a batch, into one folder.

    FOLDERS are not changed. Files are hard-linked where the disk allows it, and copied elsewhere. Then `studio batch
    GRAPH ITEMS -o DIR` runs the missing items, and `studio gallery DIR` writes the gallery.
    """
    from dataclasses import asdict

    from studio.batch.merging import merge_batches
    from studio.runtime.memory import show_bytes

    made = merge_batches(folders, target)
    for warning in made.warnings:
        show_warning(warning)
    if as_json:
        answer({name: value for name, value in asdict(made).items() if name != "warnings"})
        return DONE
    states = (("done", made.done), ("failed", made.failed), ("held", made.held), ("pending", made.pending))
    counts = ", ".join(f"{count} {name}" for name, count in states if count) or "nothing new"
    sources = f"{made.folders} folder" + "s" * (made.folders != 1)
    click.echo(f"{counts} from {sources}; {show_bytes(made.bytes)} in {target}")
    return DONE
