"""Style node types: images and videos repainted, recolored, colored and given looks."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from studio.api import ModelOpener, hookimpl


@hookimpl
def studio_node_types() -> Iterable[Callable[..., Any]]:
    """Return the node types `style.*`."""
    from studio_style import nodes

    return nodes.NODE_TYPES


@hookimpl
def studio_model_openers() -> Iterable[ModelOpener]:
    """Return the opener of networks for style transfer."""
    from studio_style.opener import StyleOpener

    return [StyleOpener()]
