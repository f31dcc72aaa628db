"""`collect_provided`: from what the hooks of all plugins return to the registry, in two phases."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from studio.api.hooks import PROJECT
from studio.errors import PluginError
from studio.registry.code_names import add_foreign_types, name_code
from studio.registry.failure import record_failure
from studio.registry.kept_sources import KeptSources
from studio.registry.node_type_checks import check_ends, check_old_ids, report_clash, report_duplicate
from studio.registry.provided import Provided
from studio.registry.registry import PluginRow, Registry
from studio.registry.value_type_checks import check_value_types

Step = Callable[[Provided], None]


def collect_provided(
    registry: Registry,
    loaded: Iterable[Provided],
    kept: KeptSources,
    tables: Mapping[str, Any] | None = None,
) -> None:
    """Call the collecting hooks of plugins, check what they return, and add all of a plugin to the registry or nothing.

    The value types of all plugins come first, so that a node type may use those of any other plugin. A plugin that
    fails takes along those that use its value types. Every failure becomes a row.

    Args:
        registry: The registry.
        loaded: Plugins that are imported and registered with its host.
        kept: What is known of source files.
        tables: What the configuration says of plugins, by their names.
    """
    claims: dict[str, Provided] = {}
    plugins = keep_working(registry, loaded, lambda one: one.load_settings(registry.host, tables or {}))
    plugins = keep_working(registry, plugins, lambda one: _collect_first(registry, one, claims))
    plugins = keep_working(registry, plugins, lambda one: one.call_other_hooks(registry.host))
    plugins = keep_working(registry, plugins, lambda one: name_code(one, kept))
    while True:
        accepted = _Accepted(registry, plugins, claims)
        working = keep_working(registry, plugins, accepted.add)
        if len(working) == len(plugins):
            break
        plugins = working
    add_foreign_types(registry, plugins)
    for one in plugins:
        _add(registry, one)


def keep_working(registry: Registry, plugins: Iterable[Provided], step: Step) -> list[Provided]:
    """Take a step with each plugin; return those that it works with. The others are failed rows."""
    working = []
    for one in plugins:
        try:
            step(one)
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # a plugin may raise anything
            record_failure(one.row, error, one.plugin)
            if registry.host.is_registered(one.plugin):
                registry.host.unregister(one.plugin)
        else:
            working.append(one)
    return working


def _collect_first(registry: Registry, one: Provided, claims: dict[str, Provided]) -> None:
    """Collect a plugin's value types; the first plugin keeps a name."""
    one.call_first_hooks(registry.host)
    check_value_types(one.value_types, one.row, registry.value_types, {n: c.row.name for n, c in claims.items()})
    claims |= {value_type.name: one for value_type in one.value_types}


class _Accepted:
    """What is taken from plugins, one by one: each name has one owner, and node types know all value types.

    Args:
        registry: What is there already.
        plugins: The plugins that have not failed.
        claims: The plugin that provides a value type, or failed to, by the value type's name.
    """

    def __init__(self, registry: Registry, plugins: Sequence[Provided], claims: Mapping[str, Provided]) -> None:
        self._types = set(registry.value_types) | {kind.name for one in plugins for kind in one.value_types}
        self._claims = claims
        self._node_types: dict[str, Any] = dict(registry.node_types)
        self._owners: dict[tuple[str, str], str] = {
            (kind, name): "Studio" for kind, names in _list_named(registry) for name in names
        }

    def add(self, one: Provided) -> None:
        """Accept what a plugin provides, or raise PluginError: E203 for a taken name, E206 for an invalid value."""
        self._check_node_types(one)
        for kind, names in _list_named(one):
            for name in names:
                if (kind, name) in self._owners:
                    raise _report_taken(kind, name, self._owners[kind, name], one.row)
        self._node_types |= {node_type.id: node_type for node_type in one.node_types}
        self._owners |= {(kind, name): one.row.name for kind, names in _list_named(one) for name in names}

    def _check_node_types(self, one: Provided) -> None:
        failed = {n: c.row.name for n, c in self._claims.items() if n not in self._types}
        seen: dict[str, Any] = {}
        for node_type in one.node_types:
            if node_type.id in seen:
                raise report_duplicate(seen[node_type.id], node_type)
            if node_type.id in self._node_types:
                raise report_clash(self._node_types[node_type.id], node_type, one.row)
            seen[node_type.id] = node_type
            check_old_ids(node_type, {**self._node_types, **seen}.values())
            check_ends(node_type, self._types, failed)


def _list_named(one: Provided | Registry) -> list[tuple[str, Iterable[str]]]:
    """Return what has names that only one plugin may use: the kind in words, and the names."""
    return [
        ("model", one.models),
        ("catalog entry", one.catalog),
        ("weight converter", one.converters),
        ("executor", one.executors),
    ]


def _report_taken(kind: str, name: str, owner: str, row: PluginRow) -> PluginError:
    return PluginError(
        "E203",
        f"two plugins have a {kind} named {name!r}: {owner} and {row.name}",
        where=row.where,
        hint="rename one of them, or uninstall one of the plugins",
    )


def _add(registry: Registry, one: Provided) -> None:
    row = one.row
    for value_type in one.value_types:
        registry.add_value_type(value_type, one.provider)
    registry.node_types |= {node_type.id: node_type for node_type in one.node_types}
    registry.models |= one.models
    registry.catalog |= one.catalog
    registry.converters |= one.converters
    registry.executors |= one.executors
    registry.model_openers.add_first(one.find_openers())  # the last plugin is asked first, as pluggy does
    if row.origin is not None and row.distribution != PROJECT:
        registry.opener_code |= dict.fromkeys(one.model_openers, str(one.provider))
    registry.distributions[row.name] = row.version
    if row.distribution and not one.is_local:
        registry.distributions[row.distribution] = row.version
