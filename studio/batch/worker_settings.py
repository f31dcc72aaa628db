"""Settings as plain JSON, so that a worker in another process or on another machine has those of the batch."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, fields, is_dataclass, replace
from pathlib import Path
from typing import Any

from studio.api import PluginSettings, Secret
from studio.app import read_settings
from studio.errors import PluginError
from studio.registry import GivenSettings
from studio.settings import CredentialSettings, MediaLimits, Settings


def parse_settings(row: Mapping[str, Any], plugins: Mapping[str, Any] | None = None) -> Settings:
    """Return the settings that `describe_settings` described; those of this machine if the row is empty.

    Args:
        row: What was described.
        plugins: What `describe_plugin_settings` described; None for the settings of plugins on this machine.
    """
    if not row:
        return read_settings()
    values: Any = {n: Path(v) if n.endswith("_dir") and v is not None else v for n, v in row.items()}
    values["media"] = MediaLimits(**row["media"])
    values["credentials"] = _parse_credentials(row.get("credentials", {}))
    values["disabled_plugins"] = tuple(row.get("disabled_plugins", ()))
    values["plugins"] = read_settings().plugins if plugins is None else _parse_plugins(plugins)
    return Settings(**values)


def describe_settings(settings: Settings) -> dict[str, Any]:
    """Return settings as plain JSON, without those of plugins: secrets may be among them, and a ledger keeps this."""
    rows = asdict(replace(settings, plugins={}))
    del rows["plugins"]
    rows["credentials"] = _describe_paths(rows["credentials"])
    return _describe_paths(rows)


def _describe_paths(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: str(value) if isinstance(value, Path) else value for name, value in row.items()}


def _parse_credentials(row: Mapping[str, Any]) -> CredentialSettings:
    paths = ("certificate", "key", "folder")
    values: Any = {n: Path(v) if n in paths and v is not None else v for n, v in row.items()}
    return CredentialSettings(**values)


def describe_plugin_settings(settings: Settings) -> dict[str, Any]:
    """Return the settings of plugins as plain JSON, with their secrets: for a pipe to another process, and no file."""
    return {
        name: {"values": json.loads(json.dumps(_list_values(given), default=_describe_value)),
               "given": isinstance(given, PluginSettings)}
        for name, given in settings.plugins.items()
    }  # fmt: skip


def check_machine_has(settings: Settings) -> None:
    """Refuse settings of plugins that are given in Python: workers on other machines read those of their machine.

    Raises:
        PluginError: E210 for a plugin that has other settings than the configuration of this machine says.
    """
    machine = read_settings().plugins
    for name, given in settings.plugins.items():
        if given != machine.get(name):
            raise PluginError(
                "E210",
                f"the settings of plugin {name!r} are given in Python and do not reach the workers of a cluster",
                hint=f"write them below [plugins.{name}] in config.toml on each machine",
            )


def _parse_plugins(rows: Mapping[str, Any]) -> dict[str, Any]:
    return {name: (GivenSettings if row["given"] else dict)(row["values"]) for name, row in rows.items()}


def _list_values(given: Any) -> dict[str, Any]:
    if isinstance(given, Mapping):
        return dict(given)
    return {field.name: getattr(given, field.name) for field in fields(given)} if is_dataclass(given) else {}


def _describe_value(value: Any) -> str:
    return value.reveal() if isinstance(value, Secret) else str(value)
