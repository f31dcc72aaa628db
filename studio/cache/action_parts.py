"""The parts of a fingerprint as actions keep them: written as JSON once where many share them, parsed when read."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from itertools import chain
from json.encoder import encode_basestring_ascii as _quote


class SharedParts:
    """Parts that all calls of a node type share.

    Args:
        values: The parts by name.
    """

    __slots__ = ("text", "values")

    def __init__(self, values: Mapping[str, str]) -> None:
        self.values = dict(values)
        self.text = json.dumps(self.values)


class MadeParts(Mapping[str, str]):
    """The parts of a new action.

    Args:
        shared: Those that other actions have too.
        own: The others; their names are not among the shared ones.
    """

    __slots__ = ("_own", "_shared")

    def __init__(self, shared: SharedParts, own: Mapping[str, str]) -> None:
        self._shared = shared
        self._own = own

    def __getitem__(self, name: str) -> str:
        """Return a part."""
        return self._own[name] if name in self._own else self._shared.values[name]

    def __iter__(self) -> Iterator[str]:
        """Yield the names, shared ones first."""
        return chain(self._shared.values, self._own)

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._shared.values) + len(self._own)

    def write(self) -> str:
        """Return the parts as JSON."""
        if not (self._own and self._shared.values):
            return json.dumps(dict(self))
        return f"{self._shared.text[:-1]}, {_write_texts(self._own)}}}"


class StoredParts(Mapping[str, str]):
    """Parts as a table keeps them, parsed when they are read: few look-ups need them. Damaged ones are none.

    Args:
        text: JSON.
    """

    __slots__ = ("_parsed", "_text")

    def __init__(self, text: str) -> None:
        self._text = text
        self._parsed: dict[str, str] | None = None

    def __getitem__(self, name: str) -> str:
        """Return a part."""
        return self._parse()[name]

    def __iter__(self) -> Iterator[str]:
        """Yield the names."""
        return iter(self._parse())

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._parse())

    def _parse(self) -> dict[str, str]:
        if self._parsed is None:
            try:
                self._parsed = {str(name): str(part) for name, part in json.loads(self._text).items()}
            except (ValueError, TypeError, AttributeError, RecursionError):
                self._parsed = {}
        return self._parsed


def write_outputs(outputs: Mapping[str, str]) -> str:
    """Return digests of outputs as JSON."""
    return f"{{{_write_texts(outputs)}}}"


def _write_texts(texts: Mapping[str, str]) -> str:
    """Return the inside of a JSON object of texts; `json.dumps` makes an encoder for each call."""
    return ", ".join([f"{_quote(name)}: {_quote(text)}" for name, text in texts.items()])


def write_parts(parts: Mapping[str, str]) -> str:
    """Return parts as JSON."""
    return parts.write() if isinstance(parts, MadeParts) else json.dumps(dict(parts))
