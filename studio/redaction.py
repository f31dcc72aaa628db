"""Keeps secrets out of texts: a secret that was read is replaced wherever Studio writes a message."""

from __future__ import annotations

import re
import threading
from typing import Any, NoReturn, TextIO

SHORTEST = 4
"""Characters of the shortest secret that is replaced inside words; a shorter one is replaced where it stands alone."""
MASK = "***"

_known: set[str] = set()
_short: set[str] = set()
_guard = threading.Lock()


def remember_secret(text: str) -> None:
    """Remember a secret for the life of this process."""
    if text:
        with _guard:
            (_known if len(text) >= SHORTEST else _short).add(text)


def redact(text: str) -> str:
    """Return a text with every known secret replaced, the longest first.

    A secret of fewer than 4 characters is replaced where it is the whole text, or a whole value in it: in quotes, or
    after "=". Inside words it stays: "ab" would be found in "table".
    """
    if not (_known or _short) or not isinstance(text, str):
        return text
    with _guard:
        found = sorted((secret for secret in _known if secret in text), key=len, reverse=True)
        short = [secret for secret in _short if secret in text]
    for secret in found:
        text = text.replace(secret, MASK)
    for secret in short:
        text = _replace_values(text, secret)
    return text


def _replace_values(text: str, secret: str) -> str:
    """Return a text with a short secret replaced where it is a whole value."""
    if text.strip() == secret:
        return text.replace(secret, MASK)
    escaped = re.escape(secret)
    return re.sub(rf"(?<=(['\"`])){escaped}(?=\1)|(?<==){escaped}(?=[\s,;)\]}}]|$)", MASK, text)


def contains_secret(value: object) -> bool:
    """Return whether a text, or one in a list or a mapping, contains a known secret, or is a short one."""
    if not (_known or _short):
        return False
    if isinstance(value, str):
        with _guard:
            return value in _short or any(secret in value for secret in _known)
    if isinstance(value, dict):
        return any(contains_secret(key) or contains_secret(entry) for key, entry in value.items())
    return isinstance(value, list | tuple) and any(map(contains_secret, value))


def hide_credentials(url: str) -> str:
    """Return the address of a storage without its user, password and options, the mode excepted."""
    address, mark, options = url.partition("?")
    scheme, separator, place = address.partition("://")
    host, slash, path = place.partition("/")
    if "@" in host:
        address = f"{scheme}{separator}{MASK}@{host.rpartition('@')[2]}{slash}{path}"
    shown = [_hide_option(option) for option in options.split("&")]
    return f"{address}{mark}{'&'.join(shown)}"


def _hide_option(option: str) -> str:
    name, equals, value = option.partition("=")
    return f"{name}{equals}{MASK}" if value and name != "mode" else option


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

    def close(self) -> NoReturn:
        """Refuse: the messages that follow would be lost."""
        raise OSError("the standard streams belong to the whole program and cannot be closed")

    detach = close
