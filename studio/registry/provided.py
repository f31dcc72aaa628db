"""`Provided`: what the hooks of one plugin return, checked before any of it enters the registry."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pluggy

from studio.api import Input, ModelOpener, NodeType, Output, ValueType, get_node_type
from studio.api.type_spec import PLAIN_TYPES, REFERENCE_TYPES
from studio.errors import PluginError
from studio.registry.hook_names import locate_function
from studio.registry.registry import PluginRow, Registry
from studio.registry.sources import LOCAL_VERSION

_RESERVED_TYPES = PLAIN_TYPES | REFERENCE_TYPES | {"any"}


@dataclass(frozen=True)
class Provided:
    """What one plugin provides."""

    value_types: list[ValueType[Any]]
    node_types: list[NodeType]
    models: Mapping[str, Path]
    executors: Mapping[str, Callable[[Any], Any]]
    model_openers: list[ModelOpener]


def collect_provided(registry: Registry, row: PluginRow, plugin: Any) -> None:
    """Call the plugin's collecting hooks, check what they return, and add all of it to the registry or nothing.

    Raises:
        PluginError: E203 if another plugin provides something of the same name, E206 if a value is invalid.
    """
    provided = _call_hooks(registry.host, row, plugin)
    value_types = _check_value_types(registry, provided.value_types, row)
    _check_node_types(registry, provided.node_types, value_types, row)
    _check_names("model", provided.models, registry.models, row)
    _check_names("executor", provided.executors, registry.executors, row)
    _add(registry, provided, row)


def _call_hooks(host: pluggy.PluginManager, row: PluginRow, plugin: Any) -> Provided:
    value_types = list(_call_hook(host, plugin, "studio_value_types"))
    origin = row.name if _is_local(row) else row.distribution
    node_types = [
        replace(get_node_type(function), distribution=origin, distribution_version=row.version)
        for function in _call_hook(host, plugin, "studio_node_types")
    ]
    row.node_types = [node_type.id for node_type in node_types]
    models = dict(_call_hook(host, plugin, "studio_models", {}))
    executors = dict(_call_hook(host, plugin, "studio_executors", {}))
    openers = list(_call_hook(host, plugin, "studio_model_openers"))
    return Provided(value_types, node_types, models, executors, openers)


def _is_local(row: PluginRow) -> bool:
    return row.version.startswith(LOCAL_VERSION)


def _call_hook(host: pluggy.PluginManager, plugin: Any, hook: str, default: Any = ()) -> Any:
    if host.parse_hookimpl_opts(plugin, hook) is None:
        return default
    result = getattr(plugin, hook)()
    if result is None:
        raise PluginError(
            "E206",
            f"{hook} returned None",
            where=locate_function(getattr(plugin, hook)),
            hint=f"return {'a mapping' if default == {} else 'a list'}",
        )
    return result


def _add(registry: Registry, provided: Provided, row: PluginRow) -> None:
    for value_type in provided.value_types:
        registry.add_value_type(value_type)
    registry.node_types |= {node_type.id: node_type for node_type in provided.node_types}
    registry.models |= provided.models
    registry.executors |= provided.executors
    registry.model_openers[:0] = provided.model_openers  # the last plugin is asked first, as pluggy does
    registry.distributions[row.name] = row.version
    if row.distribution and not _is_local(row):
        registry.distributions[row.distribution] = row.version


def _check_names(kind: str, provided: Mapping[str, Any], known: Mapping[str, Any], row: PluginRow) -> None:
    for name in provided:
        if name in known:
            raise PluginError("E203", f"two plugins have a {kind} named {name!r}", where=row.where)


# -- value types -----------------------------------------------------------------------------------


def _check_value_types(registry: Registry, value_types: Iterable[Any], row: PluginRow) -> set[str]:
    """Check value types; return the names of all that are known then."""
    known = set(registry.value_types)
    for value_type in value_types:
        if not isinstance(value_type, ValueType):
            raise PluginError("E206", f"{value_type!r} is not a ValueType", where=row.where)
        _check_attributes(value_type, row)
        if value_type.name in known | _RESERVED_TYPES | {"list"}:
            raise PluginError("E203", f"two plugins have a value type named {value_type.name!r}")
        _check_class(value_type)
        known.add(value_type.name)
    return known


def _check_attributes(value_type: ValueType[Any], row: PluginRow) -> None:
    kind = type(value_type).__name__
    for attribute, expected in (("name", str), ("python", type)):
        if not isinstance(getattr(value_type, attribute, None), expected):
            raise PluginError(
                "E206",
                f"plugin {row.name!r}: value type {kind} has no {attribute!r}, or it is not a {expected.__name__}",
                where=row.where,
                hint=f"set `{attribute}: ClassVar[{expected.__name__}]` in {kind}",
            )
    for extension in value_type.extensions:
        if extension.startswith("."):
            raise PluginError(
                "E206",
                f"plugin {row.name!r}: value type {value_type.name!r} has the extension {extension!r} with a dot",
                where=row.where,
                hint=f"write {extension.lstrip('.')!r}",
            )


def _check_class(value_type: ValueType[Any]) -> None:
    mark = getattr(value_type.python, "studio_type", None)
    if mark != value_type.name:
        kind = value_type.python.__name__
        raise PluginError(
            "E206",
            f"value type {value_type.name!r}: its class {kind} has the studio_type {mark!r}",
            hint=f'write `studio_type: ClassVar[str] = "{value_type.name}"` in {kind}',
        )


# -- node types ------------------------------------------------------------------------------------


def _check_node_types(registry: Registry, types: Iterable[NodeType], value_types: set[str], row: PluginRow) -> None:
    seen: dict[str, NodeType] = {}
    for node_type in types:
        if node_type.id in seen:
            raise _report_duplicate(seen[node_type.id], node_type)
        if node_type.id in registry.node_types:
            raise _report_clash(registry.node_types[node_type.id], node_type, row)
        seen[node_type.id] = node_type
        _check_ends(node_type, value_types)


def _report_duplicate(first: NodeType, second: NodeType) -> PluginError:
    return PluginError(
        "E203",
        f"the plugin has two node types {second.id!r}: {first.where} and {second.where}",
        where=second.where,
        hint="rename one of them",
    )


def _report_clash(first: NodeType, second: NodeType, row: PluginRow) -> PluginError:
    origins = f"{first.distribution} ({first.where}) and {row.name} ({second.where})"
    return PluginError(
        "E203",
        f"two plugins have a node type {second.id!r}: {origins}",
        where=second.where,
        hint="rename one of them, or uninstall one of the plugins",
    )


def _check_ends(node_type: NodeType, value_types: set[str]) -> None:
    ends: list[Input | Output] = [*node_type.inputs.values(), *node_type.outputs.values()]
    for end in ends:
        if end.spec.name not in value_types | _RESERVED_TYPES:
            raise PluginError(
                "E206",
                f"node type {node_type.id!r}: no plugin provides the value type {end.spec.name!r} of {end.name!r}",
                where=node_type.where,
                hint="return it from studio_value_types",
            )
    for output in node_type.outputs.values():
        if output.spec.name in ("file", "path"):
            raise PluginError(
                "E206",
                f"node type {node_type.id!r}: output {output.name!r} cannot be a {output.spec.name}",
                where=node_type.where,
                hint="return the value itself, or its name as text",
            )
