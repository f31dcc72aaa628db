"""Calls the functions that plugins write for their value types, and names the plugin where one fails."""

from __future__ import annotations

import traceback
from typing import Any

from studio.api import ValueType
from studio.errors import RunError, StudioError, describe_exception


def call_value_type(
    value_type: ValueType[Any], callback: str, *args: Any, passes: tuple[type[Exception], ...] = (StudioError,)
) -> Any:
    """Call a method of a value type and return its result.

    Args:
        value_type: The value type.
        callback: Name of the method.
        args: Its arguments.
        passes: Errors that the method may raise on purpose.

    Raises:
        RunError: E315 for every other error, and where the method tries to end the program.
    """
    try:
        return getattr(value_type, callback)(*args)
    except passes:
        raise
    except (Exception, SystemExit) as error:
        ends = isinstance(error, SystemExit)
        said = f"tried to end the program ({describe_exception(error)})" if ends else f"raised {_locate(error)}"
        raise fail_callback(value_type, callback, said) from error


def fail_callback(value_type: ValueType[Any], callback: str, said: str) -> RunError:
    """Return the error of a method of a value type that does not do what it has to."""
    module = type(value_type).__module__
    return RunError(
        "E315",
        f"{callback} of value type {value_type.name!r} ({module}) {said}",
        hint=f"report it to the authors of {module.partition('.')[0]}",
    )


def _locate(error: BaseException) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    place = f" ({frames[-1].filename}:{frames[-1].lineno})" if frames else ""
    return f"{describe_exception(error)}{place}"
