"""`TypeSpec`: the type of an end, read from an annotation or from a graph, and the check of a value against it."""

from __future__ import annotations

import collections.abc
import math
import numbers
import re
import types
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Any, Literal, TypeAlias, TypeVar, Union

from studio.api.field import Channels, Field, Mark

_JSON = Mark("json")
JsonValue: TypeAlias = Annotated[Any, _JSON]
"""Plain JSON: None, bool, int, finite float, str, lists and string-keyed mappings of them."""

MAX_DEPTH = 64  # nesting of lists and mappings in a value

_SCALARS: dict[object, str] = {str: "text", int: "int", float: "float", bool: "bool"}
PLAIN_TYPES = frozenset({"text", "int", "float", "number", "bool", "choice", "json"})
"""Types whose values are plain JSON."""
REFERENCE_TYPES = frozenset({"file", "path", "model"})
"""Types that a graph can only give as a literal, or through a graph input."""

_NAME = re.compile(r"[a-z][a-z0-9_]*")


@dataclass(frozen=True)
class TypeSpec:
    """The type of an input or an output.

    Attributes:
        name: "text", "int", "float", "number", "bool", "choice", "json", "file", "path", "model", "any" or
            the name of a value type such as "image".
        depth: How many lists are around it; 0 for none.
        optional: Whether None is allowed.
        choices: The allowed values of a choice.
        limits: Further limits.
        channels: Channel counts of an image, or None for any.
        variable: For "any": ends of one node type with one variable have one type.
    """

    name: str
    depth: int = 0
    optional: bool = False
    choices: tuple[str | int, ...] = ()
    limits: Field | None = None
    channels: frozenset[int] | None = None
    variable: str | None = None

    def __str__(self) -> str:
        text = self.name
        if self.choices:
            text = " | ".join(repr(choice) for choice in self.choices)
        if self.channels:
            text += f" with {' or '.join(str(n) for n in sorted(self.channels))} channels"
        for _ in range(self.depth):
            text = f"list[{text}]"
        return f"{text} | None" if self.optional else text

    def item(self) -> TypeSpec:
        """Return the type of one entry of the list that this is."""
        return replace(self, depth=self.depth - 1, optional=False)

    def listed(self, depth: int = 1) -> TypeSpec:
        """Return the type of a list of these."""
        return replace(self, depth=self.depth + depth, optional=False)


class AnnotationProblem(Exception):
    """An annotation that is no type of a value; the text says why."""


def parse_type_name(text: str) -> TypeSpec:
    """Parse what a graph writes, such as "image" or "list[text]"; ValueError if it is none."""
    depth = 0
    while text.startswith("list[") and text.endswith("]"):
        text, depth = text[5:-1], depth + 1
    if not _NAME.fullmatch(text) or depth > 4:
        raise ValueError(f"{text!r} is not the name of a type")
    return TypeSpec(text, depth)


def parse_annotation(annotation: Any) -> tuple[TypeSpec, frozenset[str]]:
    """Return the type that an annotation means, and the names of its marks ("lazy", "unkeyed")."""
    marks: set[str] = set()
    spec = _parse(annotation, marks)
    return spec, frozenset(marks - {"json"})


def _parse(annotation: Any, marks: set[str]) -> TypeSpec:
    origin = typing.get_origin(annotation)
    if origin is Annotated:
        return _parse_annotated(annotation, marks)
    if origin in (Union, types.UnionType):
        return _parse_union(typing.get_args(annotation), marks)
    if origin is Literal:
        choices = typing.get_args(annotation)
        if any(isinstance(c, bool) or not isinstance(c, str | int) for c in choices):
            raise AnnotationProblem("a choice is made of text or whole numbers")
        return TypeSpec("choice", choices=choices)
    if origin in (list, collections.abc.Sequence) and typing.get_args(annotation):
        inner = _parse(typing.get_args(annotation)[0], marks)
        if inner.optional:
            raise AnnotationProblem("entries of a list cannot be None")
        if inner.limits is not None and (inner.limits.min_length is not None or inner.limits.max_length is not None):
            raise AnnotationProblem("the length of a list's entries cannot be limited, only that of the list")
        return inner.listed()
    if isinstance(annotation, TypeVar):
        return TypeSpec("any", variable=annotation.__name__)
    if annotation is Any:
        return TypeSpec("any")
    if isinstance(annotation, type) and annotation in _SCALARS:
        return TypeSpec(_SCALARS[annotation])
    name = getattr(annotation, "studio_type", None) if isinstance(annotation, type) else None
    if isinstance(name, str) and _NAME.fullmatch(name):
        return TypeSpec(name)
    raise AnnotationProblem(f"{_describe_annotation(annotation)} is not the type of a value")


def _parse_annotated(annotation: Any, marks: set[str]) -> TypeSpec:
    inner, *extras = typing.get_args(annotation)
    spec = TypeSpec("json") if _JSON in extras else _parse(inner, marks)
    for extra in extras:
        if isinstance(extra, Mark):
            marks.add(extra.name)
        elif isinstance(extra, Channels):
            if spec.name != "image":
                raise AnnotationProblem("Channels(...) is for images")
            spec = replace(spec, channels=extra.counts)
        elif isinstance(extra, Field):
            _check_field(spec, extra)
            given = {name: value for name, value in vars(extra).items() if value is not None}
            spec = replace(spec, limits=replace(spec.limits or Field(), **given))
    return spec


def _check_field(spec: TypeSpec, limits: Field) -> None:
    """Refuse limits that would never be looked at, or that nothing meets."""
    lower = [bound for bound in (limits.ge, limits.gt) if bound is not None]
    upper = [bound for bound in (limits.le, limits.lt) if bound is not None]
    if (lower or upper) and spec.name not in ("int", "float", "number"):
        raise AnnotationProblem(f"ge, gt, le and lt are for numbers, not for {spec}")
    if (limits.min_length is not None or limits.max_length is not None) and not (spec.depth or spec.name == "text"):
        raise AnnotationProblem(f"min_length and max_length are for text and lists, not for {spec}")
    if lower and upper and max(lower) > min(upper):
        raise AnnotationProblem(f"no number is from {max(lower):g} to {min(upper):g}")
    if limits.pattern is not None:
        _check_pattern(spec, limits.pattern)


def _check_pattern(spec: TypeSpec, pattern: str) -> None:
    if spec.name != "text":
        raise AnnotationProblem(f"pattern is for text, not for {spec}")
    try:
        re.compile(pattern)
    except re.error as error:
        raise AnnotationProblem(f"pattern {pattern!r} is no regular expression: {error}") from None


def _parse_union(members: tuple[Any, ...], marks: set[str]) -> TypeSpec:
    optional = type(None) in members
    rest = [m for m in members if m is not type(None)]
    if len(rest) == 1:
        return replace(_parse(rest[0], marks), optional=optional)
    if set(rest) == {int, float}:
        return TypeSpec("number", optional=optional)
    raise AnnotationProblem("of unions, only T | None and int | float are types of a value")


def _describe_annotation(annotation: Any) -> str:
    return annotation.__name__ if isinstance(annotation, type) else str(annotation)


class ValueProblem(Exception):
    """A value that does not fit; `expected` and `found` say what and what not."""

    def __init__(self, expected: str, found: str) -> None:
        super().__init__(f"expected {expected}, found {found}")
        self.expected = expected
        self.found = found


def check_value(spec: TypeSpec, value: Any, classes: Mapping[str, type]) -> Any:
    """Return the value in the form that `spec` promises (1 becomes 1.0 for a float).

    Args:
        spec: The type to hold the value against.
        value: Any object.
        classes: The classes of registered value types, by name.

    Raises:
        ValueProblem: It does not fit.
    """
    if spec.depth:
        return _check_list(spec, value, classes)
    if value is None:
        if spec.optional or spec.name in ("any", "json"):
            return None
        raise ValueProblem(str(spec), "None")
    checker = _CHECKS.get(spec.name)
    if checker is not None:
        value = checker(spec, value)
    else:
        expected = classes.get(spec.name)
        if expected is None or not isinstance(value, expected):
            raise ValueProblem(str(spec), describe_value(value))
        channels = getattr(value, "channels", None)
        if spec.channels and channels not in spec.channels:
            raise ValueProblem(str(spec), f"an image with {channels} channels")
    if spec.limits is not None:
        _check_limits(spec, value)
    return value


def _check_list(spec: TypeSpec, value: Any, classes: Mapping[str, type]) -> Any:
    if value is None and spec.optional:
        return None
    if not isinstance(value, list | tuple):
        raise ValueProblem(str(spec), describe_value(value))
    inner = replace(spec, depth=spec.depth - 1, optional=False)
    if spec.limits is not None:  # the length is that of the outermost list, the rest holds for what is in it
        _check_length(spec, len(value))
        inner = replace(inner, limits=replace(spec.limits, min_length=None, max_length=None))
    checked = []
    for index, entry in enumerate(value):
        try:
            checked.append(check_value(inner, entry, classes))
        except ValueProblem as problem:
            raise ValueProblem(problem.expected, f"{problem.found} at index {index}") from None
    return checked


def _check_text(spec: TypeSpec, value: Any) -> Any:
    if not isinstance(value, str):
        raise ValueProblem("text", describe_value(value))
    return _check_encodable(value)


def _check_encodable(text: str) -> str:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        raise ValueProblem("text", "text with lone surrogates") from None
    return str(text)


def _check_int(spec: TypeSpec, value: Any) -> Any:
    if type(value) is int:
        return value
    if isinstance(value, bool) or not isinstance(value, numbers.Integral):
        raise ValueProblem("a whole number", describe_value(value))
    return int(value)


def _check_float(spec: TypeSpec, value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        raise ValueProblem("a number", describe_value(value))
    try:
        number = float(value)
    except OverflowError:
        raise ValueProblem("a finite number", "a whole number beyond the range of floats") from None
    if not math.isfinite(number):
        raise ValueProblem("a finite number", str(number))
    return number


def _check_number(spec: TypeSpec, value: Any) -> Any:
    if isinstance(value, numbers.Integral) and not isinstance(value, bool):
        return int(value)
    return _check_float(spec, value)


def _check_bool(spec: TypeSpec, value: Any) -> Any:
    if isinstance(value, bool):
        return value
    if type(value).__module__ == "numpy" and type(value).__name__ in ("bool", "bool_"):
        return bool(value)
    raise ValueProblem("true or false", describe_value(value))


def _check_choice(spec: TypeSpec, value: Any) -> Any:
    if not spec.choices:
        if isinstance(value, bool) or not isinstance(value, str | int):
            raise ValueProblem("a choice", describe_value(value))
        return value
    for choice in spec.choices:
        if type(choice) is type(value) and choice == value:
            return value
    raise ValueProblem(f"one of {', '.join(repr(c) for c in spec.choices)}", describe_value(value))


def _check_json(spec: TypeSpec, value: Any) -> Any:
    return _copy_json(value, 0)


def _copy_json(value: Any, depth: int) -> Any:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return _check_encodable(value)
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        if not math.isfinite(value):
            raise ValueProblem("plain JSON", str(value))
        return float(value)
    if depth >= MAX_DEPTH:
        raise ValueProblem("plain JSON", f"a value nested more than {MAX_DEPTH} deep")
    if isinstance(value, list | tuple):
        return [_copy_json(entry, depth + 1) for entry in value]
    if isinstance(value, Mapping):
        if not all(isinstance(key, str) for key in value):
            raise ValueProblem("plain JSON", "a mapping with keys that are not text")
        return {_check_encodable(key): _copy_json(entry, depth + 1) for key, entry in value.items()}
    if isinstance(value, numbers.Real):
        return int(value) if isinstance(value, numbers.Integral) else _check_float(TypeSpec("float"), value)
    raise ValueProblem("plain JSON", describe_value(value))


def _check_any(spec: TypeSpec, value: Any) -> Any:
    return value


def _check_file(spec: TypeSpec, value: Any) -> Any:
    if getattr(type(value), "studio_type", "") != spec.name:
        raise ValueProblem(spec.name, describe_value(value))
    return value


_CHECKS: dict[str, Callable[[TypeSpec, Any], Any]] = {
    "text": _check_text,
    "int": _check_int,
    "float": _check_float,
    "number": _check_number,
    "bool": _check_bool,
    "choice": _check_choice,
    "json": _check_json,
    "any": _check_any,
    "file": _check_file,
    "path": _check_file,
    "model": _check_file,
}


def _check_limits(spec: TypeSpec, value: Any) -> None:
    limits = spec.limits
    assert limits is not None
    if isinstance(value, str | list | tuple):
        _check_length(spec, len(value))
        if limits.pattern is not None and isinstance(value, str) and not re.fullmatch(limits.pattern, value):
            raise ValueProblem(f"text like {limits.pattern}", describe_value(value))
        return
    if not isinstance(value, int | float):
        return
    for bound, holds, sign in (
        (limits.ge, limits.ge is None or value >= limits.ge, ">="),
        (limits.gt, limits.gt is None or value > limits.gt, ">"),
        (limits.le, limits.le is None or value <= limits.le, "<="),
        (limits.lt, limits.lt is None or value < limits.lt, "<"),
    ):
        if not holds:
            raise ValueProblem(f"a number {sign} {bound:g}", describe_value(value))


def _check_length(spec: TypeSpec, length: int) -> None:
    limits = spec.limits
    assert limits is not None
    what = "entries" if spec.depth else "characters"
    if limits.min_length is not None and length < limits.min_length:
        raise ValueProblem(f"at least {limits.min_length} {what}", str(length))
    if limits.max_length is not None and length > limits.max_length:
        raise ValueProblem(f"at most {limits.max_length} {what}", str(length))


def describe_value(value: Any) -> str:
    """Say in at most 80 characters what a value is."""
    if isinstance(value, int) and value.bit_length() > 250:
        text = f"a whole number of {value.bit_length()} bits"  # Python refuses to write out very long ones
    elif value is None or isinstance(value, bool | int | float):
        text = repr(value)
    elif isinstance(value, str):
        text = repr(value)
        text = text if len(text) <= 60 else f"{text[:56]}...{text[0]}"
    elif isinstance(value, list | tuple):
        text = f"a list of {len(value)}"
    elif isinstance(value, Mapping):
        text = f"a mapping with {len(value)} keys"
    else:
        text = repr(value) if getattr(type(value), "studio_type", None) else f"a {type(value).__name__}"
    return text if len(text) <= 80 else text[:77] + "..."


def copy_plain(value: Any) -> Any:
    """Copy lists and mappings, so that who changes what it was given changes nobody else's; media stay the same."""
    if isinstance(value, list):
        return [copy_plain(entry) for entry in value]
    if isinstance(value, dict):
        return {key: copy_plain(entry) for key, entry in value.items()}
    return value
