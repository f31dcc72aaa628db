"""Evidence of where a file comes from, as plugins find it: a function that raises is reported, and the others work."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TypeAlias

from studio.api.evidence import Evidence
from studio.errors import describe_raised
from studio.plugin_code import mark_plugin_call
from studio.registry import load_file_functions
from studio.settings import Settings

Finder: TypeAlias = "tuple[str, Callable[[Path], Iterable[Evidence]]]"
"""A plugin's name, and a function of it that finds evidence."""

_HOOK = "studio_evidence"


def load_finders(settings: Settings, report: Callable[[str], None]) -> list[Finder]:
    """Return what the plugins find evidence with; a hook that raises is reported.

    Raises:
        PluginError: E204 if the folder of plugins is not a folder.
    """
    found: list[Finder] = []
    loaded = load_file_functions(
        _HOOK, settings.disabled_plugins, settings.plugins_dir, settings.plugins, settings.data_dir
    )
    for plugin, call_hook in loaded:
        try:
            found += [(plugin, _check_function(function)) for function in call_hook()]
        except (Exception, SystemExit) as error:  # a plugin may raise anything
            report(f"plugin {plugin!r}: {_HOOK} {describe_raised(error)}")
    return found


def find_evidence(path: Path, finders: Sequence[Finder], report: Callable[[str], None]) -> list[Evidence]:
    """Return what the plugins find in a file."""
    found: list[Evidence] = []
    for plugin, find in finders:
        try:
            with mark_plugin_call():
                found += [_check_evidence(one) for one in find(path)]
        except (Exception, SystemExit) as error:  # a plugin may raise anything
            report(f"plugin {plugin!r}: {_HOOK} {describe_raised(error)} for {str(path)!r}")
    return found


def _check_function(value: object) -> Callable[[Path], Iterable[Evidence]]:
    if not callable(value):
        raise TypeError(f"{value!r} is not a function")
    return value


def _check_evidence(value: object) -> Evidence:
    if not isinstance(value, Evidence):
        raise TypeError(f"{value!r} is not Evidence")
    return value
