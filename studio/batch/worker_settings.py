"""Settings as plain JSON, so that a worker on another machine has those of the batch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from studio.app import read_settings
from studio.settings import MediaLimits, Settings


def parse_settings(row: Mapping[str, Any]) -> Settings:
    """Return the settings that `describe_settings` described; those of this machine if the row is empty.

    The settings of plugins are always those of this machine: secrets may be among them, and a ledger keeps the row.
    """
    if not row:
        return read_settings()
    values: Any = {n: Path(v) if n.endswith("_dir") and v is not None else v for n, v in row.items()}
    values["media"] = MediaLimits(**row["media"])
    values["disabled_plugins"] = tuple(row.get("disabled_plugins", ()))
    values["plugins"] = read_settings().plugins
    return Settings(**values)


def describe_settings(settings: Settings) -> dict[str, Any]:
    """Return settings as plain JSON."""
    rows = asdict(replace(settings, plugins={}))
    del rows["plugins"]
    return {name: str(value) if isinstance(value, Path) else value for name, value in rows.items()}
