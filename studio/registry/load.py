"""`load_registry`: finds plugins, registers them, and collects what they provide."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pluggy

from studio.api import Hooks, ValueType
from studio.api.hooks import PROJECT
from studio.registry.failure import record_failure
from studio.registry.hook_names import check_hook_names
from studio.registry.provided import collect_provided
from studio.registry.registry import PluginRow, Registry
from studio.registry.sources import find_given, find_in_folder, find_installed


def load_registry(
    plugins_dir: Path | None = None,
    *,
    value_types: Iterable[ValueType[Any]] = (),
    plugins: Iterable[tuple[str, Any]] = (),
    discover: bool = True,
) -> Registry:
    """Find plugins, register them and collect what they provide.

    Args:
        plugins_dir: Folder with further plugins: each `studio_*.py` file or package in it is one.
        value_types: The value types that Studio itself provides.
        plugins: Plugins to register after those that are found, as (name, module or object).
        discover: Whether to look for installed plugins.

    Raises:
        PluginError: E204 if `plugins_dir` is not a folder. A failure of a plugin becomes its row.
    """
    registry = Registry(_create_host())
    for value_type in value_types:
        registry.add_value_type(value_type)
    installed = find_installed() if discover else iter(())
    for row, load in [*installed, *find_in_folder(plugins_dir), *find_given(plugins)]:
        registry.plugins.append(row)
        _register(registry, row, load)
    return registry


def load_plugins() -> pluggy.PluginManager:
    """Load the installed plugins without collecting what they provide; those that fail are left out."""
    host = _create_host()
    for row, load in find_installed():
        try:
            host.register(load(), name=row.name)
        except (Exception, SystemExit):  # `studio plugins` shows the reason
            continue
    return host


def _create_host() -> pluggy.PluginManager:
    host = pluggy.PluginManager(PROJECT)
    host.add_hookspecs(Hooks)
    return host


def _register(registry: Registry, row: PluginRow, load: Callable[[], Any]) -> None:
    """Load and register one plugin whole, or not at all."""
    plugin: Any = None
    try:
        plugin = load()
        row.where = row.where or getattr(plugin, "__file__", "") or ""
        check_hook_names(plugin)
        registry.host.register(plugin, name=row.name)
        registry.host.check_pending()
        collect_provided(registry, row, plugin)
    except (Exception, SystemExit) as error:  # a plugin may raise anything while it is imported
        record_failure(row, error, plugin)
        if plugin is not None and registry.host.is_registered(plugin):
            registry.host.unregister(plugin)
