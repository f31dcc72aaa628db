"""Videos: read, cut, join, transformed, interpolated, and made from words and stills."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from studio.api import hookimpl


@hookimpl
def studio_node_types() -> Iterable[Callable[..., Any]]:
    """Return the node types `video.*`."""
    from studio_video import nodes

    return nodes.NODE_TYPES
