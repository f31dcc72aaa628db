"""Whether an output fits an input: as it is, mapped over a list, or mapped over a video's frames."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum

from studio.api import TypeSpec

_WIDENS = {
    "int": {"float", "number", "text_or_number", "json"},
    "float": {"number", "text_or_number", "json"},
    "number": {"int", "float", "text_or_number", "json"},
    "text": {"choice", "text_or_number", "json"},
    "text_or_number": {"json"},
    "bool": {"json"},
    "json": {"text", "int", "float", "number", "text_or_number", "bool", "choice"},
}  # json narrows to a plain type, a number to int, and text to a choice, when the value is there; the rest always fits


class Misfit(Enum):
    """Why an edge does not fit."""

    TYPE = "the input takes no values of this type"
    OPTIONAL = "the value may be missing, and the input may not"
    VALUES = "the channels or the choices have nothing in common"


@dataclass(frozen=True)
class Fit:
    """How an edge fits.

    Attributes:
        depth: How many lists the node is mapped over.
        stream: Whether the node is mapped over a video's frames, inside these lists.
        problem: Why it does not fit; None if it does.
    """

    depth: int = 0
    stream: bool = False
    problem: Misfit | None = None


_AS_IT_IS = Fit()


def find_fit(source: TypeSpec, target: TypeSpec) -> Fit:
    """Return how a value of type `source` fits an input of type `target`."""
    if target.name == "any" or _is_plainly_equal(source, target):
        return _AS_IT_IS
    if source.name == "any":
        return Fit(max(0, source.depth - target.depth))
    return _AS_IT_IS if _fits_as_json(source, target) else _find_mapped_fit(source, target)


def _find_mapped_fit(source: TypeSpec, target: TypeSpec) -> Fit:
    """Return how a value fits as it is, or with the node mapped over its lists or frames."""
    is_stream = source.name == "video" and target.name == "image" and target.depth == 0
    if source.depth < target.depth or not (is_stream or _is_wider(target.name, source)):
        return Fit(problem=Misfit.TYPE)
    problem = _find_problem(source, target)
    return Fit(problem=problem) if problem else Fit(source.depth - target.depth, is_stream)


def _is_plainly_equal(source: TypeSpec, target: TypeSpec) -> bool:
    """Say whether two types are equal and unrefined, as most are: a short way for graphs of many nodes."""
    return (
        source.name == target.name
        and source.depth == target.depth
        and not (source.optional or source.channels or target.channels or source.choices or target.choices)
    )


def _find_problem(source: TypeSpec, target: TypeSpec) -> Misfit | None:
    """Return what does not fit though the types do, or None."""
    if source.optional and not target.optional:
        return Misfit.OPTIONAL
    has_common = _has_common_channels(source, target) and _has_common_choices(source, target)
    return None if has_common else Misfit.VALUES


def _fits_as_json(source: TypeSpec, target: TypeSpec) -> bool:
    """Say whether JSON may be a list that is taken, or a list of plain values is taken as JSON.

    A node is mapped over a list of JSON values, such as the records of a table.
    """
    if source.depth and target.depth:
        return False
    if source.depth:
        return target.name == "json" and source.name != "json" and _is_wider("json", source)
    return source.name == "json" and target.depth > 0 and target.name in _WIDENS and _is_wider(target.name, source)


def _is_wider(name: str, source: TypeSpec) -> bool:
    """Say whether a type takes any value of the type `source`, lists aside."""
    return source.name == name or (name in _find_wider(source) and not _is_structured(source))


def _is_structured(source: TypeSpec) -> bool:
    """Say whether a type is JSON of a form that its grammar names: it never narrows to a plain type."""
    return source.name == "json" and source.grammar is not None


def _has_common_channels(source: TypeSpec, target: TypeSpec) -> bool:
    return not source.channels or not target.channels or source.channels <= target.channels


def _has_common_choices(source: TypeSpec, target: TypeSpec) -> bool:
    return not source.choices or not target.choices or bool(set(source.choices) & set(target.choices))


def _find_wider(source: TypeSpec) -> set[str]:
    """Return the names of the types that take any value of `source`; a choice is text or whole numbers."""
    if source.name != "choice":
        return _WIDENS.get(source.name, set())
    kinds = {"int" if isinstance(choice, int) else "text" for choice in source.choices} or {"text"}
    return {"json"} | set.intersection(*({kind} | _WIDENS[kind] for kind in kinds))


def map_output(spec: TypeSpec, depth: int, stream: bool) -> TypeSpec:
    """Return the type of an output of a node that is mapped."""
    if stream:
        spec = replace(spec, name="video", channels=None) if spec.name == "image" and not spec.depth else spec.listed()
    return spec.listed(depth) if depth else spec


def join(first: TypeSpec | None, second: TypeSpec) -> TypeSpec:
    """Return the type that both fit, for a type variable, or "any"."""
    if first is None or replace(first, optional=False) == replace(second, optional=False):
        return second
    plain = replace(first, limits=None, choices=(), channels=None, kinds=None, optional=False)
    other = replace(second, limits=None, choices=(), channels=None, kinds=None, optional=False)
    if plain == other:
        return plain
    if {plain.name, other.name} <= {"int", "float", "number"} and plain.depth == other.depth:
        return TypeSpec("number", plain.depth)
    return TypeSpec("any")
