"""`GivenCode`: what code an object consists of that a caller gives as a plugin, or that its hooks return."""

from __future__ import annotations

import dis
import enum
import functools
import os
import types
from collections.abc import Iterable, Sequence
from pathlib import PurePath
from typing import Any

from blake3 import blake3

from studio.api import NodeType, node_type

_STUDIO = os.path.dirname(os.path.dirname(os.path.realpath(node_type.__file__))) + os.sep
_PYTHON = os.path.dirname(os.path.realpath(os.__file__)) + os.sep
_PLAIN = (str, bytes, int, float, complex, bool, type(None), enum.Enum, PurePath, range, slice, type(...))
_DEEPEST = 20


class GivenCode:
    """Follows functions, classes and what they hold.

    Attributes:
        modules: The files that the code is in.
        state: What the code depends on besides them, such as numbers that a function was made with, and the code itself
            where it is in no file.
        named: Whether these name all of it.
        functions: The functions with a file, by that file.
    """

    def __init__(self) -> None:
        self.functions: dict[str, list[types.CodeType]] = {}
        self.named = True
        self._state = blake3()
        self._roots: set[int] = set()
        self._seen: dict[int, Any] = {}  # holds what was seen, so that its id stays its own

    @property
    def modules(self) -> list[str]:
        """The files that the code is in."""
        return sorted(self.functions)

    @property
    def state(self) -> str:
        """What the code depends on besides its files."""
        return self._state.hexdigest()

    def add_root(self, found: Any) -> None:
        """Add an object with those of its attributes that cannot change."""
        self._roots.add(id(found))
        self._add(found, 0)

    def add_all(self, found: Iterable[Any]) -> None:
        """Add functions, classes, node types or objects."""
        for one in found:
            self._add(one, 0)

    def _add(self, found: Any, depth: int) -> None:
        if isinstance(found, _PLAIN):
            self._note(f"{type(found).__name__} {found!r}")
            return
        if id(found) in self._seen or depth > _DEEPEST:
            return
        self._seen[id(found)] = found
        parts = _list_parts(found)
        if parts is not None:
            for part in parts:
                self._add(part, depth + 1)
        elif isinstance(found, types.FunctionType):
            self._add_function(found, depth)
        elif isinstance(found, type):
            self._add_class(found, depth)
        elif isinstance(found, types.ModuleType):
            self._note(f"module {found.__name__}")
        else:
            self._add_object(found, depth)

    def _note(self, text: str) -> None:
        data = text.encode("utf-8", "surrogatepass")
        self._state.update(b"%d:" % len(data) + data)

    def _add_class(self, found: type, depth: int) -> None:
        for kind in found.__mro__:
            module = getattr(kind, "__module__", "")
            if module == "builtins" or module.partition(".")[0] == "studio":
                continue
            for name, part in sorted(vars(kind).items()):
                if isinstance(part, types.FunctionType | staticmethod | classmethod | property):
                    self._add(part, depth + 1)
                elif isinstance(part, _PLAIN) and not name.startswith("__"):
                    self._note(f"{name} {part!r}")

    def _add_object(self, found: Any, depth: int) -> None:
        """Add an object's class, and those of its attributes that never change if it is a root or frozen."""
        self._add(type(found), depth + 1)
        if id(found) not in self._roots and not _is_frozen(type(found)):
            return
        attributes = getattr(found, "__dict__", None)
        counters = _list_stored(type(found))
        for name, part in sorted(attributes.items()) if isinstance(attributes, dict) else ():
            if name not in counters and isinstance(part, (*_PLAIN, tuple, types.FunctionType, types.MethodType)):
                self._note(name)
                self._add(part, depth + 1)

    def _add_function(self, found: types.FunctionType, depth: int) -> None:
        path = os.path.realpath(found.__code__.co_filename)
        if path.startswith(_STUDIO) or (path.startswith(_PYTHON) and "site-packages" not in path):
            return
        if os.path.isfile(path):
            self.functions.setdefault(path, []).append(found.__code__)
        else:
            self._add_code(found, depth)
        self._add(getattr(found, "__wrapped__", None), depth + 1)
        for name, cell in zip(found.__code__.co_freevars, found.__closure__ or (), strict=True):
            try:
                self._note(name)
                self._add(cell.cell_contents, depth + 1)
            except ValueError:  # the cell is empty
                continue

    # -- code that is in no file -----------------------------------------------------------------------

    def _add_code(self, found: types.FunctionType, depth: int) -> None:
        """Add a function that was typed or made: its code, its defaults, and what it finds by name."""
        names = self._add_code_object(found.__code__)
        for value in (*(found.__defaults__ or ()), *(found.__kwdefaults__ or {}).values()):
            self._add_content(value, depth + 1)
        for name in sorted(names & found.__globals__.keys()):
            self._note(name)
            self._add_content(found.__globals__[name], depth + 1)

    def _add_code_object(self, code: types.CodeType) -> set[str]:
        """Add a code object and those in it; return the names that they look up."""
        self._note(f"{code.co_name} {code.co_code!r} {code.co_names} {code.co_varnames} {code.co_freevars}")
        names = set(code.co_names)
        for constant in code.co_consts:
            if isinstance(constant, types.CodeType):
                names |= self._add_code_object(constant)
            elif isinstance(constant, frozenset):
                self._note(repr(sorted(map(repr, constant))))
            else:
                self._note(repr(constant))
        return names

    def _add_content(self, value: Any, depth: int) -> None:
        """Add a value that code without a file refers to; what cannot be named leaves the code unnamed."""
        if isinstance(value, list | tuple | set | frozenset):
            self._note(type(value).__name__)
            for entry in sorted(value, key=repr) if isinstance(value, set | frozenset) else value:
                self._add_content(entry, depth + 1)
        elif isinstance(value, dict):
            for key, entry in value.items():
                self._add_content(key, depth + 1)
                self._add_content(entry, depth + 1)
        elif isinstance(value, type) or callable(value) or isinstance(value, (*_PLAIN, types.ModuleType)):
            self._add(value, depth + 1)
        elif type(value).__module__ == "numpy":
            self._note(f"{value.dtype.str} {value.shape} {blake3(value.tobytes()).hexdigest()}")
        elif type(value).__module__ not in ("typing", "studio.api.model", "studio.api.type_spec"):
            self.named = False


def _list_parts(found: Any) -> Sequence[Any] | None:
    """Return what an object only puts together, always in the same order; None for one that is more than its parts."""
    match found:
        case types.MethodType():
            return found.__func__, found.__self__
        case functools.partial():
            return found.func, *found.args, *found.keywords.values()
        case staticmethod() | classmethod():
            return (found.__func__,)
        case property():
            return found.fget, found.fset
        case frozenset():
            return sorted(found, key=repr)
        case tuple():
            return found
        case NodeType():
            batch = found.batch.function if found.batch is not None else None
            return found.function, batch, found.needs, found.check
    return None


def _is_frozen(kind: type) -> bool:
    """Return whether objects of a class never change and count: those of Studio, such as secrets, do not."""
    if any(one.__module__.partition(".")[0] == "studio" for one in kind.__mro__):
        return False
    return bool(getattr(getattr(kind, "__dataclass_params__", None), "frozen", False))


def _list_stored(kind: type) -> set[str]:
    """Return the names of attributes that a class's methods set once its objects are made: counters and the like."""
    pending = [
        part.__code__
        for one in kind.__mro__
        for name, part in vars(one).items()
        if isinstance(part, types.FunctionType) and name not in ("__init__", "__post_init__")
    ]
    found: set[str] = set()
    while pending:
        code = pending.pop()
        found |= {str(step.argval) for step in dis.get_instructions(code) if step.opname == "STORE_ATTR"}
        pending += [constant for constant in code.co_consts if isinstance(constant, types.CodeType)]
    return found
