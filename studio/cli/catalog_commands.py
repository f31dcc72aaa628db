"""`studio models search`, `get` and `export`: the catalog of known good models."""

from __future__ import annotations

from collections.abc import Iterator

import click

from studio.cli.answer import answer
from studio.cli.models_options import open_studio, plugins_option
from studio.cli.options import json_option
from studio.runtime.catalog.entry import Entry
from studio.runtime.memory import show_bytes


@click.command("search")
@click.argument("words", nargs=-1)
@click.option("--for", "node", metavar="NODE_TYPE", help="Only models that this node type can use.")
@json_option
@plugins_option
@click.pass_context
def search(ctx: click.Context, words: tuple[str, ...], node: str | None, as_json: bool) -> None:
    """List the models of the catalog that contain all WORDS, or all models; `*` marks those on this machine.

    "untested": its files were never fetched by the authors of the entry, so it has neither size nor digest.
    """
    with open_studio(ctx, on_disk=False) as studio:
        found = studio.catalog.search(words)
        added = set(studio.models.library.list_added())
    found = [entry for entry in found if node is None or any(use.node == node for use in entry.uses)]
    if as_json:
        answer([{**entry.to_json(), "here": entry.name in added} for entry in found])
    elif found:
        click.echo("\n".join(_list_rows(found, added)))
    else:
        click.echo("the catalog has no such model; see all: studio models search")


def _list_rows(entries: list[Entry], added: set[str]) -> Iterator[str]:
    width = max(len(entry.name) for entry in entries)
    for entry in entries:
        mark = "*" if entry.name in added else " "
        size = show_bytes(entry.bytes) if entry.bytes else entry.status
        yield f"{mark} {entry.name:{width}}  {size:>10}  {entry.licence:20}  {entry.title}"
