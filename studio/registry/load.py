"""`load_registry`: finds plugins, registers them, and collects what they provide."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable
from pathlib import Path
from typing import Any

import pluggy

from studio.api import Hooks, ValueType
from studio.api.hooks import PROJECT
from studio.plugin_code import mark_plugin_call
from studio.registry.collect import collect_provided
from studio.registry.failure import record_failure
from studio.registry.hook_names import check_hook_names
from studio.registry.kept_sources import KeptSources
from studio.registry.loading import SourceLoader
from studio.registry.provided import Provided
from studio.registry.registry import PluginRow, Registry, shorten_plugin_name
from studio.registry.requirements import check_contract
from studio.registry.sources import find_given, find_in_folder, find_installed, find_studio


def load_registry(
    plugins_dir: Path | None = None,
    *,
    value_types: Iterable[ValueType[Any]] = (),
    plugins: Iterable[tuple[str, Any]] = (),
    discover: bool = True,
    disabled: Iterable[str] = (),
    kept_dir: Path | None = None,
) -> Registry:
    """Find plugins, register them and collect what they provide.

    Args:
        plugins_dir: Folder with further plugins: each `studio_*.py` file or package in it is one.
        value_types: The value types that Studio itself provides.
        plugins: Plugins to register after those that are found, as (name, module or object).
        discover: Whether to look for installed plugins.
        disabled: Names of plugins, or of their distributions, that are not imported.
        kept_dir: Folder where digests of source files are kept, so that they are not read again; None to keep nothing.

    Raises:
        PluginError: E204 if `plugins_dir` is not a folder. A failure of a plugin becomes its row.
    """
    kept = KeptSources(kept_dir)
    loader = SourceLoader(kept)
    registry = Registry(_create_host(), find_studio(kept))
    for value_type in value_types:
        registry.add_value_type(value_type)
    installed = find_installed(loader) if discover else iter(())
    left_out = {shorten_plugin_name(name) for name in disabled}
    loaded: list[Provided] = []
    for row, load in [*installed, *find_in_folder(plugins_dir, loader), *find_given(plugins, loader)]:
        registry.plugins.append(row)
        if _is_disabled(row, left_out):
            row.status = "disabled"
        elif (plugin := _register(registry.host, row, load)) is not None:
            loaded.append(Provided(row, plugin))
    collect_provided(registry, loaded, kept)
    return registry


def list_plugins(plugins_dir: Path | None = None) -> list[PluginRow]:
    """Return the plugins that `load_registry` would load, without importing any.

    Raises:
        PluginError: E204 if `plugins_dir` is not a folder.
    """
    return [row for row, _ in [*find_installed(), *find_in_folder(plugins_dir)]]


def load_plugins(disabled: Iterable[str] = ()) -> pluggy.PluginManager:
    """Load the installed plugins without collecting what they provide; those that fail are left out."""
    host = _create_host()
    left_out = {shorten_plugin_name(name) for name in disabled}
    for row, load in find_installed():
        if not _is_disabled(row, left_out):
            _register(host, row, load)  # `studio plugins` shows the reason of a failure
    return host


def _create_host() -> pluggy.PluginManager:
    host = pluggy.PluginManager(PROJECT)
    host.add_hookspecs(Hooks)
    return host


def _is_disabled(row: PluginRow, disabled: Collection[str]) -> bool:
    return bool(disabled) and (row.key in disabled or shorten_plugin_name(row.distribution) in disabled)


def _register(host: pluggy.PluginManager, row: PluginRow, load: Callable[[], Any]) -> Any:
    """Import a plugin and register its hooks; return it, or None if it failed."""
    plugin: Any = None
    begin = time.perf_counter()
    try:
        with mark_plugin_call():
            plugin = load()
        row.import_seconds = time.perf_counter() - begin
        row.where = row.where or getattr(plugin, "__file__", "") or ""
        check_contract(plugin)
        check_hook_names(plugin)
        host.register(plugin, name=row.name)
        host.check_pending()
        row.hooks = sorted(caller.name for caller in host.get_hookcallers(plugin) or ())
    except (Exception, SystemExit) as error:  # a plugin may raise anything while it is imported
        record_failure(row, error, plugin)
        if plugin is not None and host.is_registered(plugin):
            host.unregister(plugin)
        return None
    return plugin
