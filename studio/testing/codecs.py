"""Checks of values by the methods of their value type: codec, check, describe, byte_size."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from studio.api import ValueType
from studio.errors import CacheError, StudioError
from studio.testing.failures import describe_error
from studio.testing.workspace import Workspace


def find_value_problems(workspace: Workspace, value: Any) -> list[str]:
    """Return what is wrong with a value, by the methods of its value type; of a list, entry by entry."""
    if isinstance(value, list):
        return [problem for entry in value for problem in find_value_problems(workspace, entry)]
    value_type = workspace.studio.cache.codecs.find_type(value)
    if value_type is None:
        return []
    tries: dict[str, Callable[[Any], list[str]]] = {
        "check": _find_check_problems,
        "describe": _find_description_problems,
        "byte_size": _find_size_problems,
    }
    return [problem for name, judge in tries.items() for problem in _try_method(value_type, name, value, judge)]


def _try_method(value_type: ValueType[Any], name: str, value: Any, judge: Callable[[Any], list[str]]) -> list[str]:
    try:
        return judge(getattr(value_type, name)(value))
    except (Exception, SystemExit) as error:  # the author's method
        todo = "give a valid value, or correct it" if name == "check" else "correct it"
        return [f"{name}() of value type {value_type.name!r} raised {describe_error(error)}; {todo}"]


def _find_check_problems(found: Any) -> list[str]:
    return [] if found is None else [f"check() returned {found!r}; raise MediaError for an invalid value"]


def _find_description_problems(text: Any) -> list[str]:
    if not isinstance(text, str) or not text.strip():
        return [f"describe() returned {text!r}; return a few words"]
    if len(text) > 200 or "\n" in text:
        return [f"describe() returned {len(text)} characters; errors and listings show one short line"]
    return []


def _find_size_problems(size: Any) -> list[str]:
    if not isinstance(size, int) or isinstance(size, bool) or size < 0:
        return [f"byte_size() returned {size!r}; return a number of bytes, as an int"]
    return []


# -- codecs ----------------------------------------------------------------------------------------


def find_codec_failures(workspace: Workspace, value: Any) -> list[str]:
    """Return what `pack` of a value raises, instead of what has a digest or has none."""
    try:
        workspace.digest(value)
    except (Exception, SystemExit) as error:  # the author's codec
        return [_describe_codec_error(error)]
    return []


def find_codec_problems(workspace: Workspace, value: Any) -> list[str]:
    """Return what is lost when a value is stored and loaded; of a list, entry by entry."""
    codecs = workspace.studio.cache.codecs
    try:
        if not workspace.digest(value):
            if codecs.find_type(value) is not None:
                return ["pack() returns what has no digest; return plain JSON and C-contiguous arrays of numbers"]
            return [
                f"a {type(value).__name__} has no digest, so it is never cached; register a ValueType whose `python` "
                "is its class, and pass it here with value_types="
            ]
        stream = codecs.find_stream(value)
        if stream is not None and stream.find_origin(value) is not None:
            return []  # it is not stored, but read again from the user's own file
        return _find_round_trip_problems(workspace, value)
    except (Exception, SystemExit) as error:  # the author's codec
        return [_describe_codec_error(error)]


def _describe_codec_error(error: BaseException) -> str:
    if isinstance(error, CacheError):
        return f"its codec cannot read back what it wrote: {error.message}"
    if isinstance(error, StudioError):
        return f"its codec failed: {error.message}"
    return f"its codec raised {type(error).__name__}: {error}; pack() returns plain JSON and C-contiguous arrays"


def _find_round_trip_problems(workspace: Workspace, value: Any) -> list[str]:
    encoded = workspace.studio.cache.codecs.encode(value, workspace.digest)
    if encoded is None:
        return [f"a {type(value).__name__} cannot be stored; give its ValueType pack() and unpack()"]
    if encoded.codec == "list":
        return [problem for entry in encoded.entries for problem in find_codec_problems(workspace, entry)]
    decoded = _decode(workspace, value, encoded)
    if type(decoded) is type(value) and workspace.digest(decoded) == workspace.digest(value):
        return []
    return ["its codec loses data: unpack(pack(value)) has another digest; pack all that distinguishes values"]


def _decode(workspace: Workspace, value: Any, encoded: Any) -> Any:
    codecs = workspace.studio.cache.codecs
    stream = codecs.find_stream(value)
    if stream is None:
        return codecs.decode(encoded.codec, encoded.data)
    path = workspace.folder / f"stored.{stream.stored_extension}"
    path.unlink(missing_ok=True)
    stream.encode(value, path)
    return codecs.open_stream(encoded.codec, path)
