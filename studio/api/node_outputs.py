"""The outputs of a node type, read from the return annotation of its function."""

from __future__ import annotations

import collections.abc
import inspect
import typing
from collections.abc import Callable, Mapping
from typing import Any

from studio.api.annotation import AnnotationProblem, parse_annotation
from studio.api.docstring import parse_docstring
from studio.api.node_type import Output


def read_outputs(
    function: Callable[..., Any], hints: Mapping[str, Any], problems: list[str]
) -> tuple[dict[str, Output], bool, bool]:
    """Return the outputs of a function, whether it returns a NamedTuple of them, and whether it is a generator."""
    if "return" not in hints:
        if "return" not in getattr(function, "__annotations__", {}):
            problems.append("it has no return annotation")
        return {}, False, False
    annotation = hints["return"]
    if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
        return _read_stream(function, annotation, problems), False, True
    if isinstance(annotation, type) and issubclass(annotation, tuple) and hasattr(annotation, "_fields"):
        return _read_named(annotation, problems), True, False
    return _read_single(annotation, problems), False, False


def _read_stream(function: Callable[..., Any], annotation: Any, problems: list[str]) -> dict[str, Output]:
    """Return the output of a generator function: the list of what it yields."""
    prefix = "Async" if inspect.isasyncgenfunction(function) else ""
    kinds = tuple(getattr(collections.abc, f"{prefix}{name}") for name in ("Iterator", "Iterable"))
    if typing.get_origin(annotation) not in kinds or not typing.get_args(annotation):
        problems.append(f"a generator function is annotated {prefix}Iterator[T]")
        return {}
    return _read_single(list[typing.get_args(annotation)[0]], problems)  # type: ignore[misc]  # a type made at run time


def _read_single(annotation: Any, problems: list[str]) -> dict[str, Output]:
    try:
        spec, _ = parse_annotation(annotation)
    except AnnotationProblem as problem:
        problems.append(f"the output: {problem}")
        return {}
    name = "value" if spec.name == "any" else spec.name
    name += "s" * bool(spec.depth)
    return {name: Output(name, spec)}


def _read_named(annotation: Any, problems: list[str]) -> dict[str, Output]:
    docs = parse_docstring(annotation.__doc__)
    outputs = {}
    try:
        hints = typing.get_type_hints(annotation, include_extras=True)
    except Exception as error:  # an annotation is any expression of the author's
        problems.append(f"the annotations of {annotation.__name__} cannot be read: {error}")
        return {}
    for name in annotation._fields:
        try:
            spec, _ = parse_annotation(hints[name])
        except AnnotationProblem as problem:
            problems.append(f"output {name!r}: {problem}")
            continue
        outputs[name] = Output(name, spec, docs.args.get(name, ""))
    if not outputs and not problems:
        problems.append(f"{annotation.__name__} has no fields")
    return outputs
