"""The rules of plugins for documents of other programs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from studio.api.foreign import ImportRule
from studio.cli.messages import show_warning
from studio.errors import describe_raised
from studio.registry import load_import_rules
from studio.settings import Settings


def find_import_rules(settings: Settings) -> dict[str, ImportRule]:
    """Return the rules by class; where two plugins have one for a class, that of the later one counts.

    A hook that raises, and an entry that is no rule, are reported; the other rules work.
    """
    found: dict[str, ImportRule] = {}
    for plugin, call_hook in load_import_rules(settings.disabled_plugins, settings.plugins_dir):
        found |= _call_hook(plugin, call_hook)
    return found


def _call_hook(plugin: str, call_hook: Callable[[], Any]) -> dict[str, ImportRule]:
    try:
        rules: dict[str, ImportRule] = call_hook()
        for name, rule in rules.items():
            if not isinstance(name, str) or not isinstance(rule, ImportRule):
                raise TypeError(f"{name!r}: {rule!r} is not a class with an ImportRule")
    except (Exception, SystemExit) as error:  # a plugin may raise anything; the other rules still work
        show_warning(f"plugin {plugin!r}: studio_import_rules {describe_raised(error)}")
        return {}
    return rules
