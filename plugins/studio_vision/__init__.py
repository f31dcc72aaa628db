"""Images understood: objects cut out and found, depth, and drawings of their lines."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from studio.api import ModelOpener, hookimpl


@hookimpl
def studio_node_types() -> Iterable[Callable[..., Any]]:
    """Return the node types `vision.*`."""
    from studio_vision import nodes

    return nodes.NODE_TYPES


@hookimpl
def studio_model_openers() -> Iterable[ModelOpener]:
    """Return the opener of networks that look at images."""
    from studio_vision.opener import VisionOpener

    return [VisionOpener()]
