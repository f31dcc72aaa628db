"""The standard output of a command: its own lines alone. What plugins and nodes print goes to standard error."""

from __future__ import annotations

import contextlib
import os
import sys
import threading
from collections.abc import Iterator
from typing import Any, TextIO

from studio.cli.streams import StandardOutput, drop_stream, open_stream
from studio.plugin_code import is_in_plugin
from studio.redaction import RedactedStream


class CommandOutput:
    """Takes the place of `sys.stdout`: other threads, and plugins on this one, write to standard error.

    Args:
        own: Where the command writes.
    """

    def __init__(self, own: TextIO) -> None:
        self._own = own
        self._thread = threading.get_ident()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._choose(), name)

    def _choose(self) -> TextIO:
        return sys.stderr if is_in_plugin() or threading.get_ident() != self._thread else self._own


@contextlib.contextmanager
def keep_output_apart(*, whole_process: bool) -> Iterator[None]:
    """Keep what plugins print out of a command's output.

    Args:
        whole_process: Whether the process is the command's own: then programs that nodes start are kept out too.
    """
    before, errors = sys.stdout, sys.stderr
    own = _separate(before) if whole_process else before
    sys.stdout, sys.stderr = CommandOutput(own), RedactedStream(errors)
    try:
        yield
    finally:
        sys.stdout, sys.stderr = own if whole_process else before, errors


def find_own_output() -> TextIO:
    """Return where the command writes, for its own lines that come from other threads."""
    stream = sys.stdout
    return stream._own if isinstance(stream, CommandOutput) else stream


def give_output_back() -> None:
    """Let a plugin's own command, and what it starts, write to the output."""
    stream = sys.stdout
    if isinstance(stream, CommandOutput):
        sys.stdout = own = stream._own
        number = _find_descriptor(own)
        if number is not None:
            os.dup2(number, 1)


def drop_output() -> None:
    """Send the rest of the output to the null device, so that nothing fails again when the program ends."""
    drop_stream(1)
    own = _find_descriptor(sys.stdout)
    if own is not None and own != 1:
        drop_stream(own)


def _separate(stream: TextIO) -> TextIO:
    """Return a stream of its own for the command, and let descriptor 1 be that of standard error."""
    if not isinstance(stream, StandardOutput) or _find_descriptor(stream) != 1:
        return stream
    own = os.dup(1)
    os.dup2(2, 1)
    return open_stream(stream, own, StandardOutput)


def _find_descriptor(stream: TextIO) -> int | None:
    try:
        return stream.fileno()
    except (OSError, ValueError):  # a stream in memory, as in a test
        return None
