"""`studio find`: files that were made in some way."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from studio.cli.answer import answer
from studio.cli.main import DONE, FAILED
from studio.cli.messages import show_warning
from studio.cli.options import create_studio, json_option, plugins_options
from studio.cli.parameter_types import PathType
from studio.errors import UsageError
from studio.suggestion import suggest

if TYPE_CHECKING:
    from studio.batch.search import FoundFile, Search

_MOST_UNREADABLE = 20


@click.command("find")
@click.argument("query")
@click.argument("places", nargs=-1, metavar="[FOLDER]...", type=PathType())
@click.option("--paths", is_flag=True, help="Print only the paths of the files.")
@json_option
@plugins_options
def command(query: str, places: tuple[Path, ...], paths: bool, as_json: bool, **engine: Any) -> int:
    """Find files by the inputs, node types and models that made them, in each FOLDER and below (default: here).

    \b
    QUERY is one argument; a file must match all terms:
      seed=7                  an input, of the graph or of a node, has this value
      seed=1..9               ... or a number in this range; 1.. and ..9 are open ranges
      caption~cat             ... or a text that contains this; case is ignored
      words.text~cat          the input "text" of the node "words"
      node=image.caption      a node of this type; model=, plugin=, output=, item=, state=, run=,
                              status=, started=, device=, dtype=, studio=, python= and system=
                              work alike
      seed!=7  caption!~cat   the opposite
      cat                     any value contains this
      'caption~"black cat"'   quotes keep spaces

    The command reads the records in images, audio files and videos, and the manifests and ledgers of output folders.
    It decodes no media. It prints a line for each file, with the values that match.

    Exit codes: 0 files found, 1 none found, 2 invalid query or missing folder.
    """
    from studio.batch.search import Search
    from studio.provenance.query import parse_query

    parsed = parse_query(query)
    for place in places:
        if not place.exists():
            raise UsageError("E025", f"{str(place)!r} does not exist", hint="name folders, or files that Studio wrote")
    with create_studio(**engine, on_disk=False) as studio:
        types = list(studio.registry.value_types.values())
        search = Search(parsed, types, studio.registry.node_types, studio.settings.max_graph_bytes)
        found = []
        for file in search.find(places or (Path(),)):
            found.append(file)
            if not as_json:
                _show(file, paths_only=paths)
    if as_json:
        unreadable = [{"path": str(path), "reason": reason} for path, reason in search.unreadable]
        answer({"files": [file.to_json() for file in found], "searched": search.known, "unreadable": unreadable})
    else:
        _show_totals(search, len(found))
    return DONE if found else FAILED


def _show(file: FoundFile, *, paths_only: bool) -> None:
    facts = "" if paths_only else click.style("".join(f"  {fact}" for fact in file.facts), dim=True)
    click.echo(f"{file.path}{facts}")


def _show_totals(search: Search, count: int) -> None:
    for path, reason in search.unreadable[:_MOST_UNREADABLE]:
        show_warning(f"cannot read {str(path)!r}: {reason}")
    more = len(search.unreadable) - _MOST_UNREADABLE
    if more > 0:
        show_warning(f"cannot read {more} more files; --json lists them")
    if not count and search.known:
        _suggest_fields(search)
    click.echo(f"{count} of {search.known} files fit", err=True)


def _suggest_fields(search: Search) -> None:
    for term in search.query.terms:
        name = term.field.rpartition(".")[2]
        if name and name not in search.fields:
            hint = suggest(name, search.fields)
            show_warning(f"no file has a field {name!r}" + (f"; {hint}" if hint else ""))
