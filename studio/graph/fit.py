"""Whether what leaves one end fits another: as it is, mapped over a list, or mapped over a film's frames."""

from __future__ import annotations

from dataclasses import dataclass, replace

from studio.api import TypeSpec

_WIDENS = {
    "int": {"float", "number", "json"},
    "float": {"number", "json"},
    "number": {"float", "json"},
    "text": {"choice", "json"},
    "bool": {"json"},
    "json": {"text", "int", "float", "number", "bool", "choice"},
}  # json narrows to a plain type, and text to a choice, when the value is there; the rest always fits


@dataclass(frozen=True)
class Fit:
    """How an edge fits.

    Attributes:
        depth: How many lists the node is mapped over.
        stream: Whether the node is mapped over a film's frames, inside these lists.
        problem: Code of the finding if it does not fit: E114, E115 or E116.
    """

    depth: int = 0
    stream: bool = False
    problem: str = ""


def find_fit(source: TypeSpec, target: TypeSpec) -> Fit:
    """Return how a value of type `source` fits an input of type `target`."""
    if target.name == "any" or source.name == "any":
        return Fit(depth=max(0, source.depth - target.depth) if target.name != "any" else 0)
    if source.name == "json" and source.depth == 0 and target.depth and target.name in (*_WIDENS, "json"):
        return Fit()
    if (
        target.name == "json"
        and target.depth == 0
        and source.depth
        and (source.name == "json" or "json" in _find_wider(source))
    ):
        return Fit()
    if source.depth < target.depth:
        return Fit(problem="E114")
    depth = source.depth - target.depth
    stream = source.name == "video" and target.name == "image" and target.depth == 0
    if not stream and source.name != target.name and target.name not in _find_wider(source):
        return Fit(problem="E114")
    if source.optional and not target.optional:
        return Fit(problem="E115")
    if target.channels and source.channels and not source.channels <= target.channels:
        return Fit(problem="E116")
    if target.choices and source.choices and not set(source.choices) & set(target.choices):
        return Fit(problem="E116")
    return Fit(depth, stream)


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
    """Return the type that both fit, for a type variable; "any" if there is none."""
    if first is None or replace(first, optional=False) == replace(second, optional=False):
        return second
    plain = replace(first, limits=None, choices=(), channels=None, optional=False)
    other = replace(second, limits=None, choices=(), channels=None, optional=False)
    if plain == other:
        return plain
    if {plain.name, other.name} <= {"int", "float", "number"} and plain.depth == other.depth:
        return TypeSpec("number", plain.depth)
    return TypeSpec("any")
