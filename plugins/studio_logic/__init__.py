"""Logic node types: switches, lists, text, numbers and JSON."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from studio.api import hookimpl


@hookimpl
def studio_node_types() -> Iterable[Callable[..., Any]]:
    """Return the node types `logic.*`."""
    from studio_logic import nodes

    return nodes.NODE_TYPES
