"""Turns whatever a node raised into the error that a user reads."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Mapping
from typing import Any

from studio.api import API_VERSION, is_out_of_memory
from studio.api.import_problem import find_import_hint
from studio.api.type_spec import ValueProblem, describe_value
from studio.errors import NodeError, StudioError, find_text
from studio.files import is_disk_full
from studio.version import VERSION

_LONGEST_INPUTS = 400


class Exhausted(Exception):
    """A call ran out of memory, and every measure against that was taken.

    Attributes:
        error: What the call raised.
        detail: How much was asked for, and which models were in memory.
    """

    def __init__(self, error: BaseException, detail: str) -> None:
        super().__init__(find_text(error))
        self.error = error
        self.detail = detail


def explain_failure(
    error: BaseException,
    node: str,
    node_type: str,
    inputs: Mapping[str, Any],
    describe: Callable[[Any], str] = describe_value,
    read_for: str = "",
) -> NodeError:
    """Return the node's error: which node, what happened, its inputs in short form, and what to do.

    Args:
        error: What was raised.
        node: Id of the node.
        node_type: Id of its type.
        inputs: The inputs of the call.
        describe: Says in a few words what a value is.
        read_for: The input that it reads a file for, or "".
    """
    if isinstance(error, NodeError):
        return error
    code, message, hint = _explain(error, node_type)
    name = f"node {node!r} ({node_type})" + (f" for {read_for}" if read_for else "")
    details = "" if isinstance(error, StudioError | ValueProblem) else _format_traceback(error)
    failure = NodeError(
        code, f"{name}{message}", node=node, inputs=describe_inputs(inputs, describe), details=details, hint=hint
    )
    failure.disk_full = is_disk_full(error)
    return failure


def _explain(error: BaseException, node_type: str) -> tuple[str, str, str]:
    """Return code, message and hint of an error; the message follows the node's name."""
    if isinstance(error, StudioError):
        place = f"{error.where}: " if error.where else ""
        return error.code, f": {place}{error.message}", error.hint
    if isinstance(error, ValueProblem):
        return "E302", f": {error}", "this is a mistake of the node type"
    text = find_text(error) or "no message"
    if isinstance(error, Exhausted) or is_out_of_memory(error):
        detail = error.detail if isinstance(error, Exhausted) else ""
        return "E304", f" ran out of memory: {text}{detail}", "make its input smaller, or free memory"
    if isinstance(error, SystemExit | KeyboardInterrupt):
        kind = type(error).__name__
        return "E301", f" tried to end the program ({kind}: {text})", f"report it to the authors of {node_type}"
    if is_disk_full(error):
        return "E310", f": the disk is full: {text}", "free space and run again; what was cached before is kept"
    return (
        "E301",
        f" raised {type(error).__name__}: {text}{_find_place(error)}",
        find_import_hint(error, VERSION, API_VERSION)
        or f"if its inputs are right, report it to the authors of {node_type}",
    )


def describe_inputs(inputs: Mapping[str, Any], describe: Callable[[Any], str] = describe_value) -> str:
    """Describe a call's inputs in a line."""
    text = ", ".join(f"{name}={describe(value)}" for name, value in inputs.items())
    return text if len(text) <= _LONGEST_INPUTS else text[: _LONGEST_INPUTS - 3] + "..."


def _format_traceback(error: BaseException) -> str:
    return "".join(traceback.format_exception(error.error if isinstance(error, Exhausted) else error))


def _find_place(error: BaseException) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    return f" ({frames[-1].filename}:{frames[-1].lineno})" if frames else ""
