"""`studio config`: the settings that hold, and where each comes from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import click

from studio.app import read_settings
from studio.cli.answer import answer
from studio.cli.options import json_option
from studio.errors import UsageError
from studio.redaction import hide_credentials
from studio.runtime.memory import show_bytes
from studio.settings import CredentialSettings, MediaLimits, Settings, find_config, find_origins, list_unknown_variables

_HIDDEN = "(set)"


@click.group("config")
def command() -> None:
    """Show the settings.

    A setting comes from an option of the command, else from a variable STUDIO_NAME, else from `config.toml`.
    """


@command.command("show")
@json_option
def show(as_json: bool) -> None:
    """Show the value of every setting, and where it comes from: a variable, a file or the default."""
    settings = read_settings()
    rows = list(list_settings(settings))
    if as_json:
        path = find_config()
        answer(
            {
                "config": {"path": None if path is None else str(path), "exists": path is not None and path.is_file()},
                "settings": {name: {"value": value, "origin": origin} for name, value, origin in rows},
                "unknown_variables": list_unknown_variables(),
            }
        )
        return
    click.echo(_describe_path())
    width = max(len(name) for name, _, _ in rows)
    texts = [_describe_value(name, value) for name, value, _ in rows]
    value_width = min(44, max(map(len, texts)))
    for (name, _, origin), text in zip(rows, texts, strict=True):
        click.echo(f"{name:{width}}  {text:{value_width}}  {origin}")


@command.command("path")
@json_option
def show_path(as_json: bool) -> None:
    """Print the path of the configuration file."""
    path = find_config()
    if path is None:
        raise UsageError("E001", "this user has no home folder", where="HOME", hint="set HOME, or STUDIO_CONFIG")
    if as_json:
        answer({"path": str(path), "exists": path.is_file()})
    else:
        click.echo(str(path))


def list_settings(settings: Settings) -> Iterator[tuple[str, Any, str]]:
    """Yield name, value as plain JSON, and origin of each setting; values of plugins' settings are not shown."""
    origins = find_origins()
    for field in fields(Settings):
        if field.name in ("media", "credentials", "plugins"):
            continue
        value = _to_plain(getattr(settings, field.name))
        value = hide_credentials(value) if value and field.name == "cache_url" else value
        yield field.name, value, origins.get(field.name, "default")
    for limit in fields(MediaLimits):
        value = getattr(settings.media, limit.name)
        changed = value != limit.default
        yield f"media.{limit.name}", value, origins.get("media", "default") if changed else "default"
    for part in fields(CredentialSettings):
        value, default = (getattr(one, part.name) for one in (settings.credentials, CredentialSettings()))
        origin = origins.get("credentials", "default") if value != default else "default"
        shown = hide_credentials(value) if part.name == "timestamp_authority" and value else _to_plain(value)
        yield f"credentials.{part.name}", shown, origin
    for plugin, table in settings.plugins.items():
        for name in table:
            yield f"plugins.{plugin}.{name}", _HIDDEN, origins.get("plugins", "default")


def _to_plain(value: Any) -> Any:
    if isinstance(value, Path):
        return str(value)
    return list(value) if isinstance(value, tuple) else value


def _describe_path() -> str:
    path = find_config()
    if path is None:
        return "no configuration: this user has no home folder"
    return f"{path}" if path.is_file() else f"{path} (not there)"


def _describe_value(name: str, value: Any) -> str:
    if value is None or value == []:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return show_bytes(value) if name.endswith("_bytes") else str(value)
