"""The items that the options of `studio batch` ask for."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from studio.errors import UsageError
from studio.graph.frames import FramesProblem, parse_frames

if TYPE_CHECKING:
    from studio.app import Studio
    from studio.batch.groups import Group
    from studio.graph import Graph


_RANGE = re.compile(r"\s*-?\d+\s*-", re.ASCII)


@dataclass(frozen=True)
class ItemOptions:
    """The options of the command line that name items, as they are written there."""

    files: Sequence[str] = ()
    outputs: Sequence[str] = ()
    zips: Sequence[str] = ()
    products: Sequence[str] = ()
    repeat: int | None = None
    seed_from: int | None = None
    seed_input: str = "seed"
    limit: int | None = None
    name_column: str = "name"


def find_groups(studio: Studio, graph: Graph, table: Path | None, options: ItemOptions) -> list[Group]:
    """Return the groups of items that the command line asks for; they multiply.

    Raises:
        UsageError: E740 if there are no items, E749 if an option is invalid.
    """
    from studio.batch.tables import open_table

    groups: list[Group] = []
    if table is not None:
        groups.append(open_table(table, name_column=options.name_column))
    groups += _find_files(studio, graph, options)
    groups += _find_values(graph, options)
    if options.repeat:
        groups.append(_repeat(graph, options.repeat, options))
    return groups


def _find_files(studio: Studio, graph: Graph, options: ItemOptions) -> Iterator[Group]:
    from studio.batch.found_files import find_files, find_outputs

    for name, pattern in _split(options.files, "--files"):
        yield find_files(name, pattern, limit=options.limit)
    for name, folder in _split(options.outputs, "--outputs"):
        yield find_outputs(name, Path(folder), extensions=_find_extensions(studio, graph, name))


def _find_values(graph: Graph, options: ItemOptions) -> Iterator[Group]:
    from studio.batch.groups import zip_columns

    zips: dict[str, list[str]] = {}
    for name, text in _split(options.zips, "--zip"):
        if name in zips:
            raise UsageError(
                "E749", f"--zip {name}=... is given twice", where="--zip", hint="write all its values once"
            )
        zips[name] = _list_values(graph, name, text, "--zip")
    if zips:
        yield zip_columns(zips, "--zip")
    for name, text in _split(options.products, "--product"):
        yield zip_columns({name: _list_values(graph, name, text, "--product")}, "--product")


def _list_values(graph: Graph, name: str, text: str, option: str) -> list[str]:
    """Return the values of an input; for a whole number they may be frames, such as 1-10,20-30x2."""
    values = parse_list(text)
    declared = graph.document.inputs.get(name)
    if declared is None or declared.type != "int":
        return values
    try:
        return [number for value in values for number in _read_frames(value)]
    except FramesProblem as problem:
        raise UsageError("E749", problem.message, where=f"{option} {name}", hint=problem.hint) from None


def _read_frames(text: str) -> list[str]:
    """Return the numbers of a range; any other text as it is, which the input itself judges."""
    return [str(number) for number in parse_frames(text)] if _RANGE.match(text) else [text]


def _repeat(graph: Graph, count: int, options: ItemOptions) -> Group:
    from studio.batch.groups import repeat

    if options.seed_input in graph.document.inputs:
        return repeat(count, options.seed_input, options.seed_from or 0)
    if options.seed_from is not None:
        hint = "name the input with --seed-input"
        raise UsageError("E749", f"the graph has no input {options.seed_input!r} to count", hint=hint)
    return repeat(count, None, 0)


def _split(pairs: Sequence[str], option: str) -> Iterator[tuple[str, str]]:
    for pair in pairs:
        name, equals, text = pair.partition("=")
        if not equals or not name or not text:
            raise UsageError("E749", f"invalid {option} {pair!r}", where=option, hint=f"write {option} NAME=...")
        yield name.strip(), text


def parse_list(text: str) -> list[str]:
    """Return the values of `a,b,c`; a quoted value may contain a comma, as in CSV."""
    return [cell for row in csv.reader([text], skipinitialspace=True) for cell in row]


def _find_extensions(studio: Studio, graph: Graph, name: str) -> tuple[str, ...]:
    declared = graph.document.inputs.get(name)
    value_type = studio.registry.value_types.get(declared.type) if declared is not None else None
    return tuple(value_type.extensions) if value_type is not None else ()
