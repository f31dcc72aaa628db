"""Settings as plain JSON, so that a worker on another machine has those of the batch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from studio.app import read_settings
from studio.settings import MediaLimits, Settings


def parse_settings(row: Mapping[str, Any]) -> Settings:
    """Return the settings that `describe_settings` described; those of this machine if the row is empty."""
    if not row:
        return read_settings()
    values: Any = {n: Path(v) if n.endswith("_dir") and v is not None else v for n, v in row.items()}
    values["media"] = MediaLimits(**row["media"])
    return Settings(**values)


def describe_settings(settings: Settings) -> dict[str, Any]:
    """Return settings as plain JSON."""
    return {name: str(value) if isinstance(value, Path) else value for name, value in asdict(settings).items()}
