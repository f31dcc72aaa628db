"""Parses the source of a module, also while other threads do."""

from __future__ import annotations

import ast

_TRIES = 3


def parse_source(source: bytes) -> ast.Module:
    """Return the syntax tree of a source.

    CPython 3.11 counts the depth of all threads together, and now and then raises SystemError where they parse at
    once. Then it is tried again.

    Raises:
        SyntaxError, ValueError, RecursionError, MemoryError: As `ast.parse` does.
    """
    for _ in range(_TRIES - 1):
        try:
            return ast.parse(source)
        except SystemError:
            continue
    return ast.parse(source)
