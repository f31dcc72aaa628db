"""Values that a caller gives a graph's inputs: bound to sources, and described as JSON for what is recorded."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from studio.api import Input, Model, TypeSpec
from studio.api.type_spec import ValueProblem, check_value
from studio.errors import Finding, StudioError, UsageError
from studio.graph.document import Graph, is_file, is_pattern
from studio.graph.parse import escape
from studio.graph.paths import InputFile
from studio.graph.pattern import find_names
from studio.graph.resolved import ResolvedGraph
from studio.graph.source import Collected, Constant, FileSource, NamedPath, Source

Settle = Callable[[Source], Source]


def bind_inputs(
    resolved: ResolvedGraph,
    inputs: Mapping[str, Any],
    classes: Mapping[str, type],
    findings: list[Finding],
    settle: Settle,
) -> dict[str, Source]:
    """Return the sources of the values that a caller gives, and add to the findings what is wrong with them.

    Args:
        resolved: The graph.
        inputs: The values by the names of the graph's inputs.
        classes: Classes of value types by name.
        findings: Where findings go.
        settle: Returns a source whose files are digested and whose streams are stored; it may raise.
    """
    values: dict[str, Source] = {}
    for name, value in inputs.items():
        end = resolved.inputs.get(name)
        where = f"/inputs/{escape(name)}"
        if end is None:
            known = ", ".join(resolved.inputs) or "none"
            findings.append(
                Finding("E110", where, f"the graph has no input {name!r}", known, name, f"its inputs: {known}")
            )
            continue
        try:
            values[name] = settle(_bind_value(resolved.graph, end, value, classes))
        except ValueProblem as problem:
            message = f"input {name!r}: {problem}"
            findings.append(Finding("E117", where, message, problem.expected, problem.found, _hint_value(end.spec)))
        except StudioError as error:
            findings.append(Finding(error.code, where, f"input {name!r}: {error.message}", hint=error.hint))
    for name, end in resolved.inputs.items():
        if end.required and name not in inputs:
            message, hint = f"input {name!r} has no value", f"give one with --set {name}=..."
            findings.append(Finding("E132", f"/inputs/{escape(name)}", message, str(end.spec), "nothing", hint))
    return values


def _bind_value(graph: Graph, end: Input, value: Any, classes: Mapping[str, type]) -> Source:
    spec = end.spec
    value = list_files(value, spec, graph, classes)
    if spec.depth == 1 and isinstance(value, list) and any(isinstance(v, InputFile) or is_file(v) for v in value):
        entry = replace(end, spec=replace(spec.item(), limits=None))
        return Collected(tuple(_bind_value(graph, entry, v, classes) for v in value))
    by_caller = isinstance(
        value, InputFile
    )  # its file may hold anything, one that a media file carries must be the same
    if isinstance(value, dict) and set(value) == {"file"} and (spec.name == "file" or spec.name in classes):
        value = InputFile(find_path(str(value["file"]), graph))
    if isinstance(value, InputFile):
        if spec.depth or (spec.name != "file" and spec.name not in classes):
            raise ValueProblem(str(spec), f"the file {str(value.path)!r}")
        return _bind_file(value, graph, spec, by_caller)
    if spec.name == "path" and isinstance(value, str) and not spec.depth:
        return NamedPath(value)
    if spec.name == "model" and isinstance(value, str | dict) and not spec.depth:
        return Constant(Model.from_json(value))
    return Constant(check_value(spec, value, classes))


def _bind_file(given: InputFile, graph: Graph, spec: TypeSpec, by_caller: bool) -> Source:
    written = name_file(given.path, graph)
    known = () if by_caller else graph.file_digests or ()
    if not os.path.isfile(given.path) and written not in known:
        what = "is a folder" if os.path.isdir(given.path) else "does not exist"
        raise UsageError("E129", f"{str(given.path)!r} {what}", hint="check the path")
    return FileSource(given.path, spec.name, written, by_caller)


def list_files(value: Any, spec: TypeSpec, graph: Graph, classes: Mapping[str, type]) -> Any:
    """Return the files that a pattern names as a list; any other value as it is."""
    if not is_pattern(value) or spec.depth != 1 or (spec.name != "file" and spec.name not in classes):
        return value
    pattern = value["files"]
    names = find_names(graph.base, pattern, graph.file_digests)
    if not names:
        raise UsageError("E129", f"no file fits {pattern!r}", where=str(graph.base), hint="check folder and name")
    return [{"file": name} for name in names]


def describe_given(value: Any, graph: Graph) -> Any:
    """Return the JSON form of a value that a caller gives; media given as objects are only described."""
    if isinstance(value, InputFile):
        return {"file": name_file(value.path, graph)}
    if isinstance(value, list | tuple):
        return [describe_given(entry, graph) for entry in value]
    if value is None or isinstance(value, str | int | float | bool | dict):
        return value
    return value.to_json() if hasattr(value, "to_json") else {"described": repr(value)}


def find_given_path(value: Any, graph: Graph) -> Path | None:
    """Return the path of a file that a caller gives, or None for any other value."""
    if isinstance(value, InputFile):
        return value.path
    return find_path(str(value["file"]), graph) if isinstance(value, dict) and set(value) == {"file"} else None


def name_file(path: Path, graph: Graph) -> str:
    """Return how a graph would write a path, seen from its folder."""
    try:
        return os.path.relpath(path.parent.resolve() / path.name, graph.base)
    except (OSError, ValueError):  # another drive, or a name that no file can have
        return str(path)


def find_path(written: str, graph: Graph) -> Path:
    """Return the path that a graph writes; its folder need not exist any more."""
    return Path(os.path.normpath(graph.base / written))


def _hint_value(spec: TypeSpec) -> str:
    plain = ("text", "int", "float", "number", "bool", "choice", "json")
    return "name a file with --set NAME=@PATH" if spec.name not in plain else ""
