"""JSON pointers (RFC 6901), and names with dots."""

from __future__ import annotations

from typing import Any

from studio.api import StudioError

_ABSENT = object()
_HINT = "inspect the value with logic.to_text, or set required to false"
_MOST_PARTS = 64  # as deep as a value in a graph may be


def split_pointer(pointer: str) -> list[str]:
    """Split a pointer into its unescaped parts.

    Raises:
        StudioError: E324 if it neither is empty nor begins with a slash, or is too deep.
    """
    if pointer == "":
        return []
    if not pointer.startswith("/"):
        raise StudioError("E324", f"{pointer[:80]!r} is not a JSON pointer", hint='write it like "/items/0/name"')
    parts = [part.replace("~1", "/").replace("~0", "~") for part in pointer[1:].split("/")]
    if len(parts) > _MOST_PARTS:
        raise StudioError("E324", f"a pointer of {len(parts)} parts", hint=f"use at most {_MOST_PARTS}")
    return parts


def parse_field(field: str) -> str:
    """Return the JSON pointer of a field that is written as one, or as names with dots such as "address.city".

    Raises:
        StudioError: E324 as `split_pointer`, and for an empty name between dots.
    """
    if field == "" or field.startswith("/"):
        split_pointer(field)
        return field
    parts = field.split(".")
    if "" in parts:
        raise StudioError(
            "E324", f"{field[:80]!r} has an empty name", hint='write it like "address.city", or as a pointer, "/a.b"'
        )
    pointer = "".join("/" + part.replace("~", "~0").replace("/", "~1") for part in parts)
    split_pointer(pointer)
    return pointer


def find_value(document: Any, pointer: str, hint: str = _HINT) -> Any:
    """Return the value at a pointer.

    Raises:
        StudioError: E324 that names the place where the way ends and what is there instead.
    """
    value, way = document, ""
    for part in split_pointer(pointer):
        found = _descend(value, part)
        if found is _ABSENT:
            raise StudioError(
                "E324",
                f"nothing at {pointer[:80]!r}: {way or 'the top'} {_describe(value)}",
                hint=hint,
            )
        value, way = found, f"{way}/{part}"
    return value


def has_value(document: Any, pointer: str) -> bool:
    """Say whether there is a value at a pointer."""
    value = document
    for part in split_pointer(pointer):
        value = _descend(value, part)
        if value is _ABSENT:
            return False
    return True


def set_value(document: Any, pointer: str, value: Any) -> Any:
    """Return a copy of a document with a value put at a pointer; mappings on the way are made, "-" appends to a list.

    Raises:
        StudioError: E324 if the way leads through a text or a number, or past the end of a list.
    """
    return _set(document, split_pointer(pointer), value, "")


def _set(document: Any, parts: list[str], value: Any, way: str) -> Any:
    if not parts:
        return value
    first, rest = parts[0], parts[1:]
    if document is None:
        document = {}
    if isinstance(document, dict):
        return {**document, first: _set(document.get(first), rest, value, f"{way}/{first}")}
    if isinstance(document, list):
        index = len(document) if first == "-" else int(first) if _is_index(first) else -1
        if 0 <= index <= len(document):
            old = document[index] if index < len(document) else None
            return [*document[:index], _set(old, rest, value, f"{way}/{first}"), *document[index + 1 :]]
    raise StudioError(
        "E324",
        f"cannot put a value at {way}/{first}: {way or 'the top'} {_describe(document)}",
        hint='a part names a key of a mapping, or an index of a list ("-" appends)',
    )


def _descend(value: Any, part: str) -> Any:
    if isinstance(value, dict):
        return value.get(part, _ABSENT)
    if isinstance(value, list) and _is_index(part) and int(part) < len(value):
        return value[int(part)]
    return _ABSENT


def _is_index(part: str) -> bool:
    return part.isascii() and part.isdigit() and len(part) <= 9 and (part == "0" or part[0] != "0")


def _describe(value: Any) -> str:
    if isinstance(value, dict):
        keys = ", ".join(repr(key) for key in list(value)[:12])
        return f"has the keys {keys}" + (", ..." if len(value) > 12 else "") if value else "has no keys"
    if isinstance(value, list):
        return f"is a list of {len(value)}"
    return f"is {str(value)[:40]!r}" if isinstance(value, str) else f"is {str(value)[:40]}"
