"""The fields of a graph document's parts: how plain JSON becomes a part, and what is wrong where it does not.

A document is checked by hand, and not with a library: every run parses one, and would have to import the library.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Iterator
from dataclasses import MISSING, dataclass, field, fields
from functools import lru_cache
from typing import Any, Literal, TypeVar, cast

from studio.surrogates import is_encodable

P = TypeVar("P")
Place = tuple[str | int, ...]

FaultKind = Literal["unknown key", "missing key", "name", "edge", "value"]


@dataclass(frozen=True)
class DocumentFault:
    """One thing that is wrong with a document.

    Attributes:
        kind: What is wrong.
        place: The keys and indexes that lead to it.
        value: What is there.
        part: The class of the object that a key is unknown to or missing in; else of the object around the value.
        message: What should be there, for `kind="value"`.
    """

    kind: FaultKind
    place: Place
    value: Any
    part: type[Any]
    message: str = ""


class Faults:
    """Collects what is wrong with a document."""

    def __init__(self) -> None:
        self.found: list[DocumentFault] = []

    def add(self, part: type[Any], place: Place, value: Any, message: str, kind: FaultKind = "value") -> None:
        """Add a fault."""
        self.found.append(DocumentFault(kind, place, value, part, message))


Parse = Callable[[Any, Place, type[Any], Faults], Any]
"""Returns a value as the document has it; adds to the faults what is wrong with it."""


@dataclass(frozen=True)
class _Field:
    key: str
    name: str
    parse: Parse
    required: bool


def declare(parse: Parse, *, key: str = "", **more: Any) -> Any:
    """Return a field of a part.

    Args:
        parse: Reads its value.
        key: How the document writes its name, if not as the class does.
        more: Passed on to `dataclasses.field`.
    """
    return field(metadata={"parse": parse, "key": key}, **more)


@lru_cache
def _list_fields(part: Any) -> dict[str, _Field]:
    """Return the fields of a part by their keys; kept, as a document has thousands of parts."""
    found = {}
    for one in fields(part):
        required = one.default is MISSING and one.default_factory is MISSING
        key = one.metadata["key"] or one.name
        found[key] = _Field(key, one.name, one.metadata["parse"], required)
    return found


def list_keys(part: type[Any]) -> list[str]:
    """Return the keys of an object of the document, as they are written."""
    return list(_list_fields(cast(Hashable, part)))


def parse_part(part: type[P], value: Any, place: Place, faults: Faults) -> P | None:
    """Return an object of the document, or None where the faults say what is wrong with it."""
    if not isinstance(value, dict):
        faults.add(part, place, value, "input should be an object")
        return None
    before, known = len(faults.found), _list_fields(cast(Hashable, part))
    parsed = {}
    for key, one in known.items():
        if key in value:
            parsed[one.name] = one.parse(value[key], (*place, key), part, faults)
        elif one.required:
            faults.add(part, (*place, key), value, "", "missing key")
    for key in value:
        if key not in known:
            faults.add(part, (*place, key), value[key], "", "unknown key")
    return part(**parsed) if len(faults.found) == before else None


# -- kinds of fields -----------------------------------------------------------------------------------


def read_any(value: Any, place: Place, part: type[Any], faults: Faults) -> Any:
    """Read any JSON."""
    return value


def read_flag(value: Any, place: Place, part: type[Any], faults: Faults) -> Any:
    """Read true or false."""
    if type(value) is not bool:
        faults.add(part, place, value, "input should be a valid boolean")
    return value


def read_number(value: Any, place: Place, part: type[Any], faults: Faults) -> Any:
    """Read a number."""
    if type(value) not in (int, float):
        faults.add(part, place, value, "input should be a valid number")
    return value


def read_text(value: Any, place: Place, part: type[Any], faults: Faults) -> Any:
    """Read text."""
    if not isinstance(value, str):
        faults.add(part, place, value, "input should be a valid string")
    return value


def read_choices(value: Any, place: Place, part: type[Any], faults: Faults) -> Any:
    """Read a list of texts and whole numbers."""
    if not isinstance(value, list):
        faults.add(part, place, value, "input should be a valid list")
        return value
    for index, entry in enumerate(value):
        if not isinstance(entry, str) and type(entry) is not int:
            faults.add(part, (*place, index), entry, "input should be a valid string or whole number")
    return value


def choose_text(*known: str) -> Parse:
    """Return what reads one of some texts."""

    def read(value: Any, place: Place, part: type[Any], faults: Faults) -> Any:
        if value not in known:
            faults.add(part, place, value, f"input should be one of {', '.join(map(repr, known))}")
        return value

    return read


def limit_text(shortest: int, longest: int) -> Parse:
    """Return what reads text of bounded length that UTF-8 can encode."""

    def read(value: Any, place: Place, part: type[Any], faults: Faults) -> Any:
        before = len(faults.found)
        read_text(value, place, part, faults)
        if len(faults.found) > before:
            return value
        if not is_encodable(value):
            faults.add(part, place, value, "input should be a valid string, without lone surrogates")
        if len(value) < shortest:
            faults.add(part, place, value, f"string should have at least {_count(shortest)}")
        if len(value) > longest:
            faults.add(part, place, value, f"string should have at most {_count(longest)}")
        return value

    return read


def _count(number: int) -> str:
    return "1 character" if number == 1 else f"{number} characters"


def match_text(pattern: str, kind: FaultKind = "value") -> Parse:
    """Return what reads text that a pattern matches.

    Args:
        pattern: The pattern.
        kind: What is wrong with text that it does not match.
    """
    matches = re.compile(pattern.removeprefix("^").removesuffix("$")).fullmatch

    def read(value: Any, place: Place, part: type[Any], faults: Faults) -> Any:
        before = len(faults.found)
        read_text(value, place, part, faults)
        if len(faults.found) == before and matches(value) is None:
            faults.add(part, place, value, f"string should match pattern '{pattern}'", kind)
        return value

    return read


def allow_null(parse: Parse) -> Parse:
    """Return what reads the same, or null."""
    return lambda value, place, part, faults: None if value is None else parse(value, place, part, faults)


def nest(inner: type[Any]) -> Parse:
    """Return what reads an object of the document."""
    return lambda value, place, part, faults: parse_part(inner, value, place, faults)


def collect_named(parse: Parse, pattern: str = "") -> Parse:
    """Return what reads an object with any keys.

    Args:
        parse: Reads each of its values.
        pattern: Pattern of its keys; "" for any.
    """
    read_name = match_text(pattern, "name") if pattern else read_text

    def read(value: Any, place: Place, part: type[Any], faults: Faults) -> Any:
        if not isinstance(value, dict):
            faults.add(part, place, value, "input should be an object")
            return value
        return dict(_read_entries(value, place, part, faults))

    def _read_entries(
        value: dict[str, Any], place: Place, part: type[Any], faults: Faults
    ) -> Iterator[tuple[str, Any]]:
        for name, entry in value.items():
            read_name(name, (*place, name), part, faults)
            yield name, parse(entry, (*place, name), part, faults)

    return read
