"""`Registry`: what is installed. A plugin that fails is a row, not a traceback."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pluggy

from studio.api import ModelOpener, NodeType, ValueType


@dataclass
class PluginRow:
    """One plugin as `studio plugins` shows it.

    Attributes:
        name: Name of its entry point, or of its module in the plugins folder.
        distribution: The distribution it came from, or its path.
        version: The distribution's version.
        status: "ok" or "failed".
        problem: Why it failed, in a line.
        where: File and line of the failure, or the module's file.
        node_types: Ids of its node types.
    """

    name: str
    distribution: str = ""
    version: str = ""
    status: str = "ok"
    problem: str = ""
    where: str = ""
    node_types: list[str] = field(default_factory=list)


@dataclass
class Registry:
    """What is installed. `load_registry` fills it."""

    host: pluggy.PluginManager
    plugins: list[PluginRow] = field(default_factory=list)
    node_types: dict[str, NodeType] = field(default_factory=dict)
    value_types: dict[str, ValueType[Any]] = field(default_factory=dict)
    classes: dict[str, type] = field(default_factory=dict)
    models: dict[str, Path] = field(default_factory=dict)
    model_openers: list[ModelOpener] = field(default_factory=list)
    executors: dict[str, Callable[[Any], Any]] = field(default_factory=dict)
    distributions: dict[str, str] = field(default_factory=dict)

    def add_value_type(self, value_type: ValueType[Any]) -> None:
        """Add a value type and its class."""
        self.value_types[value_type.name] = value_type
        self.classes[value_type.name] = value_type.python

    def find_failure(self, node_type: str) -> str | None:
        """Return why the plugin that provides this node type failed to load, or None."""
        stem = node_type.partition(".")[0]
        for row in self.plugins:
            name = row.name.replace("-", "_")
            if row.status == "failed" and (node_type in row.node_types or name in (stem, f"studio_{stem}")):
                return row.problem
        return None
