"""Marks calls of plugins' functions, so that what a plugin prints does not mix with what a command prints."""

from __future__ import annotations

from contextvars import ContextVar, Token

_in_plugin: ContextVar[bool] = ContextVar("in_plugin", default=False)


class mark_plugin_call:  # noqa: N801  # read as a verb: with mark_plugin_call()
    """Mark what runs in the block as code of a plugin.

    A class, because it surrounds every call of a node: a generator takes three times as long.
    """

    __slots__ = ("_token",)

    def __enter__(self) -> None:
        self._token: Token[bool] = _in_plugin.set(True)

    def __exit__(self, *_: object) -> None:
        _in_plugin.reset(self._token)


def is_in_plugin() -> bool:
    """Return whether a plugin's function is being called."""
    return _in_plugin.get()
