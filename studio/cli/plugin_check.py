"""What `studio plugins check` finds: the checks of a plugin that is installed or in a plugins folder."""

from __future__ import annotations

import importlib.metadata
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from studio.registry import PluginRow
from studio.registry.sources import ENTRY_POINTS, find_distribution

if TYPE_CHECKING:
    from studio.testing.report import Report


def examine_row(row: PluginRow, wheel: Path | None = None) -> Report:
    """Return the checks of a plugin; one that failed to load, or is disabled, has one check that failed."""
    from studio.testing.plugin_inspection import PluginSamples, examine_plugin
    from studio.testing.report import Report

    plugin = _find_plugin(row) if row.status == "ok" else None
    if plugin is None:
        report = Report(f"plugin {row.name!r}")
        report.add("loading", [f"it {row.describe_status()}  [{row.where}]"])
        return report
    return examine_plugin(plugin, PluginSamples(wheel=wheel))


def _find_plugin(row: PluginRow) -> Any:
    """Return the module or the object that a plugin was loaded from."""
    if find_distribution(row) is None:
        return sys.modules.get(row.name)
    points = importlib.metadata.entry_points(group=ENTRY_POINTS, name=row.name)
    return next(one for one in points if one.dist is not None and one.dist.name == row.distribution).load()
