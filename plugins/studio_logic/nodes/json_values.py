"""JSON taken apart, put together and turned into other types."""

from __future__ import annotations

import json
import math
from typing import Annotated, Any, NamedTuple

from studio.api import Context, Field, Grammar, JsonValue, Migration, StudioError, check_inputs, node
from studio_logic.pointer import split_pointer

Pointer = Annotated[str, Field(max_length=2000), Grammar("a JSON pointer", split_pointer)]


class Found(NamedTuple):
    """A value of JSON.

    Attributes:
        value: JSON value; for logic.set_json the changed JSON, for logic.to_json the list.
    """

    value: JsonValue


class Entries(NamedTuple):
    """The entries of a JSON list.

    Attributes:
        values: List of the entries.
    """

    values: list[JsonValue]


@node("logic.get_json", version="2.0", migrations={1: Migration(outputs={"json": "value"})}, replaces="logic.json_get")
def get_value(
    ctx: Context, value: JsonValue, pointer: Pointer, *, default: JsonValue = None, required: bool = True
) -> Found:
    """Return a value in JSON by a JSON pointer (RFC 6901), such as "/items/0/name".

    Args:
        value: JSON to read.
        pointer: JSON pointer of the value; empty for all of the JSON. In a name, "~1" means "/" and "~0" means "~".
        default: Value to return if the pointer is missing and `required` is false.
        required: Fail if the pointer is missing.
    """
    from studio_logic.pointer import find_value, has_value

    return Found(find_value(value, pointer) if required or has_value(value, pointer) else default)


@node("logic.set_json", version="2.0", migrations={1: Migration(outputs={"json": "value"})}, replaces="logic.json_set")
def set_value(ctx: Context, value: JsonValue, pointer: Pointer, entry: JsonValue) -> Found:
    """Set a value in JSON at a JSON pointer (RFC 6901); missing mappings on the way are created.

    Args:
        value: JSON to change; null for an empty mapping.
        pointer: JSON pointer of the value; "-" as its last part appends to a list.
        entry: Value to set.
    """
    from studio_logic.pointer import set_value as put

    return Found(put(value, pointer, entry))


def _read_json(text: str) -> JsonValue:
    try:
        return json.loads(text, parse_constant=_refuse_constant, parse_float=_read_float)
    except (ValueError, RecursionError) as error:
        raise StudioError(
            "E324",
            f"the text is not JSON: {str(error) or 'nested too deep'}",
            hint="names and texts are in double quotes, and no comma follows the last entry",
        ) from None


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is not a number in JSON")


def _read_float(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text[:40]} is too large for a number")
    return number


@node("logic.parse_json", version="2.0", migrations={1: Migration(outputs={"json": "value"})})
def parse_json(ctx: Context, text: Annotated[str, Field(max_length=1_000_000), Grammar("JSON", _read_json)]) -> Found:
    """Read JSON from a text.

    Args:
        text: JSON text to read; NaN and infinity are invalid.
    """
    return Found(_read_json(text))


@node("logic.to_text")
def write_text(ctx: Context, value: JsonValue, *, indent: Annotated[int, Field(ge=0, le=8)] = 0) -> str:
    """Turn a value into text: text stays, numbers get their short form, other values become JSON.

    Args:
        value: Text, a number, or other JSON to convert.
        indent: Spaces for each level of lists and mappings; 0 writes one line.
    """
    from studio_logic.template import format_value

    if indent and isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False, indent=indent)
    return format_value(value)


def _read_number(value: JsonValue) -> int | float:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and len(value) <= 100:
        for read in (int, float):
            try:
                number = read(value.strip())
            except ValueError:
                continue
            if math.isfinite(number):
                return number
    raise StudioError("E324", f"{str(value)[:60]!r} is not a number", hint='write it like "12" or "1.5"')


@node("logic.to_number", check=check_inputs(_read_number))
def read_number(ctx: Context, value: str | int | float) -> int | float:
    """Turn a text or a JSON number into a number; a list of them gives a list of numbers.

    Args:
        value: Number, or text with a number, such as "1.5e3".
    """
    return _read_number(value)


def _read_list(value: JsonValue) -> list[JsonValue]:
    if not isinstance(value, list):
        raise StudioError("E324", f"{str(value)[:60]!r} is not a list", hint="use logic.collect for a single value")
    return value


@node(
    "logic.to_list",
    check=check_inputs(_read_list),
    version="2.0",
    migrations={1: Migration(outputs={"jsons": "values"})},
)
def read_list(ctx: Context, value: JsonValue) -> Entries:
    """Turn a JSON list into a list, so that a node maps over it.

    Args:
        value: JSON list to convert.
    """
    return Entries(_read_list(value))


@node("logic.to_json")
def write_list(ctx: Context, values: list[JsonValue]) -> Found:
    """Turn a list into a JSON list, for a node that takes JSON whole instead of being mapped.

    Args:
        values: Entries of the list: JSON values, texts or numbers.
    """
    return Found(list(values))
