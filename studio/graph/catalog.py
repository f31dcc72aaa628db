"""`Catalog`: what is installed, as far as a graph needs to know."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from studio.api import NodeType


class Catalog(Protocol):
    """What is installed, as far as a graph needs to know."""

    @property
    def node_types(self) -> Mapping[str, NodeType]:
        """Node types by id."""
        ...

    @property
    def classes(self) -> Mapping[str, type]:
        """Classes of value types by name."""
        ...

    @property
    def distributions(self) -> Mapping[str, str]:
        """Versions of the distributions that plugins came from, by name."""
        ...

    def find_failure(self, node_type: str) -> str | None:
        """Return what happened to the plugin that would have this node type, "failed to load: ...", or None."""
        ...

    def find_plugin_failure(self, name: str) -> str | None:
        """Return what happened to the plugin with a name, or of a distribution, "is disabled: ...", or None."""
        ...

    def list_unavailable(self) -> list[str]:
        """Return the plugins that are disabled or failed to load: "tint (disabled)"."""
        ...
