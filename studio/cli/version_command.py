"""`studio version`: the versions of Studio and of what it works with."""

from __future__ import annotations

import importlib.metadata
import platform
from typing import Any

import click

from studio.api import API_VERSION
from studio.app import read_settings
from studio.cli.answer import answer, find_answer
from studio.cli.options import json_option
from studio.registry import list_plugins
from studio.version import VERSION


@click.command("version")
@json_option
def command(as_json: bool) -> None:
    """Show the versions of Studio, Python, the plugin API, the plugins and torch. Nothing of them is imported."""
    if as_json:
        answer_versions()
        return
    found = find_versions()
    click.echo(f"studio {found['studio']}")
    click.echo(f"python {found['python']} ({found['platform']})")
    click.echo(f"plugin API {found['api']}")
    click.echo(f"torch {found['torch'] or 'is not installed'}")
    for row in found["plugins"]:
        click.echo(f"{row['name']} {row['version']} ({row['distribution']})".replace("  ", " "))


def answer_versions() -> None:
    """Answer all versions, also for `studio --version --json`."""
    find_answer().command = "version"
    answer(find_versions())


def find_versions() -> dict[str, Any]:
    """Return the versions of Studio and of what it works with, as plain JSON."""
    plugins = list_plugins(read_settings().plugins_dir)
    return {
        "studio": VERSION,
        "python": platform.python_version(),
        "platform": platform.platform(terse=True),
        "api": API_VERSION,
        "torch": _find_version("torch"),
        "plugins": [{"name": row.name, "distribution": row.distribution, "version": row.version} for row in plugins],
    }


def _find_version(distribution: str) -> str | None:
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return None
