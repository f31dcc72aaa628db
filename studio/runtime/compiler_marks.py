"""What libraries say to torch's compiler while they are imported, kept until the compiler is loaded.

`torch._dynamo` costs as much to import as torch itself, and torch, diffusers and transformers import it only to mark
some of their functions: not to be compiled, a constant, to be taken as one step. Here the marks are made without it.
"""

from __future__ import annotations

import contextlib
import functools
import importlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

from studio.runtime.stand_ins import is_loaded

COMPILER = "torch._dynamo"
_steps: list[Any] = []  # functions and classes that the compiler takes as one step, as soon as it is loaded


def find_marks() -> dict[str, Callable[..., Any]]:
    """Return the functions that mark, by the names that `torch._dynamo` has for them."""
    return {"allow_in_graph": mark_step, "assume_constant_result": mark_constant, "disable": mark_uncompiled}


@contextmanager
def hand_over_marks(compiler: ModuleType) -> Iterator[None]:
    """Repeat the marks at the compiler, which the block loads."""
    yield
    while _steps:
        compiler.allow_in_graph(_steps.pop())
    with contextlib.suppress(AttributeError, ImportError):  # it then tries to compile one small function in vain
        importlib.import_module("torch._C._dynamo.eval_frame").skip_code(mark_uncompiled(len).__code__)


def mark_step(target: Any) -> Any:
    """Let the compiler take a function or the calls of a class as one step."""
    _steps.append(target)
    return target


def mark_constant(function: Any) -> Any:
    """Let the compiler take what a function returns as a constant."""
    function._dynamo_marked_constant = True  # all that the compiler does
    return function


def mark_uncompiled(function: Any = None, recursive: bool = True, **options: Any) -> Any:
    """Keep a function out of compiled code; while no compiler is loaded there is none."""
    if function is None:
        return lambda given: mark_uncompiled(given, recursive, **options)
    if isinstance(function, type):
        return importlib.import_module(COMPILER).disable(function, recursive, **options)

    @functools.cache
    def find_real() -> Any:
        return importlib.import_module(COMPILER).disable(function, recursive, **options)

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        return (find_real() if is_loaded(COMPILER) else function)(*args, **kwargs)

    marked: Any = call  # as the compiler marks its own wrappers
    marked._torchdynamo_disable = True
    marked._torchdynamo_disable_msg = options.get("reason")
    marked._torchdynamo_orig_callable = function
    return marked
