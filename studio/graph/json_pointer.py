"""JSON pointers (RFC 6901), which say where in a document something is."""

from __future__ import annotations


def escape(part: str) -> str:
    """Escape one part of a JSON pointer."""
    return part.replace("~", "~0").replace("/", "~1")
