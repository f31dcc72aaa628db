"""The one error tree.

    StudioError                 every error that Studio raises on purpose
    ├── UsageError      E0xx    a command or a call was given something it cannot use
    ├── GraphError      E1xx    a graph document is wrong; carries every finding
    ├── PluginError     E2xx    a plugin cannot be loaded or clashes with another
    │   └── NodeTypeError       a node type is declared wrong; where is file and line
    ├── RunError        E3xx    a run could not do what was asked
    │   └── NodeError           one node failed; names the node and its inputs
    ├── CacheError      E4xx    the cache cannot be read or written
    ├── MediaError      E5xx    an image, audio or a video is invalid or out of bounds
    └── ModelError      E6xx    weights are missing, unsafe or unfit

    E62x to E72x are those of Studio's own plugins, E74x those of batches, each of the class that fits.

    StudioWarning               a RuntimeWarning: what stops nothing, shown as a line
    Cancelled                   a BaseException: `except Exception` cannot swallow it

Each error has a stable code (listed in docs/errors.md), the place it speaks of (a JSON pointer, or a
file and line), a message that quotes the user's own text, and a hint: what to type or open next.
"""

from __future__ import annotations

import os
import traceback
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from studio.redaction import redact

_STUDIO = os.path.dirname(__file__) + os.sep


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong with a graph document, at a JSON pointer.

    `alternatives` has what may be written there instead: the known names, or the one value that is meant.
    """

    code: str
    where: str
    message: str
    expected: str = ""
    found: str = ""
    hint: str = ""
    severity: Literal["error", "warning"] = "error"
    alternatives: tuple[Any, ...] = field(default=(), compare=False, repr=False)

    def __post_init__(self) -> None:
        for name in ("message", "expected", "found", "hint"):
            object.__setattr__(self, name, redact(getattr(self, name)))

    def to_json(self) -> dict[str, Any]:
        """Return the finding as plain JSON."""
        return {name: value for name, value in self.__dict__.items() if name != "alternatives"}

    def __str__(self) -> str:
        text = f"{self.code} {self.where or '/'}: {self.message}"
        return f"{text} ({self.hint})" if self.hint else text


class StudioError(Exception):
    """Every error that Studio raises on purpose."""

    exit_code = 1
    """Of a command that ends with it: 1 for a failure, 2 if the command was given something that it cannot use."""

    def __init__(self, code: str, message: str, *, where: str = "", hint: str = "") -> None:
        message, where, hint = redact(message), redact(where), redact(hint)
        super().__init__(code, message, where, hint)
        self.code = code
        self.message = message
        self.where = where
        self.hint = hint
        self.disk_full = False
        """Whether a full disk is the reason, so that everything that writes there fails."""

    def __reduce__(self) -> tuple[Any, ...]:
        return (_rebuild, (type(self), self.__dict__))

    def __str__(self) -> str:
        place = f"{self.where}: " if self.where else ""
        hint = f"\n  hint: {self.hint}" if self.hint else ""
        return f"{self.code} {place}{self.message}{hint}"

    def to_json(self) -> dict[str, Any]:
        """Return the error as plain JSON."""
        return {"code": self.code, "where": self.where, "message": self.message, "hint": self.hint}


def _rebuild(kind: type[StudioError], state: dict[str, Any]) -> StudioError:
    error = kind.__new__(kind)
    error.__dict__.update(state)
    error.args = (state["code"], state["message"], state["where"], state["hint"])
    return error


class UsageError(StudioError):
    """A command or a call was given something it cannot use."""

    exit_code = 2


class GraphError(StudioError):
    """A graph document is wrong; `findings` holds everything that is."""

    exit_code = 2

    def __init__(self, findings: Sequence[Finding], *, source: str = "") -> None:
        first = findings[0]
        more = f" (and {len(findings) - 1} more)" if len(findings) > 1 else ""
        where = f"{source}#{first.where}" if source else first.where
        super().__init__(first.code, first.message + more, where=where, hint=first.hint)
        self.findings = tuple(findings)
        self.source = source

    def to_json(self) -> dict[str, Any]:
        """Return the error with all its findings as plain JSON."""
        return super().to_json() | {"findings": [finding.to_json() for finding in self.findings]}


class PluginError(StudioError):
    """A plugin cannot be loaded or clashes with another."""


class NodeTypeError(PluginError):
    """A node type is declared wrong."""


class RunError(StudioError):
    """A run could not do what was asked."""


class NodeError(RunError):
    """One node failed: which, with which inputs in short form, and what to do."""

    def __init__(
        self, code: str, message: str, *, node: str, inputs: str = "", hint: str = "", details: str = ""
    ) -> None:
        super().__init__(code, message, where=f"/nodes/{node}", hint=hint)
        self.node = node
        self.inputs = redact(inputs)
        self.details = redact(details)

    def to_json(self) -> dict[str, Any]:
        """Return the error with the node and its inputs as plain JSON."""
        return super().to_json() | {"node": self.node, "inputs": self.inputs, "details": self.details}


class CacheError(StudioError):
    """The cache cannot be read or written."""


class MediaError(StudioError):
    """An image, audio or a video is invalid, damaged or out of bounds."""


class ModelError(StudioError):
    """Weights are missing, unsafe or unfit."""

    @property
    def exit_code(self) -> int:  # type: ignore[override]
        """Of a command that ends with it: 2 for a reference that is invalid, names nothing or does not fit."""
        return 2 if self.code in ("E601", "E602", "E608", "E609") else 1


LONGEST_TEXT = 10_000
"""Characters of an exception's text that are shown and recorded: a library may print an array into it."""


def describe_exception(error: BaseException) -> str:
    """Return the class and the text of an exception; one whose text cannot be made is described without it."""
    return redact(f"{type(error).__name__}: {find_text(error) or 'no message'}")


def find_text(error: BaseException) -> str:
    """Return the text of an exception, also of one whose text cannot be made; of a very long one its beginning."""
    try:
        text = str(error).strip()
    except (Exception, SystemExit):
        return "its text cannot be shown"
    more = len(text) - LONGEST_TEXT
    return text if more <= 0 else f"{text[:LONGEST_TEXT]} ... ({more} more characters)"


def describe_raised(error: BaseException) -> str:
    """Say what a plugin's function did instead of returning: "raised ValueError: no (file:line)"."""
    if isinstance(error, SystemExit):
        return f"tried to end the program ({describe_exception(error)})"
    return f"raised {describe_exception(error)}{find_place(error)}"


def find_place(error: BaseException) -> str:
    """Return where a plugin's function failed, " (file:line)": the last line that is not Studio's own, or ""."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if not frame.filename.startswith((_STUDIO, "<string>"))]
    return "".join(f" ({frame.filename}:{frame.lineno})" for frame in (own or frames)[-1:])


class StudioWarning(RuntimeWarning):
    """What a user should know and what stops nothing; the command line shows it as `warning: ...`."""


class Cancelled(BaseException):
    """The run was cancelled; raised by `ctx.step` and never caught by `except Exception`."""
