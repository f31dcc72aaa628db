"""Turns whatever a node raised into the error that a user reads."""

from __future__ import annotations

import traceback
from collections.abc import Mapping
from typing import Any

from studio.api import is_out_of_memory
from studio.api.type_spec import ValueProblem, describe_value
from studio.errors import NodeError, StudioError
from studio.execution.relief import Exhausted
from studio.files import is_disk_full


def explain_failure(error: BaseException, node: str, node_type: str, inputs: Mapping[str, Any]) -> NodeError:
    """Return the node's error: which node, what happened, its inputs in short form, and what to do."""
    if isinstance(error, NodeError):
        return error
    short = describe_inputs(inputs)
    name = f"node {node!r} ({node_type})"
    if isinstance(error, StudioError):
        message = f"{error.where}: {error.message}" if error.where else error.message
        failure = NodeError(error.code, f"{name}: {message}", node=node, inputs=short, hint=error.hint)
        failure.disk_full = is_disk_full(error)
        return failure
    if isinstance(error, ValueProblem):
        return NodeError("E302", f"{name}: {error}", node=node, inputs=short, hint="this is a mistake of the node type")
    details = "".join(traceback.format_exception(error))
    if isinstance(error, Exhausted) or is_out_of_memory(error):
        told = error.told if isinstance(error, Exhausted) else ""
        return NodeError(
            "E304",
            f"{name} ran out of memory: {str(error).strip() or 'no message'}{told}",
            node=node,
            inputs=short,
            details="".join(traceback.format_exception(error.error)) if isinstance(error, Exhausted) else details,
            hint="make its input smaller, or free memory",
        )
    if isinstance(error, SystemExit | KeyboardInterrupt):
        return NodeError(
            "E301",
            f"{name} tried to end the program ({type(error).__name__}: {error})",
            node=node,
            inputs=short,
            details=details,
            hint=f"report it to the authors of {node_type}",
        )
    if is_disk_full(error):
        return NodeError(
            "E310",
            f"{name}: the disk is full: {error}",
            node=node,
            inputs=short,
            details=details,
            hint="free space and run again; what was cached before is kept",
        )
    place = _find_place(error)
    text = str(error).strip() or "no message"
    return NodeError(
        "E301",
        f"{name} raised {type(error).__name__}: {text}{place}",
        node=node,
        inputs=short,
        details=details,
        hint=f"if its inputs are right, report it to the authors of {node_type}",
    )


def describe_inputs(inputs: Mapping[str, Any]) -> str:
    """Describe a call's inputs in a line."""
    text = ", ".join(f"{name}={describe_value(value)}" for name, value in inputs.items())
    return text if len(text) <= 400 else text[:397] + "..."


def _find_place(error: BaseException) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    return f" ({frames[-1].filename}:{frames[-1].lineno})" if frames else ""
