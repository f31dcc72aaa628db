"""Parsing: JSON text or objects to `Graph`, refusing what is not version 1 of the format."""

from __future__ import annotations

import json
import math
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO

from studio.api.type_spec import describe_value
from studio.errors import Finding, GraphError
from studio.files import resolve_path
from studio.graph.document import FORMAT_VERSION, Graph, GraphDocument
from studio.graph.document_fields import DocumentFault, Faults, list_keys, parse_part
from studio.graph.json_pointer import escape
from studio.graph.paths import hint_separator
from studio.suggestion import find_nearest

MAX_NESTING = 64
_LONGEST_NAME = 128
_MOST_DUPLICATES = 20


def load_graph(path: Path | str, *, max_bytes: int = 16 * 2**20) -> Graph:
    """Load a graph file.

    Raises:
        GraphError: The file is missing, too large or not a graph; every finding is in it.
    """
    path = Path(path)
    text = read_graph_file(path, max_bytes=max_bytes)
    return parse_graph(text, base=resolve_path(path).parent, path=resolve_path(path))


def read_graph(stream: BinaryIO, *, max_bytes: int = 16 * 2**20) -> Graph:
    """Read a graph from a stream, such as the standard input; its paths are relative to the current folder.

    Raises:
        GraphError: It is too large or not a graph.
    """
    text = stream.read(max_bytes + 1)
    if len(text) > max_bytes:
        raise _refuse_size(f"the graph has more than {max_bytes} bytes", "more", max_bytes)
    return parse_graph(text)


def _refuse_size(message: str, found: str, max_bytes: int) -> GraphError:
    hint = "raise STUDIO_MAX_GRAPH_BYTES if it is meant to be that large"
    return _refuse("E106", message, expected=f"at most {max_bytes} bytes", found=found, hint=hint)


def read_graph_file(path: Path, *, max_bytes: int) -> bytes:
    """Return what is in a graph file.

    Raises:
        GraphError: E106 if it is too large, E120 if it is missing.
    """
    try:
        if not path.is_file():
            what = "is a folder" if path.is_dir() else "does not exist"
            raise _refuse(
                "E120",
                f"{str(path)!r} {what}",
                expected="a graph file",
                found=what,
                hint=hint_separator(str(path)) or "name a graph file, e.g. graphs/poster.json",
            )
        size = path.stat().st_size
        if size > max_bytes:
            raise _refuse_size(f"{str(path)!r} has {size} bytes", str(size), max_bytes)
        return path.read_bytes()
    except OSError as error:
        raise _refuse("E120", f"{str(path)!r} cannot be read: {error.strerror}", hint="check its rights") from None
    except ValueError:
        raise _refuse("E120", f"invalid path {str(path)!r}", hint="name a graph file") from None


def parse_graph(
    source: str | bytes | Mapping[str, Any],
    *,
    base: Path | None = None,
    path: Path | None = None,
    embedded: Mapping[str, Mapping[str, Any]] | None = None,
    file_digests: Mapping[str, str] | None = None,
) -> Graph:
    """Parse a graph from JSON text or from the object that JSON text would give.

    Args:
        source: UTF-8 text or a mapping.
        base: Folder that paths in the graph are relative to; the current folder if None.
        path: The file it came from, for messages.
        embedded: Documents of `graph:` references that are not looked up on disk.
        file_digests: Digests of the files it reads, by path.

    Raises:
        GraphError: It is not a graph of version 1; every finding is in it.
    """
    name = str(path) if path else ""
    data = parse_json(source, name) if isinstance(source, str | bytes) else _copy(source, name)
    if not isinstance(data, dict):
        found = "null" if data is None else describe_value(data)
        raise _refuse(
            "E107",
            "a graph must be a JSON object",
            expected="an object",
            found=found,
            source=name,
        )
    if data.get("studio") != FORMAT_VERSION or isinstance(data.get("studio"), bool | float):
        raise _refuse_version(data, name)
    faults = Faults()
    document = parse_part(GraphDocument, data, (), faults)
    if document is None:
        raise GraphError(_explain_all(faults.found), source=name)
    return Graph(document, data, base or Path.cwd(), path, embedded or {}, file_digests)


def parse_json(text: str | bytes, source: str = "") -> Any:
    """Parse JSON strictly: no duplicate keys, no NaN, no infinity, nesting bounded.

    Raises:
        GraphError: E100, E104, E105 or E108.
    """
    duplicates: list[tuple[dict[str, Any], str]] = []

    def build(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        result = dict(pairs)
        if len(result) != len(pairs):
            duplicates.extend((result, key) for key in _find_duplicates(pairs))
        return result

    try:
        if isinstance(text, bytes):
            text = text.decode("utf-8-sig")
        data = json.loads(text, object_pairs_hook=build, parse_constant=_refuse_constant, parse_float=_parse_float)
    except (ValueError, RecursionError, _NotFinite) as error:
        raise _refuse_json(error, source) from None
    _check_nesting(data, source)
    if duplicates:
        shown = duplicates[:_MOST_DUPLICATES]  # each is looked for in the whole document
        raise GraphError([_explain_duplicate(data, owner, key) for owner, key in shown], source=source)
    return data


def _find_duplicates(pairs: list[tuple[str, Any]]) -> Iterator[str]:
    seen: set[str] = set()
    for key, _ in pairs:
        if key in seen:
            yield key
        seen.add(key)


def _refuse_json(error: Exception, source: str) -> GraphError:
    """Return the error for text that cannot be read as JSON."""
    match error:
        case UnicodeDecodeError():
            return _refuse("E100", f"not UTF-8 text: {error.reason} at byte {error.start}", source=source)
        case json.JSONDecodeError():
            message = f"invalid JSON: {error.msg} at line {error.lineno} column {error.colno}"
            return _refuse("E100", message, source=source)
        case _NotFinite():
            return _refuse("E105", f"invalid JSON number {error}", source=source, hint="write a finite number")
        case RecursionError():
            return _refuse("E108", f"nested more than {MAX_NESTING} deep", source=source)
    message = f"invalid JSON: a whole number of more than {sys.get_int_max_str_digits()} digits"
    return _refuse("E100", message, source=source, hint="write a shorter number")


class _NotFinite(Exception):
    pass


def _refuse_constant(text: str) -> Any:
    raise _NotFinite(text)


def _parse_float(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise _NotFinite(text)
    return number


def _copy(source: Mapping[str, Any], name: str) -> Any:
    """Copy an object through JSON: the copy is plain JSON, and the caller cannot change it."""
    try:
        return parse_json(json.dumps(source, allow_nan=True), name)
    except (TypeError, ValueError) as error:
        raise _refuse("E100", f"invalid JSON: {error}", source=name) from None
    except RecursionError:
        raise _refuse("E108", f"nested more than {MAX_NESTING} deep", source=name) from None


def _check_nesting(data: Any, source: str) -> None:
    level = [data]
    for _ in range(MAX_NESTING):
        level = [child for value in level for child in _children(value) if type(child) in _CONTAINERS]
        if not level:
            return
    raise _refuse("E108", f"nested more than {MAX_NESTING} deep", source=source)


_CONTAINERS = (dict, list)


def _children(value: Any) -> Sequence[Any]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else ()


def _explain_duplicate(data: Any, owner: dict[str, Any], key: str) -> Finding:
    pending: list[tuple[Any, str]] = [(data, "")]
    where = ""
    while pending:
        value, pointer = pending.pop()
        if value is owner:
            where = pointer
            break
        if isinstance(value, dict):
            pending += [(child, f"{pointer}/{escape(name)}") for name, child in value.items()]
        elif isinstance(value, list):
            pending += [(child, f"{pointer}/{index}") for index, child in enumerate(value)]
    return Finding(
        "E104",
        f"{where}/{escape(key)}",
        f"duplicate key {key!r}",
        expected="each name once",
        found="two entries",
        hint="remove or rename one of them",
    )


def _refuse(
    code: str, message: str, *, where: str = "", expected: str = "", found: str = "", hint: str = "", source: str = ""
) -> GraphError:
    return GraphError([Finding(code, where, message, expected, found, hint)], source=source)


def _refuse_version(data: Mapping[str, Any], name: str) -> GraphError:
    if "studio" not in data:
        from studio.graph.foreign.reading import name_program

        program = name_program(data)
        hint = 'a graph begins with {"studio": 1, ...}'
        if program:
            hint = f"this is a document of {program}; import it first: studio import {name or 'FILE'}"
        return _refuse("E101", "missing version of the format", where="/studio", expected="1", hint=hint, source=name)
    found = describe_value(data["studio"])
    return _refuse(
        "E101",
        f"unsupported version {found} of the format",
        where="/studio",
        expected="1",
        found=found,
        hint="this Studio reads version 1",
        source=name,
    )


def _explain_all(faults: Sequence[DocumentFault]) -> list[Finding]:
    """Return the findings for faults, without those that follow from a misspelled key."""
    meant = {(fault.place[:-1], _find_meant(fault)) for fault in faults if fault.kind == "unknown key"}
    return [
        _explain(fault)
        for fault in faults
        if fault.kind != "missing key" or (fault.place[:-1], str(fault.place[-1])) not in meant
    ]


def _find_meant(fault: DocumentFault) -> str:
    """Return the known key that an unknown one is nearest to, or ""."""
    return find_nearest(str(fault.place[-1]), list_keys(fault.part)) or ""


def _explain(fault: DocumentFault) -> Finding:
    where = "".join(f"/{escape(str(part))}" for part in fault.place)
    key, found = str(fault.place[-1]) if fault.place else "", _short(fault.value)
    match fault.kind:
        case "unknown key":
            known, near = list_keys(fault.part), _find_meant(fault)
            hint = f"did you mean {near!r}?" if near else f"known here: {', '.join(known)}"
            expected = ", ".join(known)
            return Finding("E102", where, f"unknown key {key!r}", expected, key, hint, alternatives=tuple(known))
        case "missing key":
            return Finding("E107", where, f"missing key {key!r}", key, "nothing", f'add "{key}": ...')
        case "name":
            expected = "letters, digits, _ and -, not a digit first"
            return Finding("E127", where, f"invalid name {found}", expected, found, _suggest_name(key))
        case "edge":
            expected, hint = "node, node.output or inputs.name", "name a node of this graph, or inputs.NAME"
            return Finding("E112", where, f"invalid edge {found}", expected, found, hint)
    return Finding("E107", where, fault.message, fault.message, found, "see docs/graph_format.md")


def _suggest_name(text: str) -> str:
    if len(text) > _LONGEST_NAME:
        return f"shorten it to {_LONGEST_NAME} characters"
    near = re.sub(r"[^A-Za-z0-9_-]+", "_", text).strip("_-").lstrip("0123456789")
    return f"such as {near!r}" if near else "such as 'picture'"


def _short(value: Any) -> str:
    text = json.dumps(value, default=str)
    return text if len(text) <= 80 else text[:77] + "..."
