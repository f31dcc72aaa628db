"""The kit that plugin authors test with: checks of what a plugin provides, `TestContext`, and `build_wheel`.

The fixtures of pytest are in `studio.testing.pytest_plugin`. Names are imported on first use, so that pytest, which
loads that module in every project, loads nothing else.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from studio.testing.context import TestContext
    from studio.testing.inspection import check_node_type
    from studio.testing.opener_inspection import check_model_opener
    from studio.testing.plugin_inspection import check_plugin
    from studio.testing.report import Check, Report
    from studio.testing.value_type_inspection import check_value_type
    from studio.testing.wheel import build_wheel

__all__ = [
    "Check",
    "Report",
    "TestContext",
    "build_wheel",
    "check_model_opener",
    "check_node_type",
    "check_plugin",
    "check_value_type",
]

_HOME = {
    "Check": "report",
    "Report": "report",
    "TestContext": "context",
    "build_wheel": "wheel",
    "check_model_opener": "opener_inspection",
    "check_node_type": "inspection",
    "check_plugin": "plugin_inspection",
    "check_value_type": "value_type_inspection",
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'studio.testing' has no attribute {name!r}")
    return getattr(import_module(f"studio.testing.{_HOME[name]}"), name)
