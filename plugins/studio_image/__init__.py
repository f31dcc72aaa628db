"""Image node types: files, geometry, tone, filters, masks, layers, text and contact sheets."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from studio.api import hookimpl


@hookimpl
def studio_node_types() -> Iterable[Callable[..., Any]]:
    """Return the node types `image.*`."""
    from studio_image import nodes

    return nodes.NODE_TYPES
