"""Values that callers and tables give a graph's inputs: bound to sources, and written as JSON for what is recorded."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path, PurePath
from typing import Any

from studio.api import Input, TypeSpec
from studio.api.type_spec import ValueProblem, describe_value
from studio.errors import StudioError
from studio.files import resolve_path
from studio.graph.bind import Binder
from studio.graph.document import Graph, is_file, is_pattern, is_quoted
from studio.graph.findings import Findings
from studio.graph.frames import FramesProblem
from studio.graph.json_pointer import escape
from studio.graph.parse import MAX_NESTING
from studio.graph.paths import InputFile, InputPattern, Paths, name_file
from studio.graph.pattern import find_names
from studio.graph.resolved import ResolvedGraph
from studio.graph.source import Collected, Constant, FileSource, NamedPath, Source
from studio.graph.text_values import expand_user, is_read_from_file
from studio.suggestion import find_nearest, suggest

_SCALARS = (str, int, float, bool, type(None))
_MOST_NODES = 10  # ids in a hint


# -- callers in Python ---------------------------------------------------------------------------------


def name_inputs(resolved: ResolvedGraph, inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Return a caller's values with text and paths at media and files as files, seen from the current folder."""
    known = resolved.inputs
    return {
        name: _name_files(value, known[name].spec, InputFile) if name in known else value
        for name, value in inputs.items()
    }


def bind_inputs(
    resolved: ResolvedGraph,
    inputs: Mapping[str, Any],
    classes: Mapping[str, type],
    findings: Findings,
    settle: Callable[[Source, Mapping[str, str] | None], Source],
) -> dict[str, Source]:
    """Return the sources of the values that a caller gives, and add to the findings what is wrong with them.

    Args:
        resolved: The graph.
        inputs: The values by the names of the graph's inputs, as `name_inputs` or `restore_inputs` returns them.
        classes: Classes of value types by name.
        findings: Where findings go.
        settle: Returns a source whose files are digested, given the digests that the graph's files must have.
    """
    graph = resolved.graph
    binder = Binder(classes, Paths(graph.base, digests=graph.file_digests), findings)
    values: dict[str, Source] = {}
    for name, value in inputs.items():
        where = f"/inputs/{escape(str(name))}"
        declared = find_input(resolved.inputs, name, where, findings)
        source = bind_given(binder, value, declared.spec, where, findings) if declared is not None else None
        if source is None:
            continue
        try:
            values[name] = settle(source, graph.file_digests)
        except StudioError as error:
            findings.report(error.code, where, error.message, hint=error.hint)
    unknown = [str(name) for name in inputs if name not in resolved.inputs]
    meant = {near for near in (find_nearest(name, resolved.inputs) for name in unknown) if near is not None}
    check_required(resolved.inputs, {*inputs, *meant}, "/inputs/", findings)
    return values


def find_input(
    inputs: Mapping[str, Input], name: str, where: str, findings: Findings, *, hint: str = ""
) -> Input | None:
    """Return an input of a graph, or None after a finding.

    Args:
        inputs: The graph's inputs.
        name: The name that is given.
        where: Where it is given.
        findings: Where findings go.
        hint: What else to do where no name is near.
    """
    if name in inputs:
        return inputs[name]
    known = ", ".join(inputs) or "none"
    hint = suggest(str(name), inputs) or hint or f"its inputs: {known}"
    findings.report("E110", where, f"unknown input {name!r}", expected=known, found=str(name), hint=hint)
    return None


def check_outputs(resolved: ResolvedGraph, names: Iterable[str], findings: Findings) -> None:
    """Report each name that no output of a graph has."""
    known, nodes = ", ".join(resolved.outputs), list(resolved.graph.document.nodes)
    for name in names:
        if name not in resolved.outputs:
            more = f"{', '.join(nodes[:_MOST_NODES])}{', ...' if len(nodes) > _MOST_NODES else ''}"
            message, hint = f"the graph has no output {name!r}", f"its outputs: {known}; ids of nodes count too: {more}"
            hint = suggest(name, [*resolved.outputs, *nodes], hint)
            findings.report("E133", "/outputs", message, expected=known, found=str(name), hint=hint)


def check_required(
    inputs: Mapping[str, Input],
    given: Iterable[str],
    place: str,
    findings: Findings,
    hint: str = "give one with --set {name}=...",
) -> None:
    """Report each required input that has no value.

    Args:
        inputs: The graph's inputs.
        given: Names of those that have a value.
        place: What the finding's place begins with.
        findings: Where findings go.
        hint: What to do, with {name} for the input's name.
    """
    names = set(given)
    for name, declared in inputs.items():
        if declared.required and name not in names:
            findings.report(
                "E132",
                f"{place}{escape(name)}",
                f"input {name!r} has no value",
                expected=str(declared.spec),
                found="nothing",
                hint=hint.format(name=name),
            )


def bind_given(binder: Binder, value: Any, spec: TypeSpec, where: str, findings: Findings) -> Source | None:
    """Return the source of a value that is given, or None after a finding."""
    if _is_too_deep(value):
        findings.report(
            "E108",
            where,
            f"nested more than {MAX_NESTING} deep",
            expected=f"at most {MAX_NESTING} levels",
            found="more",
            hint="make the nesting flatter",
        )
        return None
    source = binder.bind_whole(value, spec, where)
    return _join_constants(source) if source is not None else None


def _name_files(value: Any, spec: TypeSpec, name: Callable[[Path], Any], depth: int = 0) -> Any:
    """Return a value with text and paths where files are read as `name` writes them, and tuples as lists."""
    if isinstance(value, list | tuple):
        return value if spec.name == "any" else _name_entries(list(value), spec, name, depth)
    if isinstance(value, dict):
        return _write_path(value) if is_read_from_file(spec) else value
    if not isinstance(value, str | PurePath) or spec.depth:
        return value
    if spec.name == "path":
        return str(value)
    return name(Path(value)) if is_read_from_file(spec) else value


def _write_path(value: dict[Any, Any]) -> dict[Any, Any]:
    """Return a reference to a file or files with a `Path` in it as text."""
    return {key: str(one) if isinstance(one, PurePath) else one for key, one in value.items()}


def _name_entries(values: list[Any], spec: TypeSpec, name: Callable[[Path], Any], depth: int) -> list[Any]:
    if depth > MAX_NESTING or not (is_read_from_file(spec) or spec.name == "path"):
        return values
    entry = spec.item() if spec.depth else spec
    return [_name_files(one, entry, name, depth + 1) for one in values]


def _is_too_deep(value: Any) -> bool:
    """Say whether lists and mappings are nested deeper than in any graph, or contain themselves."""
    if not isinstance(value, dict | list | tuple):
        return False
    level = {id(value): value}
    for _ in range(MAX_NESTING + 1):
        level = {id(child): child for parent in level.values() for child in _find_children(parent)}
        if not level:
            return False
    return True


def _find_children(value: Any) -> Iterable[Any]:
    children = value.values() if isinstance(value, dict) else value if isinstance(value, list | tuple) else ()
    return (child for child in children if isinstance(child, dict | list | tuple))


def _join_constants(source: Source) -> Source:
    """Return a list of constants as one constant: what a caller gives is checked already, entry by entry."""
    if not isinstance(source, Collected):
        return source
    entries = tuple(_join_constants(entry) for entry in source.entries)
    constants = [entry for entry in entries if isinstance(entry, Constant)]
    return Constant([entry.value for entry in constants]) if len(constants) == len(entries) else Collected(entries)


# -- tables --------------------------------------------------------------------------------------------


def name_table_files(value: Any, spec: TypeSpec) -> Any:
    """Return a table's value with text and paths at media and files as files, seen from the table's folder."""
    return _name_files(value, spec, lambda path: {"file": expand_user(str(path))})


def write_source(source: Source) -> Any:
    """Return plain JSON that binds to an equal source: what a table's item keeps of a value.

    Raises:
        ValueProblem: The value has no JSON form, such as an image that a caller gives as an object.
    """
    match source:
        case Constant(value):
            plain = _write_plain(value)
            return {"literal": plain} if _needs_quotes(plain) else plain
        case FileSource(path=path):
            return {"file": str(path)}
        case NamedPath(name):
            return name
        case Collected(entries):
            return [write_source(entry) for entry in entries]
    raise AssertionError(source)


def write_inputs(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return a caller's values as plain JSON, with files as {"file": absolute path} and patterns alike."""

    def write(value: Any) -> Any:
        if isinstance(value, InputFile):
            return {"file": str(resolve_path(value.path))}
        if isinstance(value, InputPattern):
            return {"files": os.path.abspath(value.pattern)}
        return [write(entry) for entry in value] if isinstance(value, list) else value

    return {name: write(value) for name, value in values.items()}


def restore_inputs(resolved: ResolvedGraph, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return an item's values as a caller gives them, with files that may have any content."""

    def restore(value: Any) -> Any:
        if is_file(value):
            return InputFile(Path(value["file"]))
        return [restore(entry) for entry in value] if isinstance(value, list) else value

    reads_file = {name for name, declared in resolved.inputs.items() if is_read_from_file(declared.spec)}
    return {name: restore(value) if name in reads_file else value for name, value in values.items()}


def _write_plain(value: Any) -> Any:
    """Return a value as plain JSON, with models as their references."""
    if type(value) in _SCALARS:
        return value
    try:
        return json.loads(json.dumps(value, default=lambda one: one.to_json()))
    except (AttributeError, TypeError, ValueError, RecursionError):
        raise ValueProblem("plain JSON", describe_value(value)) from None


def _needs_quotes(plain: Any) -> bool:
    """Say whether a literal would be read as a quoted one, or contains one."""
    return is_quoted(plain) or (isinstance(plain, list) and any(_needs_quotes(entry) for entry in plain))


# -- what is recorded ----------------------------------------------------------------------------------


def _list_files(value: Any, spec: TypeSpec, graph: Graph) -> Any:
    """Return the files that a pattern names as a list; any other value as it is."""
    if not is_pattern(value) or not is_read_from_file(spec):
        return value
    try:
        return [{"file": name} for name in find_names(graph.base, value["files"], graph.file_digests)]
    except FramesProblem:  # the binder reports it
        return value


def describe_given(value: Any, graph: Graph) -> Any:
    """Return the JSON form of a value that a caller gives; media given as objects are only described."""
    if isinstance(value, InputFile):
        return {"file": value.name or name_file(value.path, graph.base)}
    if isinstance(value, list | tuple):
        return [describe_given(entry, graph) for entry in value]
    if value is None or isinstance(value, str | int | float | bool | dict):
        return value
    return value.to_json() if hasattr(value, "to_json") else {"described": _describe_object(value)}


def _describe_object(value: Any) -> str:
    """Return an object's repr, or its type where the caller's code has no working one."""
    try:
        return repr(value)
    except Exception:
        return f"an object of type {type(value).__name__}"


def find_given_files(resolved: ResolvedGraph, values: Mapping[str, Any]) -> Iterator[FileSource]:
    """Yield the files among the values that a caller gives."""
    graph = resolved.graph
    for name, value in values.items():
        pending = [_list_files(value, resolved.inputs[name].spec, graph)]
        while pending and is_read_from_file(resolved.inputs[name].spec):
            one = pending.pop(0)
            if isinstance(one, InputFile):
                path = Path(os.path.abspath(one.path))
                yield FileSource(path, "file", one.name or name_file(path, graph.base), by_caller=True)
            elif is_file(one):
                path = Path(os.path.normpath(graph.base / one["file"]))
                yield FileSource(path, "file", name_file(path, graph.base))
            elif isinstance(one, list | tuple):
                pending += one
