"""Checks that a plugin's hooks are those that Studio calls: pluggy ignores a misspelled one silently."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator
from typing import Any

from studio.api import Hooks
from studio.api.hooks import PROJECT
from studio.errors import PluginError

_PREFIX = "studio_"
_RESERVED = "studio_isolate"  # for plugins that run in a process of their own


def check_hook_names(plugin: Any) -> None:
    """Refuse a function that is meant as a hook, but that pluggy would not call.

    Raises:
        PluginError: E205 if a hook is unmarked or unknown, E207 for a reserved name.
    """
    if hasattr(plugin, _RESERVED):
        raise PluginError(
            "E207",
            f"{_RESERVED} is reserved",
            where=getattr(plugin, "__file__", None) or "",
            hint="remove it: plugins run in the process of Studio",
        )
    known = [name for name in vars(Hooks) if name.startswith(_PREFIX)]
    for name, function in _find_functions(plugin):
        marked = hasattr(function, f"{PROJECT}_impl")
        if name not in known:
            _check_unknown(plugin, name, function, known, marked=marked)
        elif not marked:
            hint = "decorate it with @hookimpl"
            raise PluginError("E205", f"{name} is not marked as a hook", where=locate_function(function), hint=hint)


def _find_functions(plugin: Any) -> Iterator[tuple[str, Callable[..., Any]]]:
    for name in dir(plugin):
        attribute = getattr(plugin, name, None)
        if name.startswith(_PREFIX) and callable(attribute) and not isinstance(attribute, type):
            yield name, attribute


def _check_unknown(plugin: Any, name: str, function: Any, known: list[str], *, marked: bool) -> None:
    """Refuse a function that is marked as a hook, or that the plugin defines under a name like one."""
    stems = [hook.removeprefix(_PREFIX) for hook in known]  # all share the prefix, which would make every name similar
    near = difflib.get_close_matches(name.removeprefix(_PREFIX), stems, 1, 0.5)
    own = getattr(function, "__module__", None) == getattr(plugin, "__name__", "")
    if marked or (near and own):
        hint = f"did you mean {_PREFIX + near[0]!r}?" if near else f"hooks are: {', '.join(known)}"
        raise PluginError("E205", f"unknown hook {name!r}", where=locate_function(function), hint=hint)


def locate_function(function: Any) -> str:
    """Return file and line of a function, or "" if it has none."""
    code = getattr(function, "__code__", None)
    return f"{code.co_filename}:{code.co_firstlineno}" if code else ""
