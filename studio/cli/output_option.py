"""Where `studio run` writes: a folder, a file for the only output, or a file for each output that is named."""

from __future__ import annotations

import os
import string
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path, PurePath
from typing import Any

from studio.errors import UsageError
from studio.graph import Graph
from studio.graph.given import write_inputs
from studio.provenance.output_folder import TEMPLATE_FIELDS, OutputFolder
from studio.provenance.shown_values import NUMBER_FORMAT, clean_part, escape_braces, show_value
from studio.suggestion import suggest

DEFAULT_FOLDER = Path("out")


def create_output_folder(
    places: Sequence[Path],
    template: str,
    graph: Graph,
    given: Mapping[str, Any],
    only: Sequence[str],
    files: Collection[str],
) -> OutputFolder:
    """Return the folder of a run's outputs, with the names of its files.

    Args:
        places: What `-o` says: a folder, a file for the only output, or NAME=FILE for each output that is named.
        template: Template of the names of the other outputs.
        graph: The graph.
        given: The values of its inputs that are given.
        only: Names of the outputs to make; none for all.
        files: The extensions of files that outputs may have.

    Raises:
        UsageError: E003 for places that exclude each other, an unknown output or an invalid template.
    """
    values = {name: one.default for name, one in graph.document.inputs.items()} | write_inputs(given)
    outputs = list(only) or list(graph.document.outputs)
    folders, named = _split_places(places, outputs)
    if len(folders) > 1:
        raise UsageError("E003", f"two output folders: {folders[0]} and {folders[1]}", hint="name one with -o DIR")
    if folders and not named and _is_file(folders[0], files):
        if len(outputs) != 1:
            message = f"{str(folders[0])!r} names one file, and the outputs are: {', '.join(outputs)}"
            hint = f"write -o {outputs[0]}={folders[0].name}, make one output with --only, or name a folder"
            raise UsageError("E003", message, hint=hint)
        return OutputFolder(folders[0].parent, escape_braces(folders[0].name))
    if folders or not named:
        folder, relative = folders[0] if folders else DEFAULT_FOLDER, named
    else:
        folder, relative = _find_folder(named)
    names = {output: fill_inputs(str(path), values) for output, path in relative.items()}
    return OutputFolder(folder, fill_inputs(template, values), names=names)


def _split_places(places: Sequence[Path], outputs: Sequence[str]) -> tuple[list[Path], dict[str, PurePath]]:
    """Return the folders, and the files by output."""
    folders: list[Path] = []
    named: dict[str, PurePath] = {}
    for place in places:
        name, equals, file = str(place).partition("=")
        if not equals or "/" in name or place.exists():
            folders.append(place)
        elif name not in outputs:
            hint = suggest(name, outputs, f"outputs are: {', '.join(outputs)}; a folder with = in its name must exist")
            raise UsageError("E003", f"unknown output {name!r} in -o {place}", hint=hint)
        elif not file or name in named:
            raise UsageError(
                "E003", f"output {name!r} has {'two files' if file else 'no file'}", hint=f"write -o {name}=FILE"
            )
        else:
            named[name] = PurePath(file)
    return folders, named


def _is_file(place: Path, files: Collection[str]) -> bool:
    """Say whether a place is named like a file of an output, and is no folder."""
    return place.suffix.lower().lstrip(".") in files and not place.is_dir()


def _find_folder(named: Mapping[str, PurePath]) -> tuple[Path, dict[str, PurePath]]:
    """Return the folder that all files are in, and their paths in it."""
    paths = {output: Path(os.path.abspath(file)) for output, file in named.items()}
    fixed = [os.path.dirname(str(path).partition("{")[0] if "{" in str(path) else str(path)) for path in paths.values()]
    folder = Path(os.path.commonpath(fixed))
    return folder, {output: path.relative_to(folder) for output, path in paths.items()}


def fill_inputs(template: str, values: Mapping[str, Any]) -> str:
    """Return a template with the fields of the graph's inputs filled in, as {seed:04d} or {input.seed}.

    Args:
        template: The template; an invalid one comes back as it is.
        values: The values of all inputs.

    Raises:
        UsageError: E003 if a width stands at a value that is no whole number.
    """
    try:
        parsed = list(string.Formatter().parse(template))
    except ValueError:
        return template
    text = plain = ""
    for literal, name, width, conversion in parsed:
        text, plain = text + escape_braces(literal), plain + literal + ("x" if name is not None else "")
        own = (name or "").removeprefix("input.")
        if name is None:
            continue
        if name in TEMPLATE_FIELDS or own not in values or conversion:
            text += "{" + name + (f"!{conversion}" if conversion else "") + (f":{width}" if width else "") + "}"
        else:
            text += escape_braces(clean_part(_format_value(values[own], name, width or "")))
    if not PurePath(plain).suffix and PurePath(text).suffix not in ("", ".{ext}"):
        text += ".{ext}"  # what follows a dot in a value is no extension
    return text


def _format_value(value: Any, name: str, width: str) -> str:
    if not width:
        return show_value(value)
    if NUMBER_FORMAT.fullmatch(width) and isinstance(value, int) and not isinstance(value, bool):
        return format(value, width)
    message = f"{{{name}:{width}}} takes a whole number and a width such as 04d, not {value!r}"
    raise UsageError("E003", message, hint=f"write {{{name}}}")
