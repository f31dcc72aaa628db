"""Keeps secrets out of texts: a secret that was read is replaced wherever Studio writes a message."""

from __future__ import annotations

import threading
from typing import Any, TextIO

SHORTEST = 4
"""Characters of the shortest secret that is replaced; a shorter one would be found in ordinary words."""
MASK = "***"

_known: set[str] = set()
_guard = threading.Lock()


def remember_secret(text: str) -> None:
    """Remember a secret for the life of this process."""
    if len(text) >= SHORTEST:
        with _guard:
            _known.add(text)


def redact(text: str) -> str:
    """Return a text with every known secret replaced, the longest first."""
    if not _known or not isinstance(text, str):
        return text
    with _guard:
        found = sorted((secret for secret in _known if secret in text), key=len, reverse=True)
    for secret in found:
        text = text.replace(secret, MASK)
    return text


def contains_secret(value: object) -> bool:
    """Return whether a text, or one in a list or a mapping, contains a known secret."""
    if not _known:
        return False
    if isinstance(value, str):
        return redact(value) != value
    if isinstance(value, dict):
        return any(contains_secret(key) or contains_secret(entry) for key, entry in value.items())
    return isinstance(value, list | tuple) and any(map(contains_secret, value))


class RedactedStream:
    """A stream for texts in which every known secret is replaced.

    Args:
        stream: Where the texts go.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        """Write a text."""
        return self._stream.write(redact(text))
