"""There is one version."""

from __future__ import annotations

import tomllib
from pathlib import Path

import studio
from studio.version import VERSION

ROOT = Path(__file__).parents[2]


def test_the_package_and_its_distribution_have_one_version() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]

    assert project["version"] == VERSION
    assert studio.__version__ == VERSION
