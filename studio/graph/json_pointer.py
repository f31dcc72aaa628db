"""JSON pointers (RFC 6901), which say where in a document something is."""

from __future__ import annotations

from typing import Any


def escape(part: str) -> str:
    """Escape one part of a JSON pointer."""
    return part.replace("~", "~0").replace("/", "~1")


def split_pointer(pointer: str) -> list[str]:
    """Return the parts of a JSON pointer."""
    return [part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:]]


def find_value(document: Any, pointer: str) -> Any:
    """Return what is at a pointer in a document.

    Raises:
        LookupError: Nothing is there.
    """
    for part in split_pointer(pointer):
        if isinstance(document, list) and part.isdecimal():
            document = document[int(part)]
        elif isinstance(document, dict):
            document = document[part]
        else:
            raise LookupError(pointer)
    return document
