"""Checks the value types that a plugin provides."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from studio.api import ValueType
from studio.api.type_spec import PLAIN_TYPES, REFERENCE_TYPES
from studio.errors import PluginError
from studio.registry.registry import PluginRow

RESERVED_TYPES = PLAIN_TYPES | REFERENCE_TYPES | {"any"}
"""Types of values that no plugin provides."""


def check_value_types(
    value_types: Iterable[Any], row: PluginRow, known: Collection[str], owners: Mapping[str, str]
) -> None:
    """Check value types.

    Args:
        value_types: What a plugin provides.
        row: The plugin.
        known: Names of Studio's own value types.
        owners: The plugin that has a value type, by the value type's name.

    Raises:
        PluginError: E203 if a name is taken, E206 if a value type is invalid.
    """
    seen: set[str] = set()
    for value_type in value_types:
        if not isinstance(value_type, ValueType):
            raise PluginError("E206", f"{value_type!r} is not a ValueType", where=row.where)
        _check_attributes(value_type, row)
        name = value_type.name
        if name in owners or name in seen or name in known or name in RESERVED_TYPES | {"list"}:
            owner = owners.get(name) or (row.name if name in seen else "Studio")
            raise PluginError(
                "E203",
                f"two plugins have a value type named {name!r}: {owner} and {row.name}",
                where=row.where,
                hint="rename one of them, or uninstall one of the plugins",
            )
        _check_class(value_type)
        seen.add(name)


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
