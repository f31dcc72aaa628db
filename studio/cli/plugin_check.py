"""What `studio plugins check` finds: the checks of a plugin that is installed or in a plugins folder."""

from __future__ import annotations

import importlib.metadata
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from studio.registry import PluginRow
from studio.registry.sources import ENTRY_POINTS, find_distribution

if TYPE_CHECKING:
    from studio.testing.report import Report


def examine_row(row: PluginRow, wheel: Path | None = None) -> Report:
    """Return the checks of a plugin; one that failed to load, or is disabled, has one check that failed."""
    from studio.testing.plugin_inspection import examine_plugin
    from studio.testing.report import Report

    module = sys.modules.get(_find_module_name(row))
    if row.status != "ok" or module is None:
        report = Report(f"plugin {row.name!r}")
        report.add("loading", [f"it {row.describe_status()}  [{row.where}]"])
        return report
    return examine_plugin(module, wheel=wheel)


def _find_module_name(row: PluginRow) -> str:
    distribution = find_distribution(row)
    if distribution is None:
        return row.name
    points = importlib.metadata.entry_points(group=ENTRY_POINTS, name=row.name)
    return next(point.module for point in points if point.dist is not None and point.dist.name == row.distribution)
