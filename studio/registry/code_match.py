"""Whether code in memory is that of its file: for code that was imported before Studio looked at the file."""

from __future__ import annotations

import ast
import os
import types
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from studio.registry.parsed_source import parse_source


def matches_source(module: types.ModuleType) -> bool:
    """Return whether a module's functions and its plain constants are those that its file holds now."""
    path = os.path.realpath(str(module.__file__))
    codes = [function.__code__ for function in _list_functions(vars(module).values(), module.__name__)]
    own = [code for code in codes if os.path.realpath(code.co_filename) == path]
    return contains_code(path, own) and _holds_constants(_read(path), module)


def contains_code(path: str, codes: Iterable[types.CodeType]) -> bool:
    """Return whether a file compiles to all of some functions' code."""
    try:
        whole = compile(_read(path), path, "exec", dont_inherit=True)
    except (SyntaxError, ValueError):
        return False
    known = set(_list_codes(whole))
    return all(code in known for code in codes)


def _read(path: str) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError:
        return b""


def _list_codes(code: types.CodeType) -> Iterator[types.CodeType]:
    pending = [code]
    while pending:
        one = pending.pop()
        yield one
        pending += [constant for constant in one.co_consts if isinstance(constant, types.CodeType)]


def _list_functions(values: Iterable[Any], module: str) -> Iterator[types.FunctionType]:
    """Yield the functions among values, and those of classes that a module defines."""
    for value in values:
        if isinstance(value, types.FunctionType):
            yield value
        elif isinstance(value, type) and value.__module__ == module:
            yield from (part for part in vars(value).values() if isinstance(part, types.FunctionType))


def _holds_constants(source: bytes, module: types.ModuleType) -> bool:
    """Return whether names that the source sets once, to a plain constant, have that value."""
    constants: dict[str, Any] = {}
    stored: Counter[str] = Counter()
    for node in ast.walk(parse_source(source)):
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Constant(value=value)):
                constants[name] = value
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store | ast.Del):
            stored[node.id] += 1
    missing = object()
    found = ((vars(module).get(name, missing), value) for name, value in constants.items() if stored[name] == 1)
    return all(now is missing or (type(now), now) == (type(then), then) for now, then in found)
