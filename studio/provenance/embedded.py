"""The provenance that a media file carries, read back."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from studio.api import ValueType
from studio.errors import Finding, GraphError, StudioError
from studio.files import resolve_path
from studio.graph.carried import Carried
from studio.provenance.record import CARRIED_FORMAT, STRIPPED, FileRecord, Recipe
from studio.value_callback import call_value_type


def find_media_type(path: Path, value_types: Iterable[ValueType[Any]]) -> ValueType[Any] | None:
    """Return the value type that reads files of this extension, or None."""
    extension = path.suffix.lower().lstrip(".")
    return next((value_type for value_type in value_types if extension in value_type.extensions), None)


def read_embedded(path: Path, value_types: Iterable[ValueType[Any]], *, max_length: int) -> FileRecord | None:
    """Return what a media file carries, its recipe included, or None for a file that is no media.

    Args:
        path: The file.
        value_types: The value types that are registered.
        max_length: Most characters that a file may carry.

    Raises:
        GraphError: E120 if the file does not exist, E134 if it carries no graph or a damaged one, E106 if the graph is
            too large; or the errors of the graph itself.
    """
    value_type = find_media_type(path, value_types)
    if value_type is None:
        return None
    if not path.is_file():
        raise _refuse("E120", f"{str(path)!r} does not exist", hint="name a file that Studio wrote")
    text = read_carried_text(path, value_type, max_length=max_length)
    if text is None:
        from studio.graph.foreign.reading import name_carried_program

        program = name_carried_program(path, max_bytes=max_length)
        raise _refuse(
            "E134",
            f"{str(path)!r} contains no graph",
            expected="a file that Studio wrote",
            found="a file from another program, or one that another program has saved again",
            hint=f"it carries a document of {program}; import it first: studio import {path}"
            if program
            else "run the graph itself: studio run GRAPH.json",
        )
    carried = parse_carried(text, path)
    if carried.get(STRIPPED) is True and "graph" not in carried:
        raise _refuse_stripped(path)
    try:
        return _parse_record(carried, path)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError, OSError):
        raise _refuse_damaged(path) from None


def read_carried_text(path: Path, value_type: ValueType[Any], *, max_length: int) -> str | None:
    """Return the text that a media file carries, or None if it carries none.

    Raises:
        GraphError: E106 if the text is too large.
    """
    text: str | None = call_value_type(value_type, "read_provenance", path, passes=(StudioError, OSError))
    if text is not None and len(text) > max_length:
        raise _refuse(
            "E106",
            f"the graph that {str(path)!r} carries has {len(text)} characters",
            expected=f"at most {max_length}",
            found=str(len(text)),
            hint="raise STUDIO_MAX_GRAPH_BYTES if it is meant to be that large",
        )
    return text


def parse_carried(text: str, path: Path) -> dict[str, Any]:
    """Return what a media file carries as plain JSON, unchecked but for its format.

    Raises:
        GraphError: E134 if it is damaged or of an unknown format.
    """
    try:
        carried = json.loads(text)
    except (ValueError, RecursionError):
        raise _refuse_damaged(path) from None
    if not isinstance(carried, dict):
        raise _refuse_damaged(path)
    _check_format(carried, path)
    return carried


def _refuse_stripped(path: Path) -> GraphError:
    hint = "run the graph itself: studio run GRAPH.json"
    return _refuse("E134", f"{str(path)!r} was written without its graph (--strip)", expected="a graph", hint=hint)


def _refuse_damaged(path: Path) -> GraphError:
    return _refuse("E134", f"the graph in {str(path)!r} is damaged", expected="a graph and its values")


def _check_format(carried: Mapping[str, Any], path: Path) -> None:
    number = carried.get("studio", 1)
    if type(number) is int and 1 <= number <= CARRIED_FORMAT:
        return
    raise _refuse(
        "E134",
        f"what {str(path)!r} carries has an unknown format",
        expected=f'"studio": 1 to {CARRIED_FORMAT}',
        found=repr(number),
        hint="install a newer Studio",
    )


def _parse_record(carried: Mapping[str, Any], path: Path) -> FileRecord:
    written = Path(str(carried.get("base", ".")))
    graphs: Mapping[str, Any] = dict(carried.get("graphs", {}))
    digests: Mapping[str, str] = {str(name): str(digest) for name, digest in dict(carried.get("files", {})).items()}
    if carried.get("studio") == CARRIED_FORMAT:
        graphs, digests = Carried(graphs), Carried(digests)
    recipe = Recipe(
        carried["graph"],
        {str(name): value for name, value in dict(carried["inputs"]).items()},
        resolve_path(resolve_path(path).parent / ("." if written.is_absolute() else written)),
        graphs,
        digests,
    )
    if not recipe.graph.json:  # parsed here, so that a damaged graph is found now
        raise ValueError("an empty graph")
    output, index = str(carried.get("output", "")), int(carried.get("index", 0))
    return FileRecord(output, path, index, recorded_in=str(path), recipe=recipe, saved=str(carried.get("saved", "")))


def _refuse(code: str, message: str, *, expected: str = "", found: str = "", hint: str = "") -> GraphError:
    return GraphError([Finding(code, "", message, expected, found, hint)])
