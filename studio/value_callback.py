"""Calls the functions that plugins write for their value types, and names the plugin where one fails."""

from __future__ import annotations

from collections.abc import Iterable
from numbers import Real
from typing import Any

from studio.api import ValueType, is_disk_full, is_out_of_memory
from studio.errors import RunError, StudioError, describe_raised
from studio.plugin_code import mark_plugin_call


def call_value_type(
    value_type: ValueType[Any],
    callback: str,
    *args: Any,
    passes: tuple[type[Exception], ...] = (StudioError,),
    returns: type[Any] = object,
) -> Any:
    """Call a method of a value type and return its result.

    Args:
        value_type: The value type.
        callback: Name of the method.
        args: Its arguments.
        passes: Errors that the method may raise on purpose.
        returns: The class of what it returns.

    Raises:
        RunError: E315 for every other error, where the method tries to end the program, and where it returns something
            else. That memory or the disk is not enough is raised as it is.
    """
    try:
        with mark_plugin_call():
            result = getattr(value_type, callback)(*args)
    except passes:
        raise
    except (Exception, SystemExit) as error:
        if is_out_of_memory(error) or is_disk_full(error):  # a lack that others know how to handle
            raise
        raise fail_callback(value_type, callback, describe_raised(error)) from error
    if not isinstance(result, returns):
        raise fail_callback(value_type, callback, f"returned {_describe(result)}, not {_describe_class(returns)}")
    return result


def _describe(value: Any) -> str:
    return repr(value)[:40] if value is None or type(value) in (bool, int, float) else f"a {type(value).__name__}"


def _describe_class(returns: type[Any]) -> str:
    words: dict[type[Any], str] = {str: "a text", Real: "a number", Iterable: "a list of texts"}
    return words.get(returns, f"a {returns.__name__}")


def fail_callback(value_type: ValueType[Any], callback: str, said: str) -> RunError:
    """Return the error of a method of a value type that does not do what it has to."""
    module = type(value_type).__module__
    return RunError(
        "E315",
        f"{callback} of value type {value_type.name!r} ({module}) {said}",
        hint=f"report it to the authors of {module.partition('.')[0]}",
    )
