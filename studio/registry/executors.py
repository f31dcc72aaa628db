"""`create_executor`: an executor that a plugin provides, guarded: what it raises names the plugin."""

from __future__ import annotations

from typing import Any

from studio.errors import Cancelled, PluginError, StudioError, UsageError, describe_raised
from studio.plugin_code import mark_plugin_call
from studio.registry.registry import Registry


class GuardedExecutor:
    """An executor of a plugin. What it raises, other than on purpose, is a PluginError: E212."""

    def __init__(self, executor: Any, name: str, plugin: str) -> None:
        self._executor = executor
        self._name = name
        self._plugin = plugin

    def __getattr__(self, name: str) -> Any:
        return getattr(self._executor, name)

    def execute(self, *args: Any, **options: Any) -> Any:
        """Run a plan; see `Executor.execute`."""
        return _call(self._plugin, f"executor {self._name!r}", self._executor.execute, *args, **options)

    def close(self) -> None:
        """Release what the executor holds."""
        _call(self._plugin, f"executor {self._name!r}", self._executor.close)


def create_executor(registry: Registry, name: str, local: Any) -> Any:
    """Return the executor of a name.

    Args:
        registry: What plugins provide.
        name: The name.
        local: The executor that Studio would use.

    Raises:
        UsageError: E004 if no plugin provides it.
        PluginError: E212 if the plugin fails to make it.
    """
    factory = registry.executors.get(name)
    if factory is None:
        known = ", ".join(["local", *registry.executors])
        raise UsageError("E004", f"unknown executor {name!r}", hint=f"executors are: {known}")
    plugin = next((row.name for row in registry.plugins if name in row.executors), "")
    return GuardedExecutor(_call(plugin, f"the factory of executor {name!r}", factory, local), name, plugin)


def _call(plugin: str, what: str, function: Any, *args: Any, **options: Any) -> Any:
    try:
        with mark_plugin_call():
            return function(*args, **options)
    except (StudioError, Cancelled):
        raise
    except (Exception, SystemExit) as error:  # a plugin may raise anything
        hint = "report it to the authors of the plugin"
        raise PluginError("E212", f"plugin {plugin!r}: {what} {describe_raised(error)}", hint=hint) from error
