"""Errors for documents of other programs that cannot be read."""

from __future__ import annotations

from studio.errors import UsageError


def refuse(
    message: str, *, where: str = "", hint: str = "check the document in the program that wrote it"
) -> UsageError:
    """Return the error for a document that cannot be imported."""
    return UsageError("E029", message, where=where, hint=hint)
