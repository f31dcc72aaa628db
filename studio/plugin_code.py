"""Marks calls of plugins' functions, so that what a plugin prints does not mix with what a command prints."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_in_plugin: ContextVar[bool] = ContextVar("in_plugin", default=False)


@contextmanager
def mark_plugin_call() -> Iterator[None]:
    """Mark what runs in the block as code of a plugin."""
    token = _in_plugin.set(True)
    try:
        yield
    finally:
        _in_plugin.reset(token)


def is_in_plugin() -> bool:
    """Return whether a plugin's function is being called."""
    return _in_plugin.get()
