"""Checks that a plugin's hooks are those that Studio calls: pluggy ignores a misspelled one silently."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from studio.api import Hooks
from studio.api.hooks import PROJECT
from studio.errors import PluginError
from studio.suggestion import find_nearest

_PREFIX = "studio_"
_RESERVED = "studio_isolate"  # for plugins that run in a process of their own
_MARK = f"{PROJECT}_impl"


def check_hook_names(plugin: Any) -> None:
    """Refuse a function that is meant as a hook, but that Studio would not call as its author means.

    Raises:
        PluginError: E205 if a hook is unmarked or unknown, or marked with options, E207 for a reserved name.
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
        options = getattr(function, _MARK, None)
        if options:
            _check_options(name, function, options)
        if name not in known:
            _check_unknown(plugin, name, function, known, marked=options is not None)
        elif options is None:
            hint = "decorate it with @hookimpl"
            raise PluginError("E205", f"{name} is not marked as a hook", where=locate_function(function), hint=hint)


def _find_functions(plugin: Any) -> Iterator[tuple[str, Callable[..., Any]]]:
    for name in dir(plugin):
        attribute = getattr(plugin, name, None)
        if not callable(attribute) or isinstance(attribute, type):
            continue
        if name.startswith(_PREFIX) or isinstance(getattr(attribute, _MARK, None), dict):
            yield name, attribute


def _check_options(name: str, function: Any, options: dict[str, Any]) -> None:
    """Refuse options of `@hookimpl`: Studio calls the hooks of each plugin on their own, so they have no effect."""
    given = [option for option, value in options.items() if value]
    if given:
        message = f"unsupported option {given[0]!r} of @hookimpl on {name}"
        hint = "write @hookimpl without options, on a function that has the name of the hook"
        raise PluginError("E205", message, where=locate_function(function), hint=hint)


def _check_unknown(plugin: Any, name: str, function: Any, known: list[str], *, marked: bool) -> None:
    """Refuse a function that is marked as a hook, or that the plugin defines under a name like one."""
    stems = [hook.removeprefix(_PREFIX) for hook in known]  # all share the prefix, which would make every name similar
    near = find_nearest(name.removeprefix(_PREFIX), stems)
    own = getattr(function, "__module__", None) == getattr(plugin, "__name__", "")
    if marked or (near and own):
        hint = f"did you mean {_PREFIX + near!r}?" if near else f"hooks are: {', '.join(known)}"
        raise PluginError("E205", f"unknown hook {name!r}", where=locate_function(function), hint=hint)


def locate_function(function: Any) -> str:
    """Return file and line of a function, or "" if it has none."""
    code = getattr(function, "__code__", None)
    return f"{code.co_filename}:{code.co_firstlineno}" if code else ""
