"""All that is known of one plugin, for `studio plugins NAME`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any

import click

from studio.registry import PluginRow, Registry
from studio.registry.requirements import list_requirements
from studio.registry.sources import find_distribution

_LISTS = {
    "hooks": "hooks",
    "node_types": "node types",
    "value_types": "value types",
    "models": "models",
    "catalog": "entries of the catalog",
    "executors": "executors",
}


def find_details(registry: Registry, row: PluginRow) -> dict[str, Any]:
    """Return what is known of a plugin, as plain JSON."""
    distribution = find_distribution(row)
    requirements = [] if distribution is None else list_requirements(distribution)
    return {**row.to_json(), "requirements": [asdict(one) for one in requirements]}


def describe_plugin(details: Mapping[str, Any]) -> str:
    """Return what is known of a plugin, as text."""
    return "\n".join(_list_lines(details))


def _list_lines(details: Mapping[str, Any]) -> Iterator[str]:
    yield f"{click.style(details['name'], bold=True)}  {details['distribution']} {details['version']}".rstrip()
    yield f"status: {details['status']}" + (f": {details['problem']}" if details["problem"] else "")
    if details["where"]:
        yield f"place: {details['where']}"
    if details["status"] != "disabled":
        yield f"import: {details['import_seconds'] * 1000:,.0f} ms"
    for key, title in _LISTS.items():
        if details[key]:
            yield f"{title}: {', '.join(details[key])}"
    for one in details["settings"]:
        note = "" if one["keyed"] else ", not part of fingerprints"
        yield f"setting {one['name']}: {one['value']} ({one['type']}{note}; {one['variable']})"
    for one in details["requirements"]:
        version = f" {one['installed']}" if one["installed"] else ""
        yield f"requires {one['requirement']}: {one['state']}{version}"
