"""Reads an annotation of a node type's signature: which type of value it means, and its marks."""

from __future__ import annotations

import collections.abc
import re
import types
import typing
from dataclasses import replace
from typing import Annotated, Any, Literal, TypeVar, Union

from studio.api.field import Channels, Field, Mark, ModelKinds
from studio.api.grammar import Grammar
from studio.api.type_spec import JSON_MARK, TYPE_NAME, TypeSpec

_UNIONS: dict[frozenset[object], str] = {
    frozenset({int, float}): "number",
    frozenset({str, int, float}): "text_or_number",
}
_SCALARS: dict[object, str] = {str: "text", int: "int", float: "float", bool: "bool"}


class AnnotationProblem(Exception):
    """An annotation that means no type of value; the text says why."""


def parse_annotation(annotation: Any) -> tuple[TypeSpec, frozenset[str]]:
    """Return the type that an annotation means, and the names of its marks ("lazy", "unkeyed", "added").

    Raises:
        AnnotationProblem: It means none.
    """
    marks: set[str] = set()
    spec = _parse(annotation, marks)
    return spec, frozenset(marks - {"json"})


def _parse(annotation: Any, marks: set[str]) -> TypeSpec:
    origin, members = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is Annotated:
        return _parse_annotated(annotation, marks)
    if origin in (Union, types.UnionType):
        return _parse_union(members, marks)
    if origin is Literal:
        return _parse_choices(members)
    if origin in (list, collections.abc.Sequence) and members:
        return _parse_list(members[0], marks)
    if isinstance(annotation, TypeVar):
        return TypeSpec("any", variable=annotation.__name__)
    return _parse_plain(annotation)


def _parse_choices(choices: tuple[Any, ...]) -> TypeSpec:
    if any(isinstance(choice, bool) or not isinstance(choice, str | int) for choice in choices):
        raise AnnotationProblem("choices are text or whole numbers")
    return TypeSpec("choice", choices=choices)


def _parse_list(entry: Any, marks: set[str]) -> TypeSpec:
    inner = _parse(entry, marks)
    if inner.optional:
        raise AnnotationProblem("entries of a list cannot be None")
    if inner.limits is not None and (inner.limits.min_length is not None or inner.limits.max_length is not None):
        raise AnnotationProblem("the length of a list's entries cannot be limited, only that of the list")
    return inner.listed()


def _parse_plain(annotation: Any) -> TypeSpec:
    """Return the type of an annotation that is one class, or `Any`."""
    if annotation is Any:
        return TypeSpec("any")
    if not isinstance(annotation, type):
        raise AnnotationProblem(f"{annotation} is not the type of a value")
    if annotation in _SCALARS:
        return TypeSpec(_SCALARS[annotation])
    name = getattr(annotation, "studio_type", None)
    if isinstance(name, str) and TYPE_NAME.fullmatch(name):
        return TypeSpec(name)
    raise AnnotationProblem(f"{annotation.__name__} is not the type of a value")


def _parse_annotated(annotation: Any, marks: set[str]) -> TypeSpec:
    inner, *extras = typing.get_args(annotation)
    spec = TypeSpec("json") if JSON_MARK in extras else _parse(inner, marks)
    for extra in extras:
        if isinstance(extra, Mark):
            marks.add(extra.name)
        elif isinstance(extra, Grammar):
            spec = replace(spec, grammar=extra)
        elif isinstance(extra, Channels):
            if spec.name != "image":
                raise AnnotationProblem("Channels(...) is for images")
            spec = replace(spec, channels=extra.counts)
        elif isinstance(extra, ModelKinds):
            if spec.name != "model":
                raise AnnotationProblem("ModelKinds(...) is for models")
            spec = replace(spec, kinds=extra.names)
        elif isinstance(extra, Field):
            _check_field(spec, extra)
            given = {name: value for name, value in vars(extra).items() if value is not None}
            spec = replace(spec, limits=replace(spec.limits or Field(), **given))
    return spec


def _check_field(spec: TypeSpec, limits: Field) -> None:
    """Refuse limits that do not apply to the type, or that no value meets."""
    _check_bounds(spec, limits)
    if (limits.min_length is not None or limits.max_length is not None) and not (spec.depth or spec.name == "text"):
        raise AnnotationProblem(f"min_length and max_length are for text and lists, not for {spec}")
    if limits.pattern is not None:
        _check_pattern(spec, limits.pattern)


def _check_bounds(spec: TypeSpec, limits: Field) -> None:
    lower = [bound for bound in (limits.ge, limits.gt) if bound is not None]
    upper = [bound for bound in (limits.le, limits.lt) if bound is not None]
    if (lower or upper) and spec.name not in ("int", "float", "number"):
        raise AnnotationProblem(f"ge, gt, le and lt are for numbers, not for {spec}")
    if lower and upper and max(lower) > min(upper):
        raise AnnotationProblem(f"no number is from {max(lower):g} to {min(upper):g}")


def _check_pattern(spec: TypeSpec, pattern: str) -> None:
    if spec.name != "text":
        raise AnnotationProblem(f"pattern is for text, not for {spec}")
    try:
        re.compile(pattern)
    except re.error as error:
        raise AnnotationProblem(f"pattern {pattern!r} is not a regular expression: {error}") from None


def _parse_union(members: tuple[Any, ...], marks: set[str]) -> TypeSpec:
    optional = type(None) in members
    rest = [m for m in members if m is not type(None)]
    if len(rest) == 1:
        return replace(_parse(rest[0], marks), optional=optional)
    name = _UNIONS.get(frozenset(rest))
    if name is not None:
        return TypeSpec(name, optional=optional)
    raise AnnotationProblem("of unions, only T | None, int | float and str | int | float are types of a value")
