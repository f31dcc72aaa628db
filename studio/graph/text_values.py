"""Values that are written as text: a cell of a table, or what follows --set NAME=. Both are read by these rules."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from studio.api import TypeSpec
from studio.api.type_spec import PLAIN_TYPES, REFERENCE_TYPES
from studio.graph.frames import FramesProblem, parse_frames

_BOOLS = {"true": True, "yes": True, "on": True, "1": True, "false": False, "no": False, "off": False, "0": False}
_NOT_FINITE = ("NaN", "Infinity", "-Infinity")


class DuplicateKeyProblem(ValueError):
    """JSON in which an object has a key twice."""


def build_object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return a JSON object; for `json.loads(object_pairs_hook=)`.

    Raises:
        DuplicateKeyProblem: A key is there twice.
    """
    built = dict(pairs)
    if len(built) < len(pairs):
        seen: set[str] = set()
        twice = next(name for name, _ in pairs if name in seen or seen.add(name))  # type: ignore[func-returns-value]
        raise DuplicateKeyProblem(f"duplicate key {twice!r}")
    return built


def read_text(text: str, spec: TypeSpec) -> Any:
    """Return what a text means at an input, as a graph would write it: JSON, `{"file": ...}` or `{"files": ...}`.

    Text and paths are taken as they are, and bools are words. A media or file input takes a file's name, and a list
    of them takes a pattern such as `frames/*.png`. A list of whole numbers takes frames, such as `1001-1100x2`. All
    other values are JSON; text that is not JSON stays text.

    Args:
        text: The text.
        spec: What the input takes.

    Raises:
        DuplicateKeyProblem: It is JSON in which an object has a key twice.
    """
    if is_read_from_file(spec):
        return _read_file_name(text, spec)
    if spec.depth == 1 and spec.name == "int":
        return _read_frames(text)
    read = _READERS.get(spec.name) if not spec.depth else None
    return read(text, spec) if read is not None else _read_json(text)


def is_read_from_file(spec: TypeSpec) -> bool:
    """Say whether values of a type, or the entries of such a list, are files or are read from files."""
    return spec.name == "file" or spec.name not in PLAIN_TYPES | REFERENCE_TYPES | {"any"}


def expand_user(text: str) -> str:
    """Return a path with ~ replaced by the user's folder, if there is one."""
    try:
        return str(Path(text).expanduser()) if text.startswith("~") else text
    except RuntimeError:
        return text


def _read_file_name(text: str, spec: TypeSpec) -> Any:
    if not spec.depth:
        return {"file": expand_user(text)}
    is_json = text.lstrip().startswith(("[", "{")) or text == "null"
    return _read_json(text) if is_json or spec.depth > 1 else {"files": expand_user(text)}


def _read_frames(text: str) -> Any:
    """Return JSON, or the numbers of frames; other text stays text, and the binder says what is wrong with it."""
    value = _read_json(text)
    try:
        return parse_frames(text) if value is text else value
    except FramesProblem:
        return text


def _read_choice(text: str, spec: TypeSpec) -> Any:
    if text in spec.choices:
        return text
    value = _read_json(text)
    is_whole = type(value) is int and any(type(choice) is int for choice in spec.choices)
    return value if is_whole or (value is None and spec.optional) else text


def _read_bool(text: str, spec: TypeSpec) -> Any:
    word = text.strip().lower()
    return _BOOLS[word] if word in _BOOLS else _read_json(text)


def _read_model(text: str, spec: TypeSpec) -> Any:
    return _read_json(text) if text.lstrip().startswith("{") or (text == "null" and spec.optional) else text


def _read_json(text: str) -> Any:
    if text.strip() in _NOT_FINITE:
        return text
    try:
        return json.loads(text, object_pairs_hook=build_object)  # the binder refuses NaN in it
    except DuplicateKeyProblem:
        raise
    except (ValueError, RecursionError):
        return text


def _read_text_or_number(text: str, spec: TypeSpec) -> Any:
    value = _read_json(text)
    is_taken = isinstance(value, int | float) and not isinstance(value, bool)
    return value if is_taken or (value is None and spec.optional) else text


_READERS: dict[str, Callable[[str, TypeSpec], Any]] = {
    "text": lambda text, spec: text,
    "path": lambda text, spec: text,
    "text_or_number": _read_text_or_number,
    "choice": _read_choice,
    "bool": _read_bool,
    "model": _read_model,
}
