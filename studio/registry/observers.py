"""`Observers`: passes events to plugins, so that one that raises does not disturb a run."""

from __future__ import annotations

import warnings
from typing import Any

import pluggy

from studio.errors import Cancelled, describe_raised
from studio.plugin_code import mark_plugin_call


class Observers:
    """Calls every plugin's `studio_event`, isolated: one that raises is reported once and not called again."""

    def __init__(self, host: pluggy.PluginManager) -> None:
        self._calls = {
            impl.plugin_name: (impl.function, "event" in impl.argnames)
            for impl in host.hook.studio_event.get_hookimpls()
        }

    def __bool__(self) -> bool:
        return bool(self._calls)

    def __call__(self, event: Any) -> None:
        for name, (function, takes_event) in list(self._calls.items()):
            try:
                with mark_plugin_call():
                    function(event=event) if takes_event else function()
            except (
                Exception,
                SystemExit,
                Cancelled,
                GeneratorExit,
            ) as error:  # it may raise anything
                if self._calls.pop(name, None) is not None:  # two threads may have failed in it at once
                    warnings.warn(
                        f"plugin {name!r}: studio_event {describe_raised(error)}; it is not called again",
                        RuntimeWarning,
                        stacklevel=2,
                    )
