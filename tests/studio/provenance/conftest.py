"""A Studio with first-party plugins and a memory of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from studio.app import Studio, read_settings


@pytest.fixture
def studio(tmp_path: Path) -> Iterator[Studio]:
    settings = read_settings(device="cpu", cache_dir=tmp_path / "cache", models_dir=tmp_path / "models")
    with Studio(settings, on_disk=False) as made:
        yield made
