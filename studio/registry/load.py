"""`load_registry`: finds plugins, registers them, and collects what they provide."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pluggy

from studio.api import Hooks, ValueType
from studio.api.hooks import PROJECT
from studio.errors import PluginError, StudioWarning
from studio.plugin_code import mark_plugin_call
from studio.registry.collect import collect_provided
from studio.registry.failure import record_failure
from studio.registry.hook_names import check_hook_names
from studio.registry.installed_point import load_point_again
from studio.registry.kept_plugins import KeptPlugins
from studio.registry.kept_provided import KeptProvided
from studio.registry.kept_sources import KeptSources
from studio.registry.loading import SourceLoader
from studio.registry.process_guard import guard_process
from studio.registry.provided import Provided
from studio.registry.registry import PluginRow, Registry, shorten_plugin_name
from studio.registry.requirements import check_contract
from studio.registry.sources import find_given, find_given_modules, find_in_folder, find_installed, find_studio
from studio.settings import find_config
from studio.suggestion import find_nearest


def load_registry(
    plugins_dir: Path | None = None,
    *,
    value_types: Iterable[ValueType[Any]] = (),
    plugins: Iterable[tuple[str, Any]] = (),
    discover: bool = True,
    disabled: Iterable[str] = (),
    kept: KeptSources | None = None,
    declarations: Path | None = None,
    settings: Mapping[str, Any] | None = None,
    data_dir: Path | None = None,
) -> Registry:
    """Find plugins, register them and collect what they provide.

    Args:
        plugins_dir: Folder with further plugins: each `studio_*.py` file or package in it is one.
        value_types: The value types that Studio itself provides.
        plugins: Plugins to register after those that are found, as (name, module or object). A module that is given
            is not looked for among the installed plugins.
        discover: Whether to look for installed plugins.
        disabled: Names of plugins, or of their distributions, that are not imported.
        kept: What is known of source files from earlier processes.
        declarations: Folder of what installed plugins declared in earlier processes; None to import all plugins.
        settings: Settings of plugins, by their names.
        data_dir: Folder of the plugins' data; None for the user's.

    Raises:
        PluginError: E204 if `plugins_dir` is not a folder. A failure of a plugin becomes its row.
    """
    kept = kept or KeptSources(None)
    loader = SourceLoader(kept)
    registry = Registry(_create_host(), find_studio(kept))
    for value_type in value_types:
        registry.add_value_type(value_type)
    given = list(plugins)
    modules = find_given_modules(plugin for _, plugin in given) if discover else set()
    usable = declarations if discover and not given else None  # what is given may take the place of what is installed
    keeper = KeptPlugins(usable, registry.studio, loader, writes=kept.writes)
    points = keeper.list_points()
    installed = find_installed(loader, but=modules) if discover and not points else iter(())
    left_out = {shorten_plugin_name(name) for name in disabled}
    loaded: list[Provided] = []
    for point in points:
        row = PluginRow(point.name, point.distribution, point.version)
        found = keeper.find(point) if not _is_disabled(row, left_out) else None
        _take(registry, row, partial(load_point_again, row, loader), left_out, loaded, found)
    for row, load in [*installed, *find_in_folder(plugins_dir, loader), *find_given(given, loader)]:
        _take(registry, row, load, left_out, loaded)
    _check_names(settings or {}, registry.plugins)
    for one in loaded:
        one.place_data(data_dir)
    collect_provided(registry, loaded, kept, settings)
    keeper.keep(loaded)
    keeper.keep_checks(registry, loaded)
    return registry


def _take(
    registry: Registry,
    row: PluginRow,
    load: Callable[[], Any],
    left_out: Collection[str],
    loaded: list[Provided],
    kept: KeptProvided | None = None,
) -> None:
    """Add a plugin's row, and what it provides to those that are loaded unless it is disabled or fails."""
    if kept is not None and not kept.needs_module:
        registry.plugins.append(kept.row)
        loaded.append(kept)
        return
    registry.plugins.append(row)
    if _is_disabled(row, left_out):
        row.status = "disabled"
    elif (plugin := _register(registry.host, row, load)) is not None:
        is_same = kept is not None and _list_files(row) == _list_files(kept.row)
        loaded.append(replace(kept, row=row, plugin=plugin) if kept is not None and is_same else Provided(row, plugin))


def _list_files(row: PluginRow) -> Mapping[str, str]:
    """Return the digests of the files that a plugin was loaded from; {} for a release."""
    return row.origin.files if row.origin is not None else {}


def _check_names(settings: Iterable[str], rows: Sequence[PluginRow]) -> None:
    """Warn of settings of a plugin that nobody has, if one has nearly its name; others may be for another machine."""
    known = [row.key for row in rows]
    for name in settings:
        near = find_nearest(shorten_plugin_name(name), known)
        if near and shorten_plugin_name(name) not in known:
            hint = f"did you mean [plugins.{near}]?"
            message = f"{find_config() or 'config.toml'}: [plugins.{name}] is of a plugin that is not installed; {hint}"
            warnings.warn(message, StudioWarning, stacklevel=3)


def list_plugins(plugins_dir: Path | None = None) -> list[PluginRow]:
    """Return the plugins that `load_registry` would load, without importing any.

    Raises:
        PluginError: E204 if `plugins_dir` is not a folder.
    """
    return [row for row, _ in [*find_installed(), *find_in_folder(plugins_dir)]]


def load_commands(
    disabled: Iterable[str] = (), settings: Mapping[str, Any] | None = None, data_dir: Path | None = None
) -> Iterator[tuple[str, Callable[[], Any]]]:
    """Yield each installed plugin that brings commands, with what calls its hook; those that fail are left out."""
    host = _create_host()
    left_out = {shorten_plugin_name(name) for name in disabled}
    for row, load in find_installed():
        plugin = None if _is_disabled(row, left_out) else _register(host, row, load)
        if plugin is not None and "studio_commands" in row.hooks:
            provided = Provided(row, plugin)
            provided.place_data(data_dir)
            yield row.name, partial(_call_commands, host, provided, settings or {})


def _call_commands(host: pluggy.PluginManager, one: Provided, settings: Mapping[str, Any]) -> Any:
    one.load_settings(host, settings)
    return one.call_hook(host, "studio_commands")


def _create_host() -> pluggy.PluginManager:
    host = pluggy.PluginManager(PROJECT)
    host.add_hookspecs(Hooks)
    return host


def _is_disabled(row: PluginRow, disabled: Collection[str]) -> bool:
    return bool(disabled) and (row.key in disabled or shorten_plugin_name(row.distribution) in disabled)


def _refuse_name(host: pluggy.PluginManager, row: PluginRow) -> None:
    first = getattr(host.get_plugin(row.name), "__file__", None) or "a plugin that was found earlier"
    message = f"two plugins are named {row.name!r}: {first} and {row.where}"
    raise PluginError("E203", message, where=row.where, hint="uninstall one of them, or rename its entry point")


def _register(host: pluggy.PluginManager, row: PluginRow, load: Callable[[], Any]) -> Any:
    """Import a plugin and register its hooks; return it, or None if it failed."""
    plugin: Any = None
    begin = time.perf_counter()
    try:
        with mark_plugin_call(), guard_process():
            plugin = load()
        row.import_seconds = time.perf_counter() - begin
        row.where = row.where or getattr(plugin, "__file__", "") or ""
        check_contract(plugin)
        check_hook_names(plugin)
        if host.has_plugin(row.name):
            _refuse_name(host, row)
        host.register(plugin, name=row.name)
        host.check_pending()
        row.hooks = sorted(caller.name for caller in host.get_hookcallers(plugin) or ())
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # a plugin may raise anything while it is imported
        record_failure(row, error, plugin)
        if plugin is not None and host.is_registered(plugin):
            host.unregister(plugin)
        return None
    return plugin


def load_import_rules(
    disabled: Iterable[str] = (), plugins_dir: Path | None = None
) -> Iterator[tuple[str, Callable[[], Any]]]:
    """Yield each plugin that has rules for documents of other programs, with what calls its hook.

    Raises:
        PluginError: E204 if `plugins_dir` is not a folder.
    """
    host = _create_host()
    left_out = {shorten_plugin_name(name) for name in disabled}
    for row, load in [*find_installed(), *find_in_folder(plugins_dir)]:
        plugin = None if _is_disabled(row, left_out) else _register(host, row, load)
        if plugin is not None and "studio_import_rules" in row.hooks:
            yield row.name, partial(_call_import_rules, host, Provided(row, plugin))


def _call_import_rules(host: pluggy.PluginManager, one: Provided) -> Any:
    return one.call_hook(host, "studio_import_rules", mapping=True)


def load_file_functions(
    hook: str,
    disabled: Iterable[str] = (),
    plugins_dir: Path | None = None,
    settings: Mapping[str, Any] | None = None,
    data_dir: Path | None = None,
) -> Iterator[tuple[str, Callable[[], Any]]]:
    """Yield each plugin that implements a hook which returns functions of a file, with what calls the hook.

    Args:
        hook: `studio_evidence`, `studio_assertions` or `studio_marks`.
        disabled: Names of plugins that are not imported.
        plugins_dir: Folder with further plugins, or None.
        settings: Settings of plugins, by the plugin's name.
        data_dir: The folder of all plugins' data.

    Raises:
        PluginError: E204 if `plugins_dir` is not a folder.
    """
    host = _create_host()
    left_out = {shorten_plugin_name(name) for name in disabled}
    for row, load in [*find_installed(), *find_in_folder(plugins_dir)]:
        plugin = None if _is_disabled(row, left_out) else _register(host, row, load)
        if plugin is not None and hook in row.hooks:
            provided = Provided(row, plugin)
            provided.place_data(data_dir)
            yield row.name, partial(_call_file_hook, host, provided, settings or {}, hook)


def _call_file_hook(host: pluggy.PluginManager, one: Provided, settings: Mapping[str, Any], hook: str) -> Any:
    one.load_settings(host, settings)
    return one.call_hook(host, hook)
