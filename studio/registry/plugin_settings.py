"""Settings of plugins: read from the configuration and the environment, checked against what the plugin declares."""

from __future__ import annotations

import dataclasses
import json
import typing
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from studio.api import PluginSettings, Secret, TypeSpec
from studio.api.annotation import AnnotationProblem, parse_annotation
from studio.api.type_spec import ValueProblem, check_value
from studio.errors import PluginError, describe_exception
from studio.settings import find_config, list_plugin_variables, name_plugin_variable, read_plugin_variable
from studio.suggestion import suggest

_TYPES = frozenset({"text", "int", "float", "number", "bool", "choice", "json", "secret"})
_CLASSES = {"secret": Secret}


@dataclass(frozen=True)
class DeclaredSetting:
    """One setting that a plugin declares.

    Attributes:
        name: Its name.
        spec: Its type; "secret" for a secret.
        required: Whether it has no default.
        keyed: Whether it is part of fingerprints.
    """

    name: str
    spec: TypeSpec
    required: bool
    keyed: bool


class GivenSettings(dict[str, Any]):
    """The values of a settings object that another process was given; the environment changes none of them."""


def list_settings(declared: Any) -> list[DeclaredSetting]:
    """Return the settings of a class that `studio_settings` returned.

    Raises:
        PluginError: E206 if it is not a frozen dataclass of settings.
    """
    name = getattr(declared, "__name__", repr(declared))
    if not (isinstance(declared, type) and issubclass(declared, PluginSettings) and dataclasses.is_dataclass(declared)):
        raise _refuse(f"{name} is not a dataclass of settings", "write @dataclass(frozen=True) class X(PluginSettings)")
    if not declared.__dataclass_params__.frozen:
        raise _refuse(f"the settings {name} can be changed", "write @dataclass(frozen=True)")
    try:
        hints = typing.get_type_hints(declared, include_extras=True)
    except Exception as error:  # an annotation is any expression of the author's
        raise _refuse(f"the annotations of {name} cannot be read: {describe_exception(error)}", "import them") from None
    return [_read_field(field, hints[field.name], name) for field in dataclasses.fields(declared) if field.init]


def load_plugin_settings(declared: Any, plugin: str, table: Mapping[str, Any] | PluginSettings) -> Any:
    """Return the settings of a plugin, each from the environment, from `[plugins.NAME]`, or its default.

    Args:
        declared: The class that the plugin returned from `studio_settings`.
        plugin: The plugin's short name.
        table: What the configuration says, or the settings themselves, of which the environment changes nothing.

    Raises:
        PluginError: E206 for an invalid declaration, E210 for a setting that is unknown, invalid or missing.
    """
    settings = list_settings(declared)
    if isinstance(table, PluginSettings):
        _check_given(declared, plugin, settings, table)
        return table
    known = [setting.name for setting in settings]
    for name in table:
        if name not in known:
            hint = suggest(name, known, f"its settings are: {', '.join(known) or 'none'}")
            raise _report(f"unknown setting plugins.{plugin}.{name}", hint)
    if not isinstance(table, GivenSettings):
        _check_variables(plugin, known)
    values = _read_values(settings, plugin, table)
    try:
        return declared(**values)
    except (Exception, SystemExit) as error:  # an author's own check
        raise _report(f"invalid settings of plugin {plugin!r}: {describe_exception(error)}", "correct them") from None


def _read_values(settings: Iterable[DeclaredSetting], plugin: str, table: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values that a user gives settings; those with defaults may be missing."""
    values = {}
    for setting in settings:
        given = _read_value(setting, plugin, table)
        if given is not None or (isinstance(table, GivenSettings) and setting.name in table):
            values[setting.name] = given
        elif setting.required:
            variable = name_plugin_variable(plugin, setting.name)
            hint = f"write it below [plugins.{plugin}] in config.toml, or set {variable}"
            raise _report(f"missing setting plugins.{plugin}.{setting.name}", hint)
    return values


def _check_given(declared: Any, plugin: str, settings: Iterable[DeclaredSetting], given: PluginSettings) -> None:
    """Check settings that a caller gives as an object.

    Raises:
        PluginError: E210 for an object of another class, or an invalid value in it.
    """
    if not isinstance(given, declared):
        message = f"the settings of plugin {plugin!r} are {declared.__name__}, not {type(given).__name__}"
        raise _report(message, f"give {declared.__name__}(...)")
    for setting in settings:
        value = getattr(given, setting.name)
        if value is not None or setting.required:
            _check_value(setting, plugin, value, "")


def _check_variables(plugin: str, known: list[str]) -> None:
    """Refuse a variable that is nearly one of the plugin's; others may be those of a plugin whose name begins alike."""
    for name in list_plugin_variables(plugin):
        hint = suggest(name, known)
        if hint and name not in known:
            variable = name_plugin_variable(plugin, name)
            raise _report(f"unknown setting plugins.{plugin}.{name}", hint, variable)


def find_keyed_parts(settings: Any) -> dict[str, str]:
    """Return what of settings is part of fingerprints: all that are neither secrets nor `Unkeyed`."""
    return {
        f"setting {setting.name}": json.dumps(getattr(settings, setting.name), sort_keys=True)
        for setting in list_settings(type(settings))
        if setting.keyed
    }


def describe_settings(settings: Any, plugin: str) -> list[dict[str, Any]]:
    """Return settings as plain JSON, without secrets."""
    rows = []
    for setting in list_settings(type(settings)):
        value = getattr(settings, setting.name)
        shown = (None if value is None else str(value)) if setting.spec.name == "secret" else value
        row = {"name": setting.name, "type": str(setting.spec), "value": shown, "keyed": setting.keyed}
        rows.append({**row, "variable": name_plugin_variable(plugin, setting.name)})
    return rows


def _read_field(field: dataclasses.Field[Any], annotation: Any, owner: str) -> DeclaredSetting:
    try:
        spec, marks = parse_annotation(annotation)
    except AnnotationProblem as problem:
        raise _refuse(f"setting {field.name!r} of {owner}: {problem}", "see docs/write_a_plugin.md") from None
    if spec.name not in _TYPES or (spec.name == "secret" and spec.depth):
        raise _refuse(f"setting {field.name!r} of {owner}: {spec} is not the type of a setting", "take text or numbers")
    required = field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
    return DeclaredSetting(field.name, spec, required, spec.name != "secret" and "unkeyed" not in marks)


def _read_value(setting: DeclaredSetting, plugin: str, table: Mapping[str, Any]) -> Any:
    """Return the value that a user gives a setting, checked; None if there is none."""
    from studio.graph.text_values import (  # only then: the command line lists commands without graphs
        DuplicateKeyProblem,
        read_text,
    )

    secret = setting.spec.name == "secret"
    text = None if isinstance(table, GivenSettings) else read_plugin_variable(plugin, setting.name)
    if text is None and setting.name not in table:
        return None
    where = "" if text is None else name_plugin_variable(plugin, setting.name)
    try:
        value = table.get(setting.name) if text is None else text if secret else read_text(text, setting.spec)
    except DuplicateKeyProblem as problem:
        raise _report(f"invalid setting plugins.{plugin}.{setting.name}: {problem}", "correct it", where) from None
    if secret and isinstance(value, str) and value:
        value = Secret(value)
    if value is None and isinstance(table, GivenSettings) and not setting.required:
        return None
    return _check_value(setting, plugin, value, where)


def _check_value(setting: DeclaredSetting, plugin: str, value: Any, where: str) -> Any:
    try:
        return check_value(setting.spec, value, _CLASSES)
    except ValueProblem as problem:
        said = "expected text" if setting.spec.name == "secret" else str(problem)
        message = f"invalid setting plugins.{plugin}.{setting.name}: {said}"
        raise _report(message, "correct it", where) from None


def _refuse(message: str, hint: str) -> PluginError:
    return PluginError("E206", message, hint=hint)


def _report(message: str, hint: str, where: str = "") -> PluginError:
    return PluginError("E210", message, where=where or str(find_config() or "config.toml"), hint=hint)
