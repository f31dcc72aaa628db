"""`describe_error`: what an author's function raised, and where."""

from __future__ import annotations

from studio.errors import find_place


def describe_error(error: BaseException) -> str:
    """Return in a line what was raised, and where."""
    return f"{type(error).__name__}: {error}{find_place(error)}"
