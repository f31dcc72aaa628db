"""`TypeSpec`: the type of an input or output, and the check of a value against it."""

from __future__ import annotations

import json
import math
import numbers
import operator
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Annotated, Any, TypeAlias

from studio.api.field import Field, Mark
from studio.api.grammar import Grammar
from studio.errors import StudioError

JSON_MARK = Mark("json")
JsonValue: TypeAlias = Annotated[Any, JSON_MARK]
"""Plain JSON: None, bool, int, finite float, str, lists and string-keyed mappings of them."""

MAX_DEPTH = 64  # nesting of lists and mappings in a value

PLAIN_TYPES = frozenset({"text", "int", "float", "number", "text_or_number", "bool", "choice", "json"})
"""Types whose values are plain JSON."""
REFERENCE_TYPES = frozenset({"file", "path", "model"})
"""Types that a graph can only give as a literal, or through a graph input."""

TYPE_NAME = re.compile(r"[a-z][a-z0-9_]*")


@dataclass(frozen=True)
class TypeSpec:
    """The type of an input or an output.

    Attributes:
        name: "text", "int", "float", "number", "text_or_number", "bool", "choice", "json", "file", "path", "model",
            "any" or the name of a value type such as "image".
        depth: How many lists are around it; 0 for none.
        optional: Whether None is allowed.
        choices: The allowed values of a choice.
        limits: Further limits.
        channels: Channel counts of an image, or None for any.
        kinds: Kinds of weights of a model, or None for any.
        variable: For "any": ends of one node type with one variable have one type.
        grammar: How a value is written; it is no part of the type's identity.
    """

    name: str
    depth: int = 0
    optional: bool = False
    choices: tuple[str | int, ...] = ()
    limits: Field | None = None
    channels: frozenset[int] | None = None
    variable: str | None = None
    kinds: frozenset[str] | None = None
    grammar: Grammar | None = field(default=None, repr=False, compare=False)

    def __str__(self) -> str:
        text = self.name
        if self.choices:
            text = " | ".join(repr(choice) for choice in self.choices)
        if self.channels:
            text += f" with {' or '.join(str(n) for n in sorted(self.channels))} channels"
        if self.kinds:
            text += f" of kind {' or '.join(sorted(self.kinds))}"
        for _ in range(self.depth):
            text = f"list[{text}]"
        return f"{text} or null" if self.optional else text

    def to_record(self) -> str:
        """Return the type as records of files and batches hold it: the same text in every version."""
        return f"{replace(self, optional=False)} | None" if self.optional else str(self)

    def item(self) -> TypeSpec:
        """Return the type of one entry, of a type that is a list."""
        return replace(self, depth=self.depth - 1, optional=False)

    def listed(self, depth: int = 1) -> TypeSpec:
        """Return the type of lists of this type.

        Args:
            depth: How many lists are around it.
        """
        return replace(self, depth=self.depth + depth, optional=False)


def parse_type_name(text: str) -> TypeSpec:
    """Parse the name of a type in a graph, such as "image" or "list[text]"; ValueError for an invalid one."""
    depth = 0
    while text.startswith("list[") and text.endswith("]"):
        text, depth = text[5:-1], depth + 1
    if not TYPE_NAME.fullmatch(text) or depth > 4:
        raise ValueError(f"{text!r} is not the name of a type")
    return TypeSpec(text, depth)


class ValueProblem(Exception):
    """A value that does not fit its type: `expected` and `found` in words."""

    def __init__(self, expected: str, found: str) -> None:
        super().__init__(f"expected {expected}, found {found}")
        self.expected = expected
        self.found = found


class LimitProblem(ValueProblem):
    """A value of the right type that is over a limit."""


def check_value(spec: TypeSpec, value: Any, classes: Mapping[str, type]) -> Any:
    """Return the value in the form of its type (1 becomes 1.0 for a float).

    Args:
        spec: The type.
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
        raise ValueProblem(str(spec), "null")
    checker = _CHECKS.get(spec.name)
    value = _check_class(spec, value, classes) if checker is None else checker(spec, value)
    if spec.limits is not None:
        _check_limits(spec, value)
    return value


def find_written_faults(spec: TypeSpec, value: Any, place: str = "") -> Iterator[tuple[str, StudioError]]:
    """Yield place and error of each part of a value that is not written as the type's grammar asks.

    Args:
        spec: The type.
        value: A value of that type.
        place: JSON pointer of the value; that of an entry of a list ends with its index.
    """
    if spec.grammar is None or value is None:
        return
    if spec.depth:
        for index, entry in enumerate(value):
            yield from find_written_faults(spec.item(), entry, f"{place}/{index}")
        return
    try:
        spec.grammar.parse(value)
    except StudioError as error:
        yield place, error


def _check_class(spec: TypeSpec, value: Any, classes: Mapping[str, type]) -> Any:
    """Return a value of a value type, such as an image."""
    expected = classes.get(spec.name)
    if expected is None or not isinstance(value, expected):
        raise ValueProblem(str(spec), describe_value(value))
    channels = getattr(value, "channels", None)
    if spec.channels and channels not in spec.channels:
        raise ValueProblem(str(spec), f"an image with {channels} channels")
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
            raise type(problem)(problem.expected, f"{problem.found} at index {index}") from None
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


def _check_text_or_number(spec: TypeSpec, value: Any) -> Any:
    if isinstance(value, str):
        return _check_encodable(value)
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        raise ValueProblem("text or a number", describe_value(value))
    return _check_number(spec, value)


def _check_bool(spec: TypeSpec, value: Any) -> Any:
    if isinstance(value, bool):
        return value
    if _is_numpy_bool(value):
        return bool(value)
    raise ValueProblem("true or false", describe_value(value))


def _is_numpy_bool(value: Any) -> bool:
    return type(value).__module__ == "numpy" and type(value).__name__ in ("bool", "bool_")


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
    if isinstance(value, numbers.Real):
        return _copy_number(value)
    if _is_numpy_bool(value):
        return bool(value)
    if depth >= MAX_DEPTH:
        raise ValueProblem("plain JSON", f"a value nested more than {MAX_DEPTH} deep")
    if isinstance(value, list | tuple):
        return [_copy_json(entry, depth + 1) for entry in value]
    if isinstance(value, Mapping):
        return _copy_mapping(value, depth)
    raise ValueProblem("plain JSON", describe_value(value))


def _copy_number(value: Any) -> int | float:
    if isinstance(value, numbers.Integral):
        _check_float(TypeSpec("float"), value)  # who takes JSON may take each number as a float
        return int(value)
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueProblem("plain JSON", str(value))
    return float(_check_float(TypeSpec("float"), value))


def _copy_mapping(value: Mapping[Any, Any], depth: int) -> dict[str, Any]:
    if not all(isinstance(key, str) for key in value):
        raise ValueProblem("plain JSON", "a mapping with keys that are not text")
    return {_check_encodable(key): _copy_json(entry, depth + 1) for key, entry in value.items()}


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
    "text_or_number": _check_text_or_number,
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
            raise LimitProblem(f"text like {limits.pattern}", describe_value(value))
    elif isinstance(value, int | float):
        _check_bounds(limits, value)


def _check_bounds(limits: Field, value: int | float) -> None:
    for bound, fails, sign in (
        (limits.ge, operator.lt, ">="),
        (limits.gt, operator.le, ">"),
        (limits.le, operator.gt, "<="),
        (limits.lt, operator.ge, "<"),
    ):
        if bound is not None and fails(value, bound):
            raise LimitProblem(f"a number {sign} {bound:g}", describe_value(value))


def _check_length(spec: TypeSpec, length: int) -> None:
    limits = spec.limits
    assert limits is not None
    what = "entries" if spec.depth else "characters"
    if limits.min_length is not None and length < limits.min_length:
        raise LimitProblem(f"at least {limits.min_length} {what}", str(length))
    if limits.max_length is not None and length > limits.max_length:
        raise LimitProblem(f"at most {limits.max_length} {what}", str(length))


def describe_value(value: Any) -> str:
    """Say in at most 80 characters what a value is."""
    if value is None or isinstance(value, bool | int | float | str):
        text = _describe_scalar(value)
    elif isinstance(value, list | tuple):
        text = f"a list of {len(value)}"
    elif isinstance(value, Mapping):
        text = f"a mapping with {len(value)} key{'s' * (len(value) != 1)}"
    else:
        text = repr(value) if getattr(type(value), "studio_type", None) else _add_article(type(value).__name__)
    return text if len(text) <= 80 else text[:77] + "..."


def _add_article(noun: str) -> str:
    return f"{'an' if noun.lower().startswith(('a', 'e', 'i', 'o', 'nd')) else 'a'} {noun}"


def _describe_scalar(value: bool | int | float | str | None) -> str:
    if isinstance(value, int) and value.bit_length() > 250:
        return f"a whole number of {value.bit_length()} bits"  # Python refuses to write out very long ones
    text = repr(value) if not isinstance(value, bool | None) else json.dumps(value)  # as a graph writes it
    return text if not isinstance(value, str) or len(text) <= 60 else f"{text[:56]}...{text[0]}"


def copy_plain(value: Any) -> Any:
    """Copy lists and mappings, so that a node that changes its inputs changes no other's; media are shared."""
    if isinstance(value, list):
        return [copy_plain(entry) for entry in value]
    if isinstance(value, dict):
        return {key: copy_plain(entry) for key, entry in value.items()}
    return value
