"""Fixtures of the executor's tests: a probe, and a Studio with the fakes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from fakes import Probe, open_studio

from studio.app import Studio


@pytest.fixture
def probe() -> Probe:
    """What the fakes report to."""
    return Probe()


@pytest.fixture(params=["disk", "memory"])
def studio(request: pytest.FixtureRequest, tmp_path: Path, probe: Probe) -> Iterator[Studio]:
    """A Studio with the fakes: once with a tier on disk, once without."""
    with open_studio(tmp_path / "cache", probe, on_disk=request.param == "disk") as made:
        yield made


@pytest.fixture
def disk_studio(tmp_path: Path, probe: Probe) -> Iterator[Studio]:
    """A Studio with the fakes and a tier on disk."""
    with open_studio(tmp_path / "cache", probe) as made:
        yield made
