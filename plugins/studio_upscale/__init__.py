"""Super-resolution, and pictures freed of noise and of JPEG's artefacts."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from studio.api import hookimpl


@hookimpl
def studio_node_types() -> Iterable[Callable[..., Any]]:
    """Return the node types `upscale.*`."""
    from studio_upscale import nodes

    return nodes.NODE_TYPES
