"""Stand-ins for modules that a library imports and a run seldom needs: they load the module when it is used.

A stand-in is never a fake. Whatever is asked of it loads the real module and comes from there; it only comes late. The
few names that a library takes with `from module import name` are given as functions and classes that do the same.
"""

from __future__ import annotations

import functools
import importlib
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any


class StandIn(ModuleType):
    """Takes the place of a module in `sys.modules` until something of it is used."""

    def __init__(self, name: str, values: Mapping[str, Any]) -> None:
        super().__init__(name)
        self.__spec__ = ModuleSpec(name, None)  # libraries look for packages by it
        self.__path__ = StandInPath(self)
        self.__dict__.update(values)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") and name not in ("__all__", "__version__"):
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")
        return getattr(self.load(), name)

    def load(self) -> ModuleType:
        """Import the real module, which takes its place back, and return it."""
        self.leave()
        return importlib.import_module(self.__name__)

    def leave(self) -> None:
        """Leave `sys.modules`."""
        if sys.modules.get(self.__name__) is self:
            del sys.modules[self.__name__]


class StandInPath(list[str]):
    """The `__path__` of a stand-in: a finder that meets it loads the real package first."""

    def __init__(self, module: StandIn) -> None:
        super().__init__()
        self.module = module


@contextmanager
def put_stand_ins(modules: Mapping[str, Mapping[str, Any]]) -> Iterator[None]:
    """Let stand-ins take the places of modules while the block lasts, of those that are not loaded.

    Args:
        modules: Names that the stand-ins have from the start, by the module's name.
    """
    put = []
    for name, values in modules.items():
        if name not in sys.modules:
            put.append(StandIn(name, values))
            sys.modules[name] = put[-1]
    try:
        yield
    finally:
        for module in put:
            module.leave()


def keep_stand_in(name: str, values: Mapping[str, Any]) -> None:
    """Let a stand-in take the place of a module of a package until something else than its values is used."""
    if name not in sys.modules:
        package, _, child = name.rpartition(".")
        sys.modules[name] = StandIn(name, values)
        setattr(sys.modules[package], child, sys.modules[name])


def is_loaded(name: str) -> bool:
    """Say whether a module is imported, the real one and whole."""
    module = sys.modules.get(name)
    return module is not None and not isinstance(module, StandIn) and not getattr(module.__spec__, "_initializing", 0)


def create_function(module: str, name: str) -> Callable[..., Any]:
    """Return a function, or a maker of objects, that loads the real one when it is called."""

    def call(*args: Any, **kwargs: Any) -> Any:
        return getattr(importlib.import_module(module), name)(*args, **kwargs)

    call.__name__, call.__qualname__, call.__module__ = name, name, module
    return call


def create_shortcut(module: str, name: str, short: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function that asks the real one only for arguments that a short one returns None for."""
    real = create_function(module, name)

    @functools.wraps(real)
    def call(*args: Any, **kwargs: Any) -> Any:
        found = short(*args, **kwargs)
        return real(*args, **kwargs) if found is None else found

    return call


def create_class(module: str, name: str) -> type:
    """Return a class for `isinstance`: nothing is an instance of a class whose module is not loaded."""

    class Meta(type):
        def __instancecheck__(cls, instance: object) -> bool:
            return is_loaded(module) and isinstance(instance, getattr(sys.modules[module], name))

        def __call__(cls, *args: Any, **kwargs: Any) -> Any:
            return getattr(importlib.import_module(module), name)(*args, **kwargs)

    return Meta(name, (), {"__module__": module})
