"""`Observers`: passes events to plugins, so that one that raises does not disturb a run."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import pluggy

from studio.errors import Cancelled, StudioWarning, describe_raised
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

    def join(self, on_event: Callable[[Any], None] | None) -> Callable[[Any], None] | None:
        """Return what passes events to the observers and then to a caller; None without observers.

        A caller's function that raises is not called again, and the observers still are.
        """
        if not self or on_event is None:
            return self or None
        waiting = [on_event]

        def report(event: Any) -> None:
            self(event)
            try:
                for listener in waiting:
                    listener(event)
            except (Exception, SystemExit, Cancelled) as error:  # it may raise anything
                waiting.clear()
                warnings.warn(
                    f"on_event {describe_raised(error)}; it was not called again", StudioWarning, stacklevel=2
                )

        return report

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
                        StudioWarning,
                        stacklevel=2,
                    )
