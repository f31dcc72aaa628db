"""`guard_process`: keeps what belongs to the whole process as it was while a plugin is imported."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from typing import Any, NoReturn

from studio.errors import PluginError

_DESCRIPTORS = {0: "the standard input", 1: "the standard output", 2: "the standard error"}


class _LastingStream:
    """A standard stream that cannot be closed.

    Args:
        stream: The stream behind it.
        name: Its name in `sys`.
    """

    def __init__(self, stream: Any, name: str) -> None:
        self._stream = stream
        self._name = name

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def close(self) -> NoReturn:
        """Refuse."""
        raise OSError(f"the plugin closes sys.{self._name}, which belongs to the whole program")

    detach = close


@contextlib.contextmanager
def guard_process() -> Iterator[None]:
    """Put back streams, the current folder and the places of modules after the block.

    Raises:
        PluginError: E213 if a standard descriptor was closed, which is put back too.
    """
    streams = sys.stdout, sys.stderr
    places = list(sys.path)
    folder = _find_folder()
    copies = _copy_descriptors()
    sys.stdout, sys.stderr = (
        stream and _LastingStream(stream, name) for stream, name in zip(streams, ("stdout", "stderr"), strict=True)
    )
    try:
        yield
        _check_descriptors(copies)
    finally:
        sys.stdout, sys.stderr = streams
        if not set(places) <= set(sys.path):
            sys.path[:] = [*places, *(place for place in sys.path if place not in places)]
        if folder and _find_folder() != folder:
            os.chdir(folder)
        for number, copy in copies.items():
            if _find_file(number) != _find_file(copy):
                os.dup2(copy, number)
            os.close(copy)


def _copy_descriptors() -> dict[int, int]:
    copies = {}
    for number in _DESCRIPTORS:
        with contextlib.suppress(OSError):  # it is closed, or no more files may be opened
            copies[number] = os.dup(number)
    return copies


def _check_descriptors(copies: dict[int, int]) -> None:
    for number, copy in copies.items():
        if _find_file(number) != _find_file(copy):
            message = f"the plugin closes {_DESCRIPTORS[number]} while it is imported"
            raise PluginError("E213", message, hint="report it to its authors")


def _find_folder() -> str:
    try:
        return os.getcwd()
    except OSError:  # it was removed
        return ""


def _find_file(number: int) -> tuple[int, int] | None:
    """Return what names the file of a descriptor, or None for one that is closed."""
    try:
        found = os.fstat(number)
    except OSError:
        return None
    return found.st_dev, found.st_ino
