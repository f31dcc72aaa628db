"""The outputs of a node type, read from the return annotation of its function."""

from __future__ import annotations

import collections.abc
import inspect
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from studio.api.annotation import AnnotationProblem, parse_annotation
from studio.api.docstring import parse_docstring
from studio.api.node_type import Output
from studio.api.subgraph import Subgraph


@dataclass(frozen=True)
class Returned:
    """What a function returns.

    Attributes:
        outputs: Its outputs by name.
        named: Whether it returns a NamedTuple of them.
        streams: Whether it is a generator.
        expands: Whether it returns a `Subgraph` that makes them.
    """

    outputs: dict[str, Output]
    named: bool = False
    streams: bool = False
    expands: bool = False


def read_outputs(function: Callable[..., Any], hints: Mapping[str, Any], problems: list[str]) -> Returned:
    """Return what a function returns, from its annotation."""
    if "return" not in hints:
        if "return" not in getattr(function, "__annotations__", {}):
            problems.append("it has no return annotation")
        return Returned({})
    annotation = hints["return"]
    if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
        return Returned(_read_stream(function, annotation, problems), streams=True)
    expands = typing.get_origin(annotation) is Subgraph
    if annotation is Subgraph:
        problems.append("a subgraph is annotated with its outputs: Subgraph[Image], or Subgraph[A NamedTuple]")
        return Returned({}, expands=True)
    if expands:
        annotation = typing.get_args(annotation)[0]
    if isinstance(annotation, type) and issubclass(annotation, tuple) and hasattr(annotation, "_fields"):
        return Returned(_read_named(annotation, problems), named=True, expands=expands)
    return Returned(_read_single(annotation, problems), expands=expands)


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
