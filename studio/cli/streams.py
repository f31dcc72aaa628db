"""The standard streams of a command: one that is closed, full or no longer read costs no work and hides no message."""

from __future__ import annotations

import codecs
import io
import os
import sys

from studio.errors import RunError

_ESCAPE = "studio.escape"
"""Name of the error handler of the streams."""


class ReaderGone(Exception):
    """Nothing reads the standard output any more."""


class StandardOutput(io.TextIOWrapper):
    """The standard output.

    Letters that the terminal lacks are written as escapes; names of files keep their bytes.

    Raises:
        ReaderGone: From `write` and `flush`: the other end of the pipe is closed.
        RunError: From `write` and `flush`: E312 if the text cannot be written.
    """

    def write(self, text: str) -> int:
        """Write a text."""
        try:
            return super().write(text)
        except OSError as error:
            raise _describe_failure(error) from None

    def flush(self) -> None:
        """Write what waits to be written."""
        try:
            super().flush()
        except OSError as error:
            raise _describe_failure(error) from None


class StandardError(io.TextIOWrapper):
    """The standard error; a message that cannot be written is lost, and the work goes on."""

    def write(self, text: str) -> int:
        """Write a text."""
        try:
            return super().write(text)
        except OSError:
            return len(text)

    def flush(self) -> None:
        """Write what waits to be written."""
        try:
            super().flush()
        except OSError:
            drop_stream(2)


def escape_letters(error: UnicodeError) -> tuple[bytes | str, int]:
    """Write bytes of a file's name that are no UTF-8 as they are, and letters that the terminal lacks as escapes."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    letters = error.object[error.start : error.end]
    raw = b"".join(
        letter.encode("utf-8", "surrogateescape")
        if "\udc80" <= letter <= "\udcff"
        else letter.encode("ascii", "backslashreplace")
        for letter in letters
    )
    return raw, error.end


def guard_streams() -> None:
    """Open streams that are closed on the null device, and guard the others.

    A file that is opened while descriptor 1 is free becomes the standard output: prints would be written into it.
    """
    codecs.register_error(_ESCAPE, escape_letters)
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # the lowest number that is free
    if sys.stdin is None:
        sys.stdin = open(os.devnull, encoding="utf-8")  # noqa: SIM115  # stays open as long as the program
    if sys.stdout is sys.__stdout__:
        sys.stdout = open_stream(sys.stdout, 1, StandardOutput)
    if sys.stderr is sys.__stderr__:
        sys.stderr = open_stream(sys.stderr, 2, StandardError)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # also a stream that a caller in this process put there


def drop_stream(number: int) -> None:
    """Send the rest of a stream to the null device, so that nothing fails again when the program ends."""
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, number)
    os.close(null)


def open_stream(stream: io.TextIOWrapper | None, number: int, kind: type[io.TextIOWrapper]) -> io.TextIOWrapper:
    """Return a guarded stream on a descriptor, written like another one."""
    raw = open(number, "wb", closefd=False)  # noqa: SIM115  # stays open as long as the program
    if stream is None:
        return kind(raw, encoding="utf-8", errors=_ESCAPE)
    return kind(
        raw,
        encoding=stream.encoding,
        errors=_ESCAPE,
        line_buffering=stream.line_buffering,
        write_through=stream.write_through,
    )


def _describe_failure(error: OSError) -> Exception:
    if isinstance(error, BrokenPipeError):
        return ReaderGone()
    return RunError(
        "E312",
        f"cannot write to the standard output: {error.strerror or error}",
        hint="send it to a file with space, or to a program that reads it",
    )
